"""Faults put one at a time into an otherwise good set, each caught by its own expectation with the right name."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from data_world import SIDE, World
from PIL import Image, ImageOps

import tsernet
from pipelines.validation.expectations import FILE_FAULTS, list_expectations
from tsernet.config import Dataset, Synthetic
from tsernet.data.sources import acquire
from tsernet.data.sources.synthetic.sample import synthetic_sample
from tsernet.errors import UserError
from tsernet.images.levels import Levels

Spoil = Callable[[World], None]


def truncated_image(world: World) -> None:
    content = world.image("In_2").read_bytes()
    world.image("In_2").write_bytes(content[: len(content) // 2])


def truncated_jpeg(world: World) -> None:
    buffer = io.BytesIO()
    Image.fromarray(world.pixels("In_2")).save(buffer, "JPEG")
    world.image("In_2").unlink()
    (world.raw / "images/In_2.jpg").write_bytes(buffer.getvalue()[: buffer.tell() // 2])


def truncated_mask(world: World) -> None:
    content = world.mask("In_2").read_bytes()
    world.mask("In_2").write_bytes(content[:-40])


def zero_bytes(world: World) -> None:
    world.image("Pa_1").write_bytes(b"")


def text_named_png(world: World) -> None:
    world.image("Pa_1").write_text("not an image")


def mask_missing(world: World) -> None:
    world.mask("Sc_3").unlink()


def image_missing(world: World) -> None:
    world.image("Sc_3").unlink()


def image_twice(world: World) -> None:
    Image.fromarray(world.pixels("Sc_3")).save(world.raw / "images/Sc_3.bmp")


def mask_of_another_size(world: World) -> None:
    Image.fromarray(world.mask_pixels("In_1")).resize((SIDE, SIDE // 2), Image.Resampling.NEAREST).save(world.mask("In_1"))


def mask_with_grey(world: World) -> None:
    mask = world.mask_pixels("In_1")
    mask[5, 5:9] = [1, 100, 128, 254]
    Image.fromarray(mask).save(world.mask("In_1"))


def mask_zero_one(world: World) -> None:
    Image.fromarray(world.mask_pixels("Pa_2") // 255).save(world.mask("Pa_2"))


def mask_inverted(world: World) -> None:
    Image.fromarray(255 - world.mask_pixels("Pa_2")).save(world.mask("Pa_2"))


def mask_empty(world: World) -> None:
    Image.new("L", (SIDE, SIDE), 0).save(world.mask("Pa_2"))


def mask_full(world: World) -> None:
    Image.new("L", (SIDE, SIDE), 255).save(world.mask("Pa_2"))


def mask_of_colours(world: World) -> None:
    mask = world.mask_pixels("Sc_1")
    Image.fromarray(np.stack([mask, 255 - mask, mask], axis=-1)).save(world.mask("Sc_1"))


def mask_with_alpha(world: World) -> None:
    mask = Image.fromarray(world.mask_pixels("Sc_1")).convert("LA")
    mask.putalpha(100)
    mask.save(world.mask("Sc_1"))


def image_of_16_bits(world: World) -> None:
    Image.fromarray(world.pixels("Sc_1").astype(np.uint16) * 257).save(world.image("Sc_1"))


def image_with_alpha(world: World) -> None:
    image = Image.fromarray(world.pixels("Sc_1")).convert("RGBA")
    image.putpixel((3, 4), (0, 0, 0, 0))
    image.save(world.image("Sc_1"))


def image_of_pages(world: World) -> None:
    world.image("Sc_1").unlink()
    page = Image.new("L", (SIDE, SIDE), 90)
    page.save(world.raw / "images/Sc_1.tif", save_all=True, append_images=[page])


def image_in_lab(world: World) -> None:
    world.image("Sc_1").unlink()
    Image.new("LAB", (SIDE, SIDE), (90, 128, 128)).save(world.raw / "images/Sc_1.tif")


def image_of_another_depth(world: World) -> None:
    deep = world.pixels("Sc_1").astype(np.uint16) * 257
    Image.fromarray(deep).save(world.image("Sc_1"))
    world.levels = Levels(0, 65535)


def image_outside_the_levels(world: World) -> None:
    for path in sorted((world.raw / "images").iterdir()):
        Image.fromarray(np.asarray(Image.open(path)).astype(np.uint16) * 16).save(path)
    pixels = np.array(Image.open(world.image("Sc_1")))
    pixels[:4] = 4095
    Image.fromarray(pixels).save(world.image("Sc_1"))
    world.levels = Levels(0, 4080)


def most_masks_inverted(world: World) -> None:
    for path in sorted((world.raw / "masks").iterdir()):
        Image.fromarray(255 - np.asarray(Image.open(path))).save(path)
    world.params = world.params.model_copy(update={"validate_": world.params.validate_.model_copy(update={"inverted_above": 1.0})})


def defects_too_small_for_the_training(world: World) -> None:
    for path in sorted((world.raw / "masks").iterdir()):
        mask = np.array(Image.open(path))
        mask[2, 2::4] = 255  # dots between the rows that are taken at half the size
        Image.fromarray(mask).save(path)
    world.scale = 32


def tiny_image(world: World) -> None:
    Image.fromarray(world.pixels("Sc_1")[:8, :8]).save(world.image("Sc_1"))
    Image.fromarray(world.mask_pixels("Sc_1")[:8, :8]).save(world.mask("Sc_1"))


def constant_image(world: World) -> None:
    Image.new("L", (SIDE, SIDE), 128).save(world.image("In_4"))


def same_image_in_train_and_test(world: World) -> None:
    for path in (world.image, world.mask):
        path("In_4").write_bytes(path("In_1").read_bytes())


def same_image_twice_in_train(world: World) -> None:
    for path in (world.image, world.mask):
        path("In_2").write_bytes(path("In_1").read_bytes())


def same_image_re_encoded(world: World) -> None:
    world.image("Pa_4").unlink()
    Image.fromarray(world.pixels("Pa_1")).save(world.raw / "images/Pa_4.jpg", quality=85)
    world.mask("Pa_4").write_bytes(world.mask("Pa_1").read_bytes())


def _turned(world: World, turn: Callable[[Image.Image], Image.Image]) -> None:
    for path in (world.image, world.mask):
        turn(Image.open(path("Pa_1"))).save(path("Pa_4"))


def same_image_mirrored(world: World) -> None:
    _turned(world, ImageOps.mirror)


def same_image_upside_down(world: World) -> None:
    _turned(world, ImageOps.flip)


def same_image_turned(world: World) -> None:
    _turned(world, lambda image: image.transpose(Image.Transpose.ROTATE_90))


def name_not_in_the_manifest(world: World) -> None:
    world.relist = lambda parts: parts["train"].append("In_77")


def name_of_an_unusable_sample(world: World) -> None:
    world.mask("Sc_3").unlink()
    world.relist = lambda parts: parts["train"].append("Sc_3")


def splits_overlap(world: World) -> None:
    world.relist = lambda parts: parts["train"].append("In_4")


def name_twice_in_a_split(world: World) -> None:
    world.relist = lambda parts: parts["train"].append("In_1")


def group_in_two_splits(world: World) -> None:
    text = (world.raw / "labels.csv").read_text().replace("In_1,inclusion,", "In_1,inclusion,coil 7")
    (world.raw / "labels.csv").write_text(text.replace("In_4,inclusion,", "In_4,inclusion,coil 7"))


def class_missing_from_test(world: World) -> None:
    def drop(parts: dict[str, list[str]]) -> None:
        parts["test"] = [name for name in parts["test"] if not name.startswith("Pa")]

    world.relist = drop


def class_missing_from_train(world: World) -> None:
    def drop(parts: dict[str, list[str]]) -> None:
        parts["train"] = [name for name in parts["train"] if not name.startswith("Pa")]

    world.relist = drop


def class_out_of_balance(world: World) -> None:
    text = (world.raw / "labels.csv").read_text().splitlines()
    rare = ("Sc_1", "Sc_4")
    moved = [line.replace("scratch", "patch") if line.startswith("Sc_") and line.split(",")[0] not in rare else line for line in text]
    (world.raw / "labels.csv").write_text("\n".join(moved) + "\n")


def names_that_differ_in_case(world: World) -> None:
    image, mask = synthetic_sample(0, "inclusion", 99, SIDE)
    Image.fromarray(image).save(world.image("in_2"))
    Image.fromarray(mask).save(world.mask("in_2"))
    world.label("in_2", "inclusion")
    # The rule by numbers knows no such name.
    world.params = world.params.model_copy(update={"split": world.params.split.model_copy(update={"method": "stratified"})})


def decompression_bomb(world: World) -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 4096)), (b"IEND", b"")]
    body = b"".join(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks)
    world.image("In_3").write_bytes(b"\x89PNG\r\n\x1a\n" + body)


def link_that_leaves(world: World) -> None:
    world.image("In_3").rename(world.root / "elsewhere.png")
    world.image("In_3").symlink_to(world.root / "elsewhere.png")


def label_without_an_image(world: World) -> None:
    world.label("In_02", "inclusion", "coil7")


FAULTS: list[tuple[Spoil, str, str, list[str]]] = [
    (truncated_image, "error", "image-broken", ["In_2"]),
    (truncated_jpeg, "error", "image-broken", ["In_2"]),
    (truncated_mask, "error", "mask-broken", ["In_2"]),
    (zero_bytes, "error", "image-no-bytes", ["Pa_1"]),
    (text_named_png, "error", "image-unreadable", ["Pa_1"]),
    (mask_missing, "error", "mask-missing", ["Sc_3"]),
    (image_missing, "error", "image-missing", ["Sc_3"]),
    (image_twice, "error", "image-ambiguous", ["Sc_3"]),
    (mask_of_another_size, "error", "mask-size", ["In_1"]),
    (mask_with_grey, "error", "mask-grey", ["In_1"]),
    (mask_zero_one, "error", "mask-zero-one", ["Pa_2"]),
    (mask_inverted, "warning", "mask-inverted", ["Pa_2"]),
    (mask_empty, "warning", "clean-with-class", ["Pa_2"]),
    (mask_full, "error", "mask-full", ["Pa_2"]),
    (mask_of_colours, "error", "mask-channels", ["Sc_1"]),
    (mask_with_alpha, "error", "mask-alpha", ["Sc_1"]),
    (image_of_16_bits, "error", "image-depth", ["Sc_1"]),
    (image_with_alpha, "error", "image-alpha", ["Sc_1"]),
    (image_of_pages, "error", "image-pages", ["Sc_1"]),
    (image_in_lab, "error", "image-mode", ["Sc_1"]),
    (image_of_another_depth, "error", "depth-mixed", ["Sc_1"]),
    (image_outside_the_levels, "warning", "levels-clipped", ["Sc_1"]),
    (tiny_image, "error", "image-small", ["Sc_1"]),
    (constant_image, "error", "image-constant", ["In_4"]),
    (same_image_in_train_and_test, "error", "duplicate-across-splits", ["In_1", "In_4"]),
    (same_image_twice_in_train, "warning", "duplicate-in-split", ["In_1", "In_2"]),
    (same_image_re_encoded, "error", "near-duplicate", ["Pa_1", "Pa_4"]),
    (same_image_mirrored, "error", "near-duplicate", ["Pa_1", "Pa_4"]),
    (same_image_upside_down, "error", "near-duplicate", ["Pa_1", "Pa_4"]),
    (same_image_turned, "error", "near-duplicate", ["Pa_1", "Pa_4"]),
    (name_not_in_the_manifest, "error", "split-unknown", ["In_77"]),
    (label_without_an_image, "error", "label-unmatched", ["In_02"]),
    (splits_overlap, "error", "split-overlap", ["In_4"]),
    (name_twice_in_a_split, "error", "split-repeat", ["In_1"]),
    (group_in_two_splits, "error", "group-across-splits", ["In_1", "In_4"]),
    (class_missing_from_test, "error", "class-not-in-test", ["patch"]),
    (class_missing_from_train, "error", "class-not-in-train", ["patch"]),
    (class_out_of_balance, "warning", "class-balance", ["scratch"]),
    (names_that_differ_in_case, "error", "name-case", ["In_2", "in_2"]),
    (decompression_bomb, "error", "image-bomb", ["In_3"]),
    (link_that_leaves, "error", "image-link", ["In_3"]),
]


@pytest.mark.parametrize(("spoil", "severity", "name", "failing"), FAULTS, ids=[fault[0].__name__ for fault in FAULTS])
def test_a_fault_is_caught_by_its_own_expectation_alone(world: World, spoil: Spoil, severity: str, name: str, failing: list[str]) -> None:
    spoil(world)
    broken = [(one.expectation.severity, one.expectation.name, list(one.failing)) for one in world.run() if not one.success]
    assert broken == [(severity, name, failing)]


def test_a_set_of_which_most_masks_look_inverted_is_an_error(world: World) -> None:
    most_masks_inverted(world)
    broken = {one.expectation.name: (one.expectation.severity, len(one.failing)) for one in world.run() if not one.success}
    assert broken == {"masks-inverted": ("error", 15), "mask-inverted": ("warning", 15)}


def test_defects_that_vanish_at_the_scale_of_the_training_are_named(world: World) -> None:
    defects_too_small_for_the_training(world)
    broken = {one.expectation.name: (one.expectation.severity, one.failing) for one in world.run() if not one.success}
    severity, failing = broken.pop("defects-lost")
    assert (severity, len(failing), broken) == ("warning", 15, {})


def test_every_reason_that_the_decoder_knows_breaks_a_expectation() -> None:
    source = "".join(path.read_text() for path in sorted((Path(tsernet.__file__).parent / "images").glob("*.py")))
    codes = set(re.findall(r'ImageError\(\s*"([a-z-]+)"', source))
    of_masks_alone = {"palette", "channels", "grey", "zero-one"}
    assert len(codes) > 10
    assert {f"{side}-{code}" for code in codes for side in ("image", "mask") if side == "mask" or code not in of_masks_alone} <= set(
        FILE_FAULTS
    )


def test_a_good_set_breaks_nothing(world: World) -> None:
    assert [one for one in world.run() if not one.success] == []


def test_an_unusable_sample_in_a_list_of_ones_own_is_named_with_its_reason(world: World) -> None:
    name_of_an_unusable_sample(world)
    broken = {one.expectation.name: one.failing for one in world.run() if not one.success}
    assert broken == {"mask-missing": ("Sc_3",), "split-unusable": ("Sc_3",)}


def test_the_stage_acquire_refuses_a_link_that_leaves_before_the_validation_need_see_it(world: World, tmp_path: Path) -> None:
    link_that_leaves(world)
    dataset = Dataset(source="folder", folder=str(world.raw), synthetic=Synthetic(per_class=4, size=64, seed=0))
    with pytest.raises(UserError, match=r"In_3\.png: is a symbolic link that leaves the folder"):
        acquire(dataset, tmp_path / "copy")


def test_clean_images_have_their_own_bounds_and_no_place_in_the_published_set(world: World) -> None:
    for path in (world.raw / "masks").glob("*.png"):
        Image.new("L", (SIDE, SIDE), 0).save(path)
    broken = {one.expectation.name: one for one in world.run() if not one.success and one.expectation.severity == "error"}
    assert set(broken) == {"clean-share"}
    assert "validate.clean" in broken["clean-share"].expectation.description
    names = {source: {one.name for one in list_expectations(world.params.validate_, source)} for source in ("folder", "sd-saliency-900")}
    assert "mask-empty" in names["sd-saliency-900"] - names["folder"]

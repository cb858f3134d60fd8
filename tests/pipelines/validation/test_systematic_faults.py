"""One mistake in every mask: one line that says what to set, and a page of findings although nothing is left to train with."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tifffile
from data_world import World
from PIL import Image
from ruamel.yaml import YAML

from pipelines.stages import prepare, split, validate
from tsernet.errors import CheckError

ROOT = Path(__file__).parents[3]
COUNT = 15


def zero_one(mask: Path) -> None:
    Image.fromarray((World.read(mask) > 0).astype("uint8")).save(mask)


def soft(mask: Path) -> None:
    Image.open(mask).resize((128, 128)).resize((64, 64), Image.Resampling.BICUBIC).save(mask)


def twelve_bits(mask: Path) -> None:
    """The faulty one is the mask's image."""
    image = next((mask.parents[1] / "images").glob(f"{mask.stem}.*"))
    tifffile.imwrite(image.with_suffix(".tif"), World.read(image).astype("uint16") * 16)
    image.unlink()


def suffixed(mask: Path) -> None:
    mask.rename(mask.with_stem(f"{mask.stem}_mask"))


@pytest.mark.parametrize(
    ("spoil", "reason", "setting"),
    [
        (zero_one, "15 of 15 samples cannot be used; most frequent reason, 15 times: mask-zero-one", "set dataset.masks.values: nonzero"),
        (soft, "15 of 15 samples cannot be used; most frequent reason, 15 times: mask-grey", "set dataset.masks.threshold: 128"),
        (
            twelve_bits,
            "15 of 15 samples cannot be used; most frequent reason, 15 times: image-depth: In_1.tif has 16 bits a sample (mode L;16) (",
            "set dataset.levels: auto",
        ),
        (suffixed, "30 of 30 samples cannot be used; most frequent reason, 15 times: ", "set dataset.masks.suffix: _mask"),
    ],
)
def test_a_systematic_mistake_is_one_line_and_a_page(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Path], None],
    reason: str,
    setting: str,
) -> None:
    for mask in sorted((world.raw / "masks").iterdir()):
        spoil(mask)
    use(world, monkeypatch)
    prepare.main([])
    said = capsys.readouterr()
    assert said.err.count("cannot be used") == 1
    assert f"0 of {reason.split()[2]} samples in data/prepared" in said.out
    split.main([])
    assert capsys.readouterr().err.splitlines()[-1].startswith("warning: no sample is usable, and every list is empty; 'validate' names")

    with pytest.raises(CheckError) as caught:
        validate.main([])

    line = str(caught.value)
    assert line.startswith(reason)
    assert setting in line
    assert "\n" not in line
    assert line.count(".png") + line.count(".tif") >= 3
    page = Path("results/validation/data_docs/findings.html")
    assert str(page) in line
    assert "split-empty" in page.read_text(encoding="utf-8")


def test_the_setting_that_the_line_names_mends_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for mask in sorted((world.raw / "masks").iterdir()):
        suffixed(mask)
    use(world, monkeypatch, suffix="_mask")
    for stage in (prepare, split, validate):
        stage.main([])


def test_some_unusable_samples_come_before_what_follows_from_them(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for mask in sorted((world.raw / "masks").iterdir())[:4]:
        zero_one(mask)
    use(world, monkeypatch)
    prepare.main([])
    split.main([])
    with pytest.raises(CheckError, match=r"^4 of 15 samples cannot be used; .*; the data fail \d+ of \d+"):
        validate.main([])


def test_names_that_meet_no_image_are_listed_with_the_nearest(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.label("In_03", "inclusion", "coil7")
    use(world, monkeypatch, split={"method": "files", "files": "lists"})
    lists = world.root / "lists"
    lists.mkdir()
    (lists / "train.csv").write_text("name\nIn_1\nIn_2.png\nPa_1\nSc_1\nSc_22\n", encoding="utf-8")
    (lists / "test.csv").write_text("name\nIn_4\nPa_4\nSc_4\n", encoding="utf-8")
    prepare.main([])
    split.main([])

    with pytest.raises(CheckError) as caught:
        validate.main([])

    line = str(caught.value)
    assert line.startswith("1 of 16 samples and lines of labels.csv cannot be used")
    assert "label-unmatched: labels.csv names In_03 (nearest: In_3), which is the name of no image" in line
    assert "split-unknown (Every name of a split is in the manifest): Sc_22 (nearest: Sc_2)" in line


def use(world: World, monkeypatch: pytest.MonkeyPatch, split: dict[str, str] | None = None, **masks: str) -> None:
    """Work in the folder of the world, with its files as the raw data of a folder of one's own."""
    yaml = YAML()
    tree = yaml.load((ROOT / "presets/demo.yaml").read_text(encoding="utf-8"))
    tree["dataset"].update(source="folder", folder="data/own")
    tree["dataset"]["masks"].update(masks)
    tree["split"].update(method="stratified", validation=0.0, test=0.4)
    tree["split"].update(split or {})
    with (world.root / "params.yaml").open("w", encoding="utf-8") as text:
        yaml.dump(tree, text)
    (world.root / "data/own").mkdir(parents=True)
    shutil.copytree(world.raw, world.root / "data/raw")
    monkeypatch.chdir(world.root)

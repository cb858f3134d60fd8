"""Data Docs without a network: nothing is loaded from elsewhere, and what failed is there by name and image."""

from __future__ import annotations

import json
import re
from pathlib import Path

from data_world import World
from PIL import Image

from pipelines.validation import validate_data


def _validate(world: World, target: Path) -> str:
    world.run()
    validate_data(world.root / "prepared", world.root / "splits", world.params.validate_, "folder", target)
    return (target / "data_docs" / "findings.html").read_text()


def _spoil(world: World) -> None:
    for path in (world.image, world.mask):
        path("In_4").write_bytes(path("In_1").read_bytes())
    world.mask("Sc_3").unlink()


def test_no_page_loads_anything_from_elsewhere_and_every_local_link_leads_somewhere(world: World, tmp_path: Path) -> None:
    _spoil(world)
    _validate(world, tmp_path / "out")
    pages = sorted((tmp_path / "out/data_docs").rglob("*.html"))
    assert len(pages) == 10
    for page in pages:
        text = page.read_text()
        assert not re.search(r"<script|<link|@import|url\(|\son[a-z]+=", text, re.IGNORECASE)
        assert text.count("<style>") == 1
        for address in re.findall(r'(?:href|src)="([^"#]+)', text):
            assert address == "https://greatexpectations.io" or (page.parent / address).exists(), f"{page}: {address}"
    index = (tmp_path / "out/data_docs/index.html").read_text()
    assert all(f"expectations/{name}.html" in index for name in ("samples", "splits", "classes"))


def test_failing_names_stand_with_images_or_reasons(world: World, tmp_path: Path) -> None:
    _spoil(world)
    text = _validate(world, tmp_path / "out")
    assert "error: <code>duplicate-across-splits</code>" in text
    for name in ("In_1", "In_4"):
        assert f'src="thumbnails/{name}.png"' in text
        with Image.open(tmp_path / f"out/data_docs/thumbnails/{name}.png") as image:
            assert image.size == (224, 112)
    assert "mask-missing: no mask file with the stem Sc_3" in text
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    failing = {entry["name"]: entry["failing"] for entry in summary["expectations"] if not entry["success"]}
    assert failing == {"mask-missing": ["Sc_3"], "duplicate-across-splits": ["In_1", "In_4"]}
    assert (summary["passed"], summary["errors"], summary["warnings"], summary["samples"]) == (False, 2, 0, 15)
    assert all(len(digest) == 64 for digest in summary["digests"].values())


def test_equal_data_gives_equal_bytes_and_other_pixels_another_digest(world: World, tmp_path: Path) -> None:
    _validate(world, tmp_path / "one")
    _validate(world, tmp_path / "two")
    files = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in files)
    image = world.pixels("In_1")
    image[0, 0] ^= 1
    Image.fromarray(image).save(world.image("In_1"))
    _validate(world, tmp_path / "three")
    before, after = (json.loads((tmp_path / name / "summary.json").read_text())["digests"] for name in ("two", "three"))
    assert {key for key in before if before[key] != after[key]} == {"dataset", "train"}

"""The page as a person uses it, in headless Chromium against a real service."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from browsers import chromium, needs_chromium, quiet_page
from PIL import Image
from playwright.sync_api import expect
from steel import png_of, steel

from pipelines.serving.server import Served
from tsernet.shipped import shipped_model

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_chromium]


@pytest.fixture(scope="module")
def address(running: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service with two models to compare, one a copy of the other."""
    other = tmp_path_factory.mktemp("models") / "other.safetensors"
    shutil.copyfile(shipped_model(), other)
    with running(Served(model="shipped", compared=str(other), port=0)) as client:
        yield str(client.base_url)


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    """Grey of 8 bits, a TIFF of 12, a wide JPEG in colour."""
    (tmp_path / "a.png").write_bytes(png_of(steel()))
    tifffile.imwrite(tmp_path / "b.tif", steel(160, 200).astype(np.uint16) * 16)
    Image.fromarray(steel(256, 900)).convert("RGB").save(tmp_path / "c.jpg", quality=95)
    return [tmp_path / name for name in ("a.png", "b.tif", "c.jpg")]


def test_dropped_compared_moved_and_downloaded_by_the_keyboard_alone(address: str, images: list[Path], tmp_path: Path) -> None:
    with chromium() as browser, quiet_page(browser, 1280, 900, address, "blob:") as page:
        # Waiting for it only around the key press misses it now and then.
        page.on("filechooser", lambda chooser: chooser.set_files(images))
        page.goto(address)

        # A person with a keyboard: Tab to the button, Enter, choose.
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "choose"
        page.keyboard.press("Enter")
        page.get_by_text("3 of 3 images inspected").wait_for()

        # The 12-bit image waits for its levels, which one press gives.
        page.locator("#list button", has_text="b.tif").press("Enter")
        page.get_by_role("button", name="Inspect with black 0, white 4095").press("Enter")
        page.locator("#list button", has_text="b.tif").locator(".defective").wait_for()

        # Levels that do not fit are said, and others are another image.
        caption = page.locator('.view[data-role="champion"] figcaption')
        for white, warnings in (("255", 1), ("4095", 0)):
            page.locator("#white").fill(white)
            page.locator("#white").press("Tab")
            expect(caption.locator(".warning")).to_have_count(warnings)

        page.locator("#list button", has_text="c.jpg").press("Enter")
        page.locator("#compare").press("Space")
        challenger = page.locator('.view[data-role="challenger"]')
        challenger.get_by_text("1 defect", exact=True).wait_for()
        row = page.locator('.view[data-role="champion"] tbody tr').first
        row.focus()
        assert page.locator('.view[data-role="champion"] .box').is_visible()
        before = float(row.locator("td").nth(5).inner_text())
        for _ in range(2):
            page.locator("#threshold").press("PageUp")
        page.wait_for_function(
            "before => Number(document.querySelector('.view tbody tr td:nth-child(6)').textContent) < before", arg=before
        )
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390

        for name in ("map", "labelme", "csv", "zip"):
            with page.expect_download() as download:
                page.locator(f"#get-{name}").press("Enter")
            download.value.save_as(tmp_path / f"got-{download.value.suggested_filename}")
    with Image.open(tmp_path / "got-c.png") as saliency:
        assert (saliency.mode, saliency.size) == ("L", (900, 256))
    labelme = json.loads((tmp_path / "got-c.json").read_text())
    assert (labelme["imagePath"], len(labelme["shapes"])) == ("c.jpg", 1)
    with zipfile.ZipFile(tmp_path / "got-inspection.zip") as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == {*(f"maps/{stem}.png" for stem in "abc"), *(f"labelme/{stem}.json" for stem in "abc")}
        assert archive.read("maps/c.png") == (tmp_path / "got-c.png").read_bytes()
    rows = list(csv.DictReader((tmp_path / "got-defects.csv").read_text().splitlines()))
    assert {(row["image"], row["role"]) for row in rows} == {(path.name, role) for path in images for role in ("champion", "challenger")}

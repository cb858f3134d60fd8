"""`tsernet import` says what it has imported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipelines.cli import build_app
from tsernet.annotations import FORMATS
from tsernet.errors import UserError


def test_classes_are_counted_by_image(tmp_path: Path) -> None:
    """One image of two defects, of which Severstal has numbers alone: `class 1 1` would not tell the number from the count."""
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "train.csv").write_text("ImageId,ClassId,EncodedPixels\na.png,1,1 9\na.png,3,41 5\n", encoding="utf-8")
    arguments = ["import", "severstal", tmp_path / "train.csv", "--images", tmp_path, "--out", tmp_path / "own"]
    result = CliRunner().invoke(build_app(), [str(one) for one in arguments], catch_exceptions=False)
    assert "1 image (class 1: 1) with 2 objects; 0 without an annotation left out" in result.output.splitlines()


@pytest.mark.parametrize(
    ("option", "value", "taken"),
    [("--line-width", "3", {"cvat", "label-studio", "labelme"}), ("--images", ".", FORMATS.keys() - {"kolektor", "mvtec"})],
)
def test_an_option_without_effect_on_a_format_is_refused(tmp_path: Path, option: str, value: str, taken: set[str]) -> None:
    for name in FORMATS:
        arguments = ["import", name, str(tmp_path / "none"), "--out", str(tmp_path / "own"), option, value]
        with pytest.raises(UserError) as refused:  # a format that takes it misses its source
            CliRunner().invoke(build_app(), arguments, catch_exceptions=False)
        assert (f"{option}: has no effect on {name}" in str(refused.value)) == (name not in taken)

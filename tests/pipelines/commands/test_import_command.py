"""`tsernet import` says what it has imported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from typer.testing import CliRunner

from pipelines.cli import build_app


def test_classes_are_counted_by_image(tmp_path: Path) -> None:
    """One image of two defects, of which Severstal has numbers alone: `class 1 1` would not tell the number from the count."""
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "train.csv").write_text("ImageId,ClassId,EncodedPixels\na.png,1,1 9\na.png,3,41 5\n", encoding="utf-8")
    arguments = ["import", "severstal", tmp_path / "train.csv", "--images", tmp_path, "--out", tmp_path / "own"]
    result = CliRunner().invoke(build_app(), [str(one) for one in arguments], catch_exceptions=False)
    assert "1 images (class 1: 1) with 2 objects; 0 without an annotation left out" in result.output.splitlines()

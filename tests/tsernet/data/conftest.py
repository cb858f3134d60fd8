"""A small set of raw images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tsernet.data.sources.synthetic.sample import synthetic_sample

PREFIX = {"inclusion": "In", "patch": "Pa", "scratch": "Sc"}


@pytest.fixture
def make_folder(tmp_path: Path) -> Callable[..., Path]:
    """Write `images/` and `masks/` of so many synthetic samples a class, 48×48."""

    def make(per_class: int = 2, name: str = "own") -> Path:
        root = tmp_path / name
        for room in ("images", "masks"):
            (root / room).mkdir(parents=True)
        for class_name, prefix in PREFIX.items():
            for index in range(1, per_class + 1):
                image, mask = synthetic_sample(0, class_name, index, 48)
                Image.fromarray(image).save(root / "images" / f"{prefix}_{index}.png")
                Image.fromarray(mask).save(root / "masks" / f"{prefix}_{index}.png")
        return root

    return make

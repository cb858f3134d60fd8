"""The good set, written anew for every test."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from data_world import PER_CLASS, SIDE, World
from numpy.typing import NDArray
from PIL import Image

from tsernet.config import Params
from tsernet.data.classes import CLASSES, PREFIXES
from tsernet.data.sources.synthetic.sample import synthetic_sample


@pytest.fixture(scope="session", autouse=True)
def _great_expectations() -> None:
    """Import it once, leniently: some of its modules use what Python 3.11 deprecates."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations  # noqa: F401 -- for its warnings only


@pytest.fixture(scope="session")
def good_images() -> dict[str, tuple[NDArray[np.uint8], NDArray[np.uint8], str]]:
    prefix = {class_name: letters for letters, class_name in PREFIXES.items()}
    return {
        f"{prefix[name]}_{index}": (*synthetic_sample(0, name, index, SIDE), name) for name in CLASSES for index in range(1, PER_CLASS + 1)
    }


@pytest.fixture
def world(
    tmp_path: Path, make_params: Callable[..., Params], good_images: dict[str, tuple[NDArray[np.uint8], NDArray[np.uint8], str]]
) -> World:
    made = World(tmp_path, make_params({"split.validation": 0.0, "validate.near_duplicate_bits": 6}))
    for room in ("images", "masks"):
        (made.raw / room).mkdir(parents=True)
    (made.raw / "labels.csv").write_text("name,class,group\n")
    for name, (image, mask, class_name) in good_images.items():
        Image.fromarray(image).save(made.image(name))
        Image.fromarray(mask).save(made.mask(name))
        made.label(name, class_name)
    return made

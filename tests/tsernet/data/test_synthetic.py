"""The synthetic images: the same for the same arguments, exact masks, and of the real ones' kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from tsernet.config import Synthetic
from tsernet.data.classes import CLASSES
from tsernet.data.layout import list_samples
from tsernet.data.sources.synthetic.dataset import make_synthetic
from tsernet.data.sources.synthetic.sample import synthetic_sample
from tsernet.data.sources.synthetic.strip import PANELS, synthetic_clean, synthetic_strip


@pytest.mark.parametrize("class_name", CLASSES)
def test_equal_arguments_give_equal_pixels_and_others_do_not(class_name: str) -> None:
    first = synthetic_sample(7, class_name, 3, 96)
    synthetic_sample(7, class_name, 4, 96)
    again = synthetic_sample(7, class_name, 3, 96)
    assert all((one == two).all() for one, two in zip(first, again, strict=True))
    for other in (synthetic_sample(8, class_name, 3, 96), synthetic_sample(7, class_name, 4, 96)):
        assert (first[0] != other[0]).any()


@pytest.mark.parametrize("class_name", CLASSES)
@pytest.mark.parametrize("size", [32, 200, 333])
def test_masks_are_binary_and_hold_both_values(class_name: str, size: int) -> None:
    for index in range(1, 6):
        image, mask = synthetic_sample(0, class_name, index, size)
        assert image.shape == mask.shape == (size, size)
        assert image.dtype == mask.dtype == np.uint8
        assert np.unique(mask).tolist() == [0, 255]


def step_at_the_border(image: np.ndarray, mask: np.ndarray) -> float:
    """How much brighter a defect is than the ground around it; light is uneven over the whole image."""
    near, far = (ndimage.binary_dilation(mask > 0, iterations=count) for count in (3, 15))
    return float(image[mask > 0].mean()) - float(image[far & ~near].mean())


def test_defects_are_brighter_as_well_as_darker_than_their_ground_as_in_the_real_set() -> None:
    steps = {}
    for class_name in CLASSES:
        samples = [synthetic_sample(1, class_name, index) for index in range(1, 25)]
        steps[class_name] = np.array([step_at_the_border(image, mask) for image, mask in samples])
    assert (steps["patch"] < -20).all()
    assert (steps["scratch"] > 5).all()
    assert (steps["inclusion"] < 0).mean() > 0.7
    assert np.abs(steps["inclusion"]).mean() < np.abs(steps["patch"]).mean() / 2


def test_an_unknown_class_is_named() -> None:
    with pytest.raises(ValueError, match="'rust'"):
        synthetic_sample(0, "rust", 1)


@pytest.mark.parametrize("size", [32, 64, 200])
def test_wide_images_are_mostly_clean_and_clean_ones_altogether(size: int) -> None:
    for index in range(1, 8):
        image, mask = synthetic_strip(0, index, size)
        assert image.shape == mask.shape == (size, PANELS * size)
        assert np.unique(mask).tolist() == [0, 255]
        assert mask.mean() / 255 < 0.25
        assert all((one == two).all() for one, two in zip((image, mask), synthetic_strip(0, index, size), strict=True))
        image, mask = synthetic_clean(0, index, size)
        assert image.shape == (size, size)
        assert image.std() > 1
        assert not mask.any()


def test_the_set_has_what_was_asked_for_and_says_of_which_class(tmp_path: Path) -> None:
    make_synthetic(Synthetic(per_class=4, size=32, seed=0, clean=3, wide=2), tmp_path)
    classes = [sample.class_name for sample in list_samples(tmp_path)]
    assert {name: classes.count(name) for name in classes} == {"clean": 3, "inclusion": 4, "patch": 4, "scratch": 4, "strip": 2}

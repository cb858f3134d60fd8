"""Reading and scaling images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tsernet.data.pixels import read_image, resize_mask, scale_image
from tsernet.errors import UserError


@pytest.mark.parametrize(
    ("mode", "shape"), [("L", (20, 30)), ("RGB", (20, 30, 3)), ("RGBA", (20, 30, 3)), ("1", (20, 30)), ("P", (20, 30, 3))]
)
def test_modes_become_grey_or_colour(tmp_path: Path, mode: str, shape: tuple[int, ...]) -> None:
    Image.new("RGB", (30, 20), (200, 100, 50)).convert(mode).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    assert image.shape == shape
    assert image.dtype == np.uint8


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no bytes"),
        (b"no image", "is not PNG, BMP, JPEG"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 20, "PNG"),
        (None, "cannot be read"),
    ],
)
def test_what_is_no_image_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "a.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=said) as error:
        read_image(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_truncated_image_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (50, 50), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:-900])
    with pytest.raises(UserError, match=r"a\.png: cannot be decoded"):
        read_image(path)


def test_sixteen_bits_and_bombs_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((8, 8), dtype=np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(UserError, match="has more than 8 bits a sample and there are no levels"):
        read_image(tmp_path / "deep.png")
    Image.new("L", (11, 10)).save(tmp_path / "bomb.png")
    with pytest.raises(UserError, match="11×10 pixels, expected at most 100"):
        read_image(tmp_path / "bomb.png", max_pixels=100)


def test_scaling_is_by_255_or_by_the_own_maximum() -> None:
    image = np.array([[0, 51], [102, 51]], dtype=np.uint8)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    for scaling, top in (("unit", 255.0), ("own_max", 102.0)):
        expected = (image[None] / top - mean[:, None, None]) / std[:, None, None]
        np.testing.assert_allclose(scale_image(image, scaling), expected, rtol=1e-5, atol=1e-6)
    assert np.isfinite(scale_image(np.zeros((2, 2), dtype=np.uint8), "own_max")).all()
    with pytest.raises(ValueError, match="scaling must be"):
        scale_image(image, "other")
    with pytest.raises(ValueError, match="image must be"):
        scale_image(np.zeros((2, 2, 4), dtype=np.uint8), "unit")


def test_a_resized_mask_holds_nothing_between() -> None:
    mask = np.kron(np.eye(5, dtype=np.uint8) * 255, np.ones((7, 7), dtype=np.uint8))
    assert set(np.unique(resize_mask(mask, 64))) == {0, 255}

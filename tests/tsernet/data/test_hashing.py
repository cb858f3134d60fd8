"""Digests of pixels and the perceptual hash."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tsernet.data.classes import CLASSES
from tsernet.data.prepare.hashing import orientations, perceptual_hash, pixel_digest
from tsernet.data.sources.synthetic.sample import synthetic_sample


def _number(pixels: np.ndarray) -> np.uint64:
    return np.uint64(int(perceptual_hash(np.ascontiguousarray(pixels)), 16))


def test_the_digest_sees_shape_and_pixels() -> None:
    flat = np.arange(12, dtype=np.uint8)
    assert pixel_digest(flat.reshape(3, 4)) != pixel_digest(flat.reshape(4, 3))
    assert pixel_digest(flat.reshape(3, 4)) == pixel_digest(np.asfortranarray(flat.reshape(3, 4)))


@pytest.mark.parametrize("class_name", CLASSES)
def test_the_hashes_of_all_orientations_follow_from_one(class_name: str) -> None:
    image, _ = synthetic_sample(3, class_name, 1, 128)
    known = set(orientations(np.array([_number(image)])).reshape(-1).tolist())
    assert len(known) == 8
    for plane in (image, image.T):
        for turn in range(4):
            turned = _number(np.rot90(plane, turn))
            # Rounding may tip a frequency that is nearly zero.
            assert min(int(np.bitwise_count(turned ^ np.uint64(other))) for other in known) <= 1


def test_re_encoding_changes_few_bits_and_another_image_many() -> None:
    same, others = [], []
    hashes = []
    for index in range(1, 13):
        image, _ = synthetic_sample(5, CLASSES[index % 3], index, 128)
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "JPEG", quality=80)
        same.append(int(np.bitwise_count(_number(image) ^ _number(np.asarray(Image.open(buffer))))))
        others += [int(np.bitwise_count(_number(image) ^ other)) for other in hashes]
        hashes.append(_number(image))
    assert max(same) <= 5
    assert min(others) > 8

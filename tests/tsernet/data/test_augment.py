"""What chance does to a sample, and that it is chance of the seed alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tsernet.config import Augment, Flip, Params
from tsernet.data.augment import Sample, TrainingSample, augment, montage, salt_and_pepper

MakeParams = Callable[..., Params]


def sample(size: int = 64, colour: bool = False) -> Sample:
    rows = np.arange(size, dtype=np.uint8)
    image = np.broadcast_to(rows[:, None] + 20, (size, size)).copy()
    mask = np.zeros((size, size), dtype=np.uint8)
    mask[: size // 2] = 255
    return Sample(np.stack([image] * 3, axis=2) if colour else image, mask, mask)


@pytest.fixture
def plain(make_params: MakeParams) -> Augment:
    noise = {"probability": 0.0, "amount": 0.0}
    changes = {"train.augment.resize": 64, "train.augment.crop": 32, "train.augment.flip": 0.0, "train.augment.noise": noise}
    return make_params(changes).train.augment


@pytest.mark.parametrize("colour", [False, True])
def test_shapes_ranges_and_the_same_seed(plain: Augment, colour: bool) -> None:
    first, again, other = (augment(sample(colour=colour), plain, "unit", np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.image.shape == (3, 32, 32)
    assert first.mask.shape == first.edge.shape == (1, 32, 32)
    assert first.image.dtype == first.mask.dtype == np.float32
    assert set(np.unique(first.mask)) <= {0.0, 1.0}
    assert all(np.array_equal(one, same) for one, same in zip(first, again, strict=True))
    assert not np.array_equal(first.image, other.image)


def test_crops_reach_every_offset_the_last_too(plain: Augment) -> None:
    config = plain.model_copy(update={"crop": 64, "resize": 64})
    tall = Sample(*(np.pad(plane, ((0, 2), (0, 2))) for plane in sample()))
    tops = {float(augment(tall, config, "unit", np.random.default_rng(seed)).image[0, 0, 0]) for seed in range(60)}
    assert len(tops) == 3


def test_image_mask_and_edge_move_together(plain: Augment) -> None:
    config = plain.model_copy(update={"flip": Flip(up_down=0.5, left_right=0.5), "rotate": True})
    for seed in range(20):
        drawn = augment(sample(), config, "unit", np.random.default_rng(seed))
        bright = drawn.image[0] < drawn.image[0, drawn.mask[0] > 0].max(initial=-9.0) + 1e-6
        assert np.array_equal(bright, drawn.mask[0] > 0) or drawn.mask.sum() in (0, 32 * 32)
        assert np.array_equal(drawn.mask, drawn.edge)


@pytest.mark.parametrize(("flip", "mirrored"), [({"up_down": 1.0, "left_right": 0.0}, 0), ({"up_down": 0.0, "left_right": 1.0}, 1)])
def test_images_are_mirrored_along_the_axis_that_was_asked_for(make_params: MakeParams, flip: dict[str, float], mirrored: int) -> None:
    config = make_params({"train.augment.resize": 64, "train.augment.crop": 64, "train.augment.flip": flip}).train.augment
    mask = np.zeros((64, 64), dtype=np.uint8)
    mask[:20, :30] = 255
    drawn = augment(Sample(mask, mask, mask), config, "unit", np.random.default_rng(0))
    assert np.array_equal(drawn.mask[0] > 0, np.flip(mask, mirrored) > 0)


def test_salt_and_pepper_hit_the_named_share_and_leave_the_image_alone() -> None:
    grey = np.full((100, 100), 128, dtype=np.uint8)
    noisy = salt_and_pepper(grey, 0.1, 255, np.random.default_rng(0))
    assert (grey == 128).all()
    assert 0.08 < (noisy != 128).mean() <= 0.1
    assert 0.4 < (noisy == 255).sum() / (noisy != 128).sum() < 0.6
    coloured = salt_and_pepper(np.stack([grey] * 3, axis=2), 0.1, 255, np.random.default_rng(0))
    assert np.array_equal(coloured[..., 0], noisy)
    assert np.array_equal(coloured[..., 0], coloured[..., 2])


def test_a_montage_is_cut_from_its_four_parts_laid_side_by_side() -> None:
    place = np.arange(64 * 64, dtype=np.float32).reshape(1, 64, 64)
    parts = [TrainingSample(*(np.repeat(place + 10_000 * number, planes, axis=0) for planes in (3, 1, 1))) for number in range(4)]
    before = [part.mask.copy() for part in parts]
    seams = set()
    for seed in range(60):
        whole = montage(parts, np.random.default_rng(seed))
        assert np.array_equal(whole.image[0], whole.mask[0])
        assert np.array_equal(whole.mask, whole.edge)
        row, column = divmod(int(whole.mask[0, 0, 0]), 64)
        laid = np.block([[parts[0].mask[0], parts[1].mask[0]], [parts[2].mask[0], parts[3].mask[0]]])
        assert np.array_equal(whole.mask[0], laid[row : row + 64, column : column + 64])
        seams.add((row > 0, column > 0))
        assert row == 0 or 8 <= row < 56
    assert len(seams) == 4
    assert all(np.array_equal(part.mask, old) for part, old in zip(parts, before, strict=True))

"""Windows of a training: over defects, and where nothing is marked and nothing stands out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tsernet.config import Params
from tsernet.data.samples import SampleStore
from tsernet.data.windows import MARGIN, CleanPlaces, clean_places, draw_window, stands_out
from tsernet.errors import UserError
from tsernet.training.batches import clean_count
from tsernet.training.sampler import draws_of_step, mixed_draws_of_step

MakeParams = Callable[..., Params]


def steel(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(120, 4, (height, width)).clip(0, 255).astype(np.uint8)


def test_half_of_the_windows_lie_over_a_defect() -> None:
    mask = np.zeros((400, 4000), dtype=np.uint8)
    mask[390:, 3990:] = 255
    rng = np.random.default_rng(0)
    windows = [draw_window(mask, 200, rng) for _ in range(400)]
    assert 0.4 < np.mean([window.of(mask).any() for window in windows]) < 0.6
    assert all(window.of(mask).shape == (200, 200) for window in windows)


def test_an_image_lower_than_the_window_is_mirrored_and_keeps_its_scale(tmp_path: Path, make_params: MakeParams) -> None:
    for room in ("images", "masks", "edges"):
        (tmp_path / room).mkdir()
    mask = np.zeros((50, 900), dtype=np.uint8)
    mask[20:40] = 255
    for room in ("images", "masks", "edges"):
        Image.fromarray(mask).save(tmp_path / room / "low.png")
    train = make_params({"train.augment.resize": 96, "train.augment.crop": 96, "train.augment.flip": 0.0}).train
    store = SampleStore(tmp_path, ["low"], 96, window=96)
    for seed in range(10):
        bars = store.draw(0, train.augment, "unit", (0, 1, seed)).mask[0, :, 0]
        runs = np.flatnonzero(np.diff(np.concatenate([[0.0], bars, [0.0]])))
        heights = runs[1::2] - runs[::2]
        # Rows 20 to 40 of 50, and their mirror images: never stretched to another height, and cut by the window alone.
        assert 20 in heights
        assert all(height <= 20 for height in heights)


def test_clean_windows_keep_away_from_what_is_marked_and_what_stands_out() -> None:
    image, mask = steel(200, 600), np.zeros((200, 600), dtype=np.uint8)
    mask[80:120, 100:140] = 255
    image[:, 420:424] = 200  # a scratch that nobody marked
    places = CleanPlaces(image, mask, 128)
    rng = np.random.default_rng(0)
    for _ in range(100):
        window = places.draw(rng)
        near = slice(max(window.left - MARGIN, 0), window.left + window.side + MARGIN)
        assert not mask[max(window.top - MARGIN, 0) : window.top + window.side + MARGIN, near].any() or window.side < 128
        assert not window.of(mask).any()
        assert not (window.left < 424 and window.left + window.side > 420)
    assert stands_out(image, mask)[:, 421].mean() > 0.9


def test_an_empty_mask_is_taken_at_its_word_and_a_full_one_has_no_room() -> None:
    image = steel(200, 200)
    image[:, 50:54] = 220
    assert CleanPlaces(image, np.zeros_like(image), 200).draw(np.random.default_rng(0)).side == 200
    assert not CleanPlaces(image, np.full_like(image, 255), 200)


def test_a_batch_holds_its_share_of_clean_windows() -> None:
    for step in range(20):
        draws = mixed_draws_of_step([4, 7, 9], [1, 2], 8, 3, 0, step)
        assert [draw.clean for draw in draws] == [False] * 5 + [True] * 3
        assert {draw.sample for draw in draws[:5]} == {4, 7, 9}
    assert all(not draw.clean for draw in draws_of_step(10, 8, 0, 0))


def test_a_store_with_windows_gives_the_training_size(tmp_path: Path, make_params: MakeParams) -> None:
    for room in ("images", "masks", "edges"):
        (tmp_path / room).mkdir()
    mask = np.zeros((300, 900), dtype=np.uint8)
    mask[100:140, 700:760] = 255
    for name, marked in (("bad", mask), ("good", np.zeros_like(mask))):
        Image.fromarray(steel(300, 900, len(name))).save(tmp_path / "images" / f"{name}.png")
        for room in ("masks", "edges"):
            Image.fromarray(marked).save(tmp_path / room / f"{name}.png")
    params = make_params({"train.window": 200, "train.clean_share": 0.25, "train.augment.resize": 96, "train.augment.crop": 64})
    train = params.train
    store = SampleStore(tmp_path, ["bad", "good"], 96, window=200)
    defective, clean = store.split_by_defects()
    assert (defective, clean) == ([0], [0, 1])
    for seed in range(10):
        assert store.draw(0, train.augment, "unit", (0, 1, seed)).image.shape == (3, 64, 64)
        one, again = (store.draw_clean(index, train.augment, "unit", (0, 3, seed)) for index in (0, 0))
        assert not one.mask.any()
        assert np.array_equal(one.image, again.image)
    assert clean_count(train) == round(0.25 * train.batch_size)
    with pytest.raises(UserError, match=r"train\.clean_share.*with a defect"):
        SampleStore(tmp_path, ["good"], 96, window=200).split_by_defects()


def test_clean_places_are_found_once_for_the_same_image_mask_and_window() -> None:
    image = np.random.default_rng(3).integers(0, 255, (64, 64)).astype(np.uint8)
    mask = np.zeros_like(image)
    mask[10:20, 10:20] = 255
    known = clean_places(image, mask, 64)
    assert clean_places(image.copy(), mask.copy(), 64) is known
    for other in (clean_places(255 - image, mask, 64), clean_places(image, np.roll(mask, 20), 64), clean_places(image, mask, 48)):
        assert other is not known

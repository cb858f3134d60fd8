"""An image in, a map of the image's own size out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tsernet.errors import UserError
from tsernet.inference import Predictor, load_predictor, to_uint8
from tsernet.models import VARIANTS, TSERNetOutput, build_tsernet
from tsernet.runtimes.torch_session import TorchSession
from tsernet.weights import save_model


def images() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 255, shape, dtype=np.uint8) for shape in ((32, 32), (100, 70, 3), (200, 200), (33, 64))]


@pytest.mark.parametrize("variant", VARIANTS)
def test_maps_have_the_images_sizes_and_span_zero_to_one(variant: str) -> None:
    torch.manual_seed(0)
    maps = Predictor(TorchSession(build_tsernet(variant, 0.0625)), resize=64, batch_size=3).predict(images())
    assert [one.shape for one in maps] == [(32, 32), (100, 70), (200, 200), (33, 64)]
    for one in maps:
        assert one.dtype == np.float32
        assert one.min() >= 0
        assert one.max() <= 1
    enlarged = maps[2]  # where a map is made smaller, its extremes may fall between the pixels
    assert enlarged.max() - enlarged.min() > 0.9


def test_a_batch_of_one_and_of_many_agree_and_the_mode_is_put_back() -> None:
    torch.manual_seed(0)
    model = build_tsernet("full", 0.0625).train()
    together = Predictor(TorchSession(model), resize=64, batch_size=4).predict(images())
    alone = Predictor(TorchSession(model), resize=64, batch_size=1).predict(images())
    assert model.training
    for one, other in zip(together, alone, strict=True):
        assert np.abs(to_uint8(one).astype(int) - to_uint8(other)).max() <= 1


def test_without_stretch_the_map_is_the_probability() -> None:
    torch.manual_seed(0)
    model = build_tsernet("full", 0.0625)
    (stretched,) = Predictor(TorchSession(model), resize=64).predict(images()[:1])
    (plain,) = Predictor(TorchSession(model), resize=64, stretch=False).predict(images()[:1])
    assert plain.max() - plain.min() < stretched.max() - stretched.min()


class Flat(torch.nn.Module):
    """A network whose maps hold rounding errors and nothing else."""

    def forward(self, image: torch.Tensor) -> TSERNetOutput:
        logits = 3.0 + 1e-6 * torch.rand_like(image[:, :1])
        return TSERNetOutput(None, logits, (), (), logits)


def test_rounding_errors_are_not_stretched_into_a_map() -> None:
    assert Predictor(TorchSession(Flat()), resize=64).predict(images()[:1])[0].max() < 1 / 255


def test_a_model_file_says_how_to_feed_it(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = build_tsernet("no_subnet", 0.0625)
    save_model(tmp_path / "m.safetensors", model, {"resize": "96", "scaling": "own_max", "stretch": "false"})
    predictor = load_predictor(tmp_path / "m.safetensors", batch_size=2)
    assert (predictor.resize, predictor.scaling, predictor.stretch, predictor.batch_size) == (96, "own_max", False, 2)
    expected = Predictor(TorchSession(model), resize=96, scaling="own_max", stretch=False).predict(images())
    for one, other in zip(predictor.predict(images()), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    with pytest.raises(UserError, match="no such model file"):
        load_predictor(tmp_path / "other.safetensors")

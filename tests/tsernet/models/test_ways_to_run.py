"""The network runs compiled, channels-last and in bfloat16, and says the same."""

from __future__ import annotations

import shutil

import pytest
import torch
from torch import Tensor

from tsernet.losses import saliency_terms, tsernet_loss
from tsernet.models import TSERNet, build_tsernet
from tsernet.models.complexity import complexity_of
from tsernet.models.decoder import Background

SIZE = 64


@pytest.fixture
def model() -> TSERNet:
    torch.manual_seed(0)
    return build_tsernet("full", 0.0625)


@pytest.fixture
def image() -> Tensor:
    return torch.randn(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))


def test_channels_last_gives_the_same_maps(model: TSERNet, image: Tensor) -> None:
    model.eval()
    with torch.no_grad():
        expected = torch.cat(model(image).supervised, dim=1)
        found = torch.cat(model.to(memory_format=torch.channels_last)(image).supervised, dim=1)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_bfloat16_autocast_trains(model: TSERNet, image: Tensor) -> None:
    mask = (torch.rand(2, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(2)) > 0.5).float()
    with torch.autocast("cpu", torch.bfloat16):
        output = model(image)
        terms = tsernet_loss(output, mask, mask)
    assert output.edge.dtype == torch.bfloat16
    assert terms.total.dtype == torch.float32
    terms.total.backward()
    gradients = [parameter.grad for parameter in model.parameters()]
    assert all(gradient is not None and torch.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.slow
@pytest.mark.long
def test_the_whole_step_is_one_graph(model: TSERNet, image: Tensor) -> None:
    """Traced without a break; the code generator is left out, which takes minutes on a network this deep."""
    mask = (torch.rand(2, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(2)) > 0.5).float()
    compiled = torch.compile(lambda given: tsernet_loss(model(given), mask, mask).total, backend="eager", fullgraph=True)
    total = compiled(image)
    total.backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    torch.testing.assert_close(total, tsernet_loss(model(image), mask, mask).total, rtol=1e-3, atol=1e-3)


@pytest.mark.long
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile's code generator needs a C++ compiler")
def test_generated_code_gives_the_same() -> None:
    layer = Background(4).eval()
    features, deeper = torch.randn(2, 4, 16, 16), torch.randn(2, 4, 16, 16)
    mask = (torch.rand(2, 1, 16, 16) > 0.5).float()

    def terms(*given: Tensor) -> Tensor:
        return saliency_terms(layer(*given), mask)

    with torch.no_grad():
        torch.testing.assert_close(torch.compile(terms)(features, deeper), terms(features, deeper), rtol=1e-4, atol=1e-4)


def test_counted_work_is_the_real_forwards() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    model = build_tsernet("no_fig", 0.125).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, 3, 64, 64))
    count = complexity_of("no_fig", 0.125, 64)
    assert count.macs == counter.get_total_flops() // 2
    assert count.parameters == sum(parameter.numel() for parameter in model.parameters())

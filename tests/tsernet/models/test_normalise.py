"""BatchNorm by whole rows says what PyTorch's says: values, gradients, running statistics."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tsernet.models import normalise
from tsernet.models.blocks import ConvNormReLU


@pytest.fixture(autouse=True)
def whatever_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normalise, "FEWEST_VALUES", 0)


def features_and_slope() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    features, slope = (torch.randn(2, 8, 12, 20, generator=generator).contiguous(memory_format=torch.channels_last) for _ in range(2))
    return features + 2, slope


def layer(momentum: float | None = 0.1) -> nn.BatchNorm2d:
    torch.manual_seed(1)
    norm = nn.BatchNorm2d(8, momentum=momentum)
    nn.init.uniform_(norm.weight)
    nn.init.uniform_(norm.bias)
    return norm


@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("momentum", [0.1, None])
def test_rows_are_the_same_batchnorm(relu: bool, momentum: float | None) -> None:
    features, slope = features_and_slope()
    ours, exact = layer(momentum), layer(momentum).double()
    for _ in range(2):
        given, reference = features.clone(memory_format=torch.preserve_format).requires_grad_(), features.double().requires_grad_()
        assert normalise.by_rows(ours, given)
        out, expected = normalise.normalise(ours, given, relu), exact(reference)
        expected = F.relu(expected) if relu else expected
        found = torch.autograd.grad(out, [given, *ours.parameters()], slope)
        wanted = torch.autograd.grad(expected, [reference, *exact.parameters()], slope.double())
        for one, other in zip((out, *found, *ours.buffers()), (expected, *wanted, *exact.buffers()), strict=True):
            torch.testing.assert_close(one.double(), other.double(), rtol=1e-5, atol=1e-5)
        assert out.is_contiguous(memory_format=torch.channels_last)


def test_a_bias_before_it_gets_the_gradient_zero() -> None:
    features, slope = features_and_slope()
    ours = ConvNormReLU(8, 8).to(memory_format=torch.channels_last)
    exact = copy.deepcopy(ours).double()
    ours(features).backward(slope)
    exact(features.double()).backward(slope.double())
    assert ours.conv.bias is not None and ours.conv.bias.grad is not None  # noqa: PT018 - one fact
    assert not ours.conv.bias.grad.any()
    assert ours.conv.weight.grad is not None
    torch.testing.assert_close(ours.conv.weight.grad.double(), exact.conv.weight.grad, rtol=1e-4, atol=1e-3)
    assert ours.norm.running_mean is not None
    torch.testing.assert_close(ours.norm.running_mean.double(), exact.norm.running_mean, rtol=1e-5, atol=1e-6)


def test_what_it_is_not_for_goes_to_pytorch() -> None:
    features, _ = features_and_slope()
    norm = layer()
    assert not normalise.by_rows(norm, features.contiguous())
    assert not normalise.by_rows(norm, features.bfloat16())
    assert not normalise.by_rows(norm.eval(), features)
    torch.testing.assert_close(normalise.normalise(norm, features), F.relu(norm(features)))

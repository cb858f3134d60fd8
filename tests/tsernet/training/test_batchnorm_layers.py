"""BatchNorm as a training computes it: PyTorch's values and gradients, nearer to float64, by kernels that suit few channels."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from tsernet.methods.graph import graph_of
from tsernet.methods.registry import build_network
from tsernet.training.batchnorm_layers import NORMS, TrainingBatchNorm2d, use_plain_norms, use_training_norms

CPU = torch.device("cpu")
LAYOUTS = [torch.channels_last, torch.contiguous_format]


def layer_of(channels: int) -> nn.Sequential:
    layer = nn.BatchNorm2d(channels)
    with torch.no_grad():
        layer.weight.copy_(torch.linspace(0.5, 2, channels))
        layer.bias.copy_(torch.linspace(-1, 1, channels))
    return nn.Sequential(layer)


def results(network: nn.Sequential, features: Tensor, gradient: Tensor) -> list[Tensor]:
    """What a step makes: the normalised features, the gradients of features, weight and bias, and the running statistics."""
    features = features.clone().requires_grad_()
    normed = network(features)
    normed.backward(gradient)
    (layer,) = network
    return [normed.detach(), features.grad, layer.weight.grad, layer.bias.grad, layer.running_mean, layer.running_var]


@pytest.mark.parametrize("layout", LAYOUTS, ids=["channels_last", "contiguous"])
@pytest.mark.parametrize("channels", [2, 6, 8, 24])
def test_it_is_as_near_to_float64_as_pytorchs_own(channels: int, layout: torch.memory_format) -> None:
    torch.manual_seed(0)
    features = (3 + 2 * torch.randn(4, channels, 256, 512)).contiguous(memory_format=layout)
    assert features.numel() >= 2**19
    gradient = torch.randn_like(features)
    plain = layer_of(channels)
    ours, exact = copy.deepcopy(plain), copy.deepcopy(plain).double()
    use_training_norms(ours, CPU)
    truth = results(exact, features.double(), gradient.double())
    for one, other, true in zip(results(plain, features, gradient), results(ours, features, gradient), truth, strict=True):
        size = true.abs().max()
        assert (other - true).abs().max() <= max((one - true).abs().max(), 1e-5 * size)
    assert ours[0].num_batches_tracked == 1


def operators(network: nn.Module, features: Tensor) -> set[str]:
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        network(features).sum().backward()
    return {event.key for event in profiled.key_averages()}


@pytest.mark.parametrize(
    ("channels", "layout", "own"),
    [
        (8, torch.channels_last, True),
        (16, torch.channels_last, False),
        (8, torch.contiguous_format, False),
        (1, torch.channels_last, False),
    ],
)
def test_where_pytorchs_kernel_is_fast_it_is_taken(channels: int, layout: torch.memory_format, own: bool) -> None:
    network = layer_of(channels)
    use_training_norms(network, CPU)
    large = torch.randn(2, channels, 512, 512).contiguous(memory_format=layout).requires_grad_()
    assert ("_Normalise" in operators(network, large)) is own
    assert "_Normalise" not in operators(network, torch.randn_like(large[:, :, :64, :64]).contiguous(memory_format=layout).requires_grad_())


def test_memory_stays_as_it_lies_and_relu_may_work_in_place() -> None:
    network = layer_of(8)
    use_training_norms(network, CPU)
    features = torch.randn(2, 8, 256, 256).contiguous(memory_format=torch.channels_last).requires_grad_()
    normed = network(features)
    assert normed.is_contiguous(memory_format=torch.channels_last)
    torch.relu_(normed).sum().backward()
    assert features.grad is not None
    assert features.grad.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("device", "processes", "is_compiled", "kind"),
    [
        ("cpu", 1, False, TrainingBatchNorm2d),
        ("cpu", 1, True, nn.BatchNorm2d),
        ("cpu", 2, True, TrainingBatchNorm2d),
        ("cuda", 1, False, nn.BatchNorm2d),
        ("cuda", 2, False, nn.SyncBatchNorm),
    ],
)
def test_a_method_can_be_saved_after_a_training_with_other_layers(
    device: str, processes: int, is_compiled: bool, kind: type[nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = build_network("unet", 0.1)
    before = graph_of(network)
    monkeypatch.setattr("tsernet.training.batchnorm_layers.world_size", lambda: processes)
    use_training_norms(network, torch.device(device), is_compiled)
    norms = [layer for layer in network.modules() if isinstance(layer, NORMS)]
    assert norms
    assert all(type(layer) is kind for layer in norms)
    use_plain_norms(network)
    assert graph_of(network) == before


def test_plain_layers_come_back_with_what_was_learned() -> None:
    network = layer_of(8).train()
    use_training_norms(network, CPU)
    assert type(network[0]) is TrainingBatchNorm2d
    network(torch.randn(2, 8, 256, 256).contiguous(memory_format=torch.channels_last))
    learned = {name: value.clone() for name, value in network.state_dict().items()}
    use_plain_norms(network)
    assert type(network[0]) is nn.BatchNorm2d
    assert network[0].training
    assert all(torch.equal(value, learned[name]) for name, value in network.state_dict().items())

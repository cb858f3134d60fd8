"""BatchNorm's statistics, taken anew and put back."""

from __future__ import annotations

import torch
from torch import nn

from tsernet.training.batchnorm import recomputed_statistics


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)).train()


def test_inside_the_statistics_are_the_means_over_the_batches_and_afterwards_as_before() -> None:
    net = network()
    batches = [torch.randn(2, 3, 8, 8) * scale for scale in (1.0, 5.0)]
    before = {name: buffer.clone() for name, buffer in net.named_buffers()}
    convolved = [net[0](batch) for batch in batches]
    with recomputed_statistics(net, batches):
        assert not net.training
        mean, variance = net[1].running_mean, net[1].running_var
        torch.testing.assert_close(mean, torch.stack([one.mean(dim=(0, 2, 3)) for one in convolved]).mean(dim=0))
        torch.testing.assert_close(variance, torch.stack([one.var(dim=(0, 2, 3)) for one in convolved]).mean(dim=0))
    assert net.training
    assert net[1].momentum == 0.1
    assert all(torch.equal(buffer, before[name]) for name, buffer in net.named_buffers())


def test_without_batches_nothing_changes() -> None:
    net = network()
    net(torch.randn(2, 3, 8, 8))
    before = {name: buffer.clone() for name, buffer in net.named_buffers()}
    with recomputed_statistics(net, []):
        assert not net.training
        assert all(torch.equal(buffer, before[name]) for name, buffer in net.named_buffers())

"""A start near the identity."""

from __future__ import annotations

import torch

from tsernet.models import build_tsernet, initialise_residual
from tsernet.models.encoder import BasicBlock


def test_residual_branches_begin_at_zero_and_everything_learns_after_two_steps() -> None:
    torch.manual_seed(0)
    network = build_tsernet("full", 0.0625)
    initialise_residual(network)
    block = next(module for module in network.modules() if isinstance(module, BasicBlock))
    features = torch.rand(2, block.conv1.in_channels, 8, 8)
    torch.testing.assert_close(block(features), features)
    before = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    for _ in range(3):
        output = network(torch.randn(2, 3, 32, 32))
        loss = sum((one - 1).square().mean() for one in (*output.supervised, output.edge))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    still = [name for name, parameter in network.named_parameters() if name.endswith("weight") and torch.equal(parameter, before[name])]
    assert still == []


def test_the_same_seed_gives_the_same_start() -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        network = build_tsernet("no_subnet", 0.0625)
        initialise_residual(network)
        states.append(network.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])

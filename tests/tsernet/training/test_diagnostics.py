"""What the diagnosis sees is what was put there."""

from __future__ import annotations

import math

import torch

from tsernet.models import build_tsernet
from tsernet.training.diagnostics import PartHealth, diagnose


def look(network: torch.nn.Module) -> dict[str, PartHealth]:
    generator = torch.Generator().manual_seed(0)
    image = torch.rand((2, 3, 32, 32), generator=generator)
    mask = (torch.rand((2, 1, 32, 32), generator=generator) > 0.7).float()
    loss, parts = diagnose(network.train(), image, mask, mask)
    assert math.isfinite(loss)
    return {part.name: part for part in parts}


def test_every_part_is_seen_with_its_own_gates_and_dead_channels() -> None:
    torch.manual_seed(0)
    network = build_tsernet(width=0.0625)
    parts = look(network)
    assert next(iter(parts)) == "stem"
    assert list(parts)[-1] == "second stage"
    assert all(part.gradient > 0 and 0 <= part.dead < 1 for part in parts.values())
    assert {name for name, part in parts.items() if not math.isnan(part.gate)} == {f"decoder {number}" for number in range(1, 7)}
    # The first stage's gates look at what a ReLU or an edge map gives: open by about a half at the start.
    assert all(0.3 < parts[f"decoder {number}"].gate < 0.7 for number in range(1, 7))


def test_dead_channels_are_counted() -> None:
    torch.manual_seed(0)
    network = build_tsernet(width=0.0625)
    network.encoder.stem.norm.bias.data[:3] = -100.0
    assert look(network)["stem"].dead == 3 / 4


def test_the_weights_stay_as_they_are() -> None:
    torch.manual_seed(0)
    network = build_tsernet(width=0.0625)
    before = [weight.clone() for weight in network.parameters()]
    look(network)
    assert all(torch.equal(one, other) for one, other in zip(before, network.parameters(), strict=True))

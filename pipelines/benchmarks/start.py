"""`tsernet benchmark start`: how each way of drawing the first weights starts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from torch import Tensor

    from tsernet.training.diagnostics import PartHealth

Initialisation = Literal["torch", "residual"]
INITIALISATIONS: tuple[Initialisation, ...] = ("torch", "residual")


def register(group: typer.Typer) -> None:
    """Add the command `start`."""
    group.command()(start)


def start(
    width: Annotated[float, typer.Option(min=0.01, max=2.0, help="Of the network.")] = 0.125,
    size: Annotated[int, typer.Option(min=32, help="Side of the images; a multiple of 32.")] = 128,
    batch: Annotated[int, typer.Option(min=2, help="Synthetic images in the batch.")] = 4,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show each part's gradient, dead channels and open gates at the first step, for every initialisation."""
    from tsernet.errors import UserError

    if size % 32:
        raise UserError(f"--size: expected a multiple of 32, got {size}")
    samples = _samples(batch, size)
    found = {kind: _first_step(kind, width, seed, samples) for kind in INITIALISATIONS}
    if as_json:
        print(json.dumps({kind: {"loss": loss, "parts": [part._asdict() for part in parts]} for kind, (loss, parts) in found.items()}))
    else:
        _print_tables(found)


def _samples(batch: int, size: int) -> tuple[Tensor, Tensor, Tensor]:
    import numpy as np
    import torch

    from tsernet.data.classes import CLASSES
    from tsernet.data.edges import edge_map
    from tsernet.data.pixels import scale_image
    from tsernet.data.sources.synthetic.sample import synthetic_sample

    drawn = [synthetic_sample(0, CLASSES[index % len(CLASSES)], index, size) for index in range(batch)]
    images = np.stack([scale_image(image, "unit") for image, _ in drawn])
    masks = np.stack([mask[None] > 0 for _, mask in drawn])
    edges = np.stack([edge_map(mask)[None] > 0 for _, mask in drawn])
    return torch.from_numpy(images), torch.from_numpy(masks).float(), torch.from_numpy(edges).float()


def _first_step(kind: Initialisation, width: float, seed: int, samples: tuple[Tensor, Tensor, Tensor]) -> tuple[float, list[PartHealth]]:
    from tsernet.config import Model
    from tsernet.training.diagnostics import diagnose
    from tsernet.training.network import initial_network

    network = initial_network("full", seed, Model(width=width, initialisation=kind, encoder_weights="none", start_from="none"))
    return diagnose(network.train(), *samples)


def _print_tables(found: dict[Initialisation, tuple[float, list[PartHealth]]]) -> None:
    from rich.console import Console
    from rich.table import Table

    for kind, (loss, parts) in found.items():
        table = Table(title=f"initialisation {kind}: loss {loss:.2f}")
        table.add_column("part")
        for heading in ("gradient / weights", "dead channels", "gates open"):
            table.add_column(heading, justify="right")
        for part in parts:
            gate = "" if part.gate != part.gate else f"{part.gate:.0%}"
            table.add_row(part.name, f"{part.gradient:.3g}", f"{part.dead:.0%}", gate)
        Console().print(table)

"""`tsernet benchmark infer`: images to saliency maps, one at a time and by batches."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.benchmarks.measure import per_item, print_report, time_in_turn


def register(group: typer.Typer) -> None:
    """Add the command `infer`."""
    group.command()(infer)


def infer(
    width: Annotated[float, typer.Option(min=0.01, help="Of the network.")] = 1.0,
    size: Annotated[int, typer.Option(min=32, help="Side to which images are resized, a multiple of 32.")] = 256,
    batch: Annotated[int, typer.Option(min=2, help="Images in a batch.")] = 4,
    threads: Annotated[int, typer.Option(min=0, help="0 leaves it to torch.")] = 0,
    repetitions: Annotated[int, typer.Option(min=1)] = 5,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Time a 200×200 image from pixels to its map, resizing included."""
    import numpy as np
    import torch

    from tsernet.inference import Predictor
    from tsernet.models import build_tsernet
    from tsernet.runtimes.torch_session import TorchSession

    if threads:
        torch.set_num_threads(threads)
    images = list(np.random.default_rng(0).integers(0, 256, (batch, 200, 200), dtype=np.uint8))
    torch.manual_seed(0)
    session = TorchSession(build_tsernet("full", width).eval(), device)
    single = Predictor(session, resize=size, batch_size=1)
    batched = Predictor(session, resize=size, batch_size=batch)
    ways = {"one at a time": lambda: single.predict(images), f"{batch} at a time": lambda: batched.predict(images)}
    timings = per_item(time_in_turn(ways, repetitions), batch)
    print_report(f"one image to its map, width {width:g}, at {size}×{size}", timings, as_json)

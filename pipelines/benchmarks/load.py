"""`tsernet benchmark load`: what one training sample costs, from the disk and from memory."""

from __future__ import annotations

import tempfile
from itertools import count
from pathlib import Path
from typing import Annotated

import typer

from pipelines.benchmarks.measure import per_item, print_report, time_in_turn
from tsernet.errors import CheckError

_PRESET = Path(__file__).parents[2] / "presets" / "paper.yaml"
_SAMPLES = 50
_ROOMS = ("images", "masks", "edges")


def register(group: typer.Typer) -> None:
    """Add the command `load`."""
    group.command()(load)


def load(
    size: Annotated[int, typer.Option(min=32, help="Side of the images as stored.")] = 200,
    resize: Annotated[int, typer.Option(min=32, help="Side to which they are resized, a multiple of 32.")] = 256,
    crop: Annotated[int, typer.Option(min=32, help="Side that is cut out, a multiple of 32.")] = 224,
    repetitions: Annotated[int, typer.Option(min=1, help="Rounds of fifty samples.")] = 20,
    at_most: Annotated[float, typer.Option(help="Exit code 1 if one from memory takes more milliseconds; 0: never.")] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Time one sample, image, mask and edge: drawn from memory, as a training does, and decoded anew where memory is short."""
    import numpy as np

    from tsernet.config import Augment, load_params
    from tsernet.data.augment import Sample, TrainingSample, augment
    from tsernet.data.samples import SampleStore

    settings = load_params(_PRESET).train
    drawn = {"resize": resize, "crop": crop, "flip": 0.5, "rotate": True}
    config = Augment.model_validate(settings.augment.model_dump() | drawn)
    place = count()

    with tempfile.TemporaryDirectory(prefix="tsernet-benchmark-") as scratch:
        names = _write_samples(Path(scratch), size)

        store = SampleStore(Path(scratch), names, resize)

        def finish(sample: Sample) -> TrainingSample:
            return augment(sample, config, settings.scaling, np.random.default_rng((0, 1, next(place))))

        held = [store.decode(name) for name in names]
        ways = {"from memory": lambda: [finish(one) for one in held], "from disk": lambda: [finish(store.decode(one)) for one in names]}
        timings = per_item(time_in_turn(ways, repetitions), len(names))
    print_report(f"one sample with mask and edge, {size} → {resize} → {crop}", timings, as_json)
    taken = 1e3 * timings[0].median
    if at_most and taken > at_most:
        raise CheckError(f"a sample took {taken:.2f} ms, expected at most {at_most:g} ms")


def _write_samples(folder: Path, size: int) -> list[str]:
    """Write samples as the stage `prepare` does: grey strips of noise with one bright defect."""
    import numpy as np
    from PIL import Image

    from tsernet.data.edges import edge_map

    for room in _ROOMS:
        (folder / room).mkdir()
    names = [f"s{index}" for index in range(_SAMPLES)]
    for index, name in enumerate(names):
        image = np.random.default_rng(index).integers(60, 120, (size, size), dtype=np.uint8)
        mask = np.zeros_like(image)
        mask[size // 4 : size // 2, size // 5 + index : size // 2 + index] = 255
        image[mask > 0] += 100
        for room, plane in zip(_ROOMS, (image, mask, edge_map(mask, 3)), strict=True):
            Image.fromarray(plane).save(folder / room / f"{name}.png")
    return names

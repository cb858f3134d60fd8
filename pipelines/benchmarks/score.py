"""`tsernet benchmark score`: scoring in parallel against PySODMetrics' own classes in one process, and whether the figures agree."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.benchmarks.measure import print_report, time_in_turn
from tsernet.errors import CheckError, UserError

_SIDE = 200
_AGREEMENT = 1e-9


def register(group: typer.Typer) -> None:
    """Add the command `score`."""
    group.command()(score)


def score(
    maps: Annotated[Path | None, typer.Option(help="Folder of maps; made-up ones otherwise.")] = None,
    masks: Annotated[Path | None, typer.Option(help="Folder of their masks.")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many made-up images.")] = 360,
    repetitions: Annotated[int, typer.Option(min=1)] = 5,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0: one a core.")] = 0,
    at_most: Annotated[float, typer.Option(help="Exit code 1 if ours takes more than this share of the library's time; 0: never.")] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Time the scoring of a folder against PySODMetrics' own classes in one process, and compare the figures."""
    from tsernet.metrics import Scores, score_folder

    if (maps is None) != (masks is None):
        raise UserError("expected both --maps and --masks, or neither, got one")
    with _folders(maps, masks, count) as (saliency, truth):
        names = sorted(path.stem for path in saliency.iterdir())
        expected: dict[str, float] = {}
        ours: list[Scores] = []
        ways = {
            "PySODMetrics, one process": lambda: expected.update(score_by_library(saliency, truth)),
            "tsernet": lambda: ours.append(score_folder(saliency, truth, names, workers=workers or None)),
        }
        timings = time_in_turn(ways, repetitions)
    difference = max(abs(getattr(one, key) - value) for one in ours for key, value in expected.items())
    print_report(f"all measures of {len(names)} images", timings, as_json, {"largest_difference": difference})
    if difference > _AGREEMENT:
        raise CheckError(f"figures differ from PySODMetrics' by {difference:.1e}, expected at most {_AGREEMENT:.0e}")
    share = timings[1].median / timings[0].median
    if at_most and share > at_most:
        raise CheckError(f"scoring took {share:.0%} of PySODMetrics' time, expected at most {at_most:.0%}")


def score_by_library(maps: Path, masks: Path) -> dict[str, float]:
    """Score a folder as PySODMetrics' own documentation does it: every class steps over every pair, in one process."""
    import numpy as np
    import py_sod_metrics as sod
    from PIL import Image

    handlers = {
        "f": sod.FmeasureHandler(with_dynamic=True, with_adaptive=True, beta=0.3),
        "precision": sod.PrecisionHandler(with_dynamic=True, with_adaptive=False),
        "recall": sod.RecallHandler(with_dynamic=True, with_adaptive=False),
        "iou": sod.IOUHandler(with_dynamic=False, with_adaptive=False, with_binary=True),
    }
    mae, s, e, weighted, curves = sod.MAE(), sod.Smeasure(), sod.Emeasure(), sod.WeightedFmeasure(), sod.FmeasureV2(handlers)
    for path in sorted(maps.iterdir()):
        pair = [np.asarray(Image.open(file).convert("L")) for file in (path, masks / f"{path.stem}.png")]
        for metric in (mae, s, e, weighted, curves):
            metric.step(*pair)
    em, results = e.get_results()["em"], curves.get_results()
    values: dict[str, Any] = {
        "s_measure": s.get_results()["sm"],
        "mae": mae.get_results()["mae"],
        "max_e_measure": em["curve"].max(),
        "mean_e_measure": em["curve"].mean(),
        "adaptive_e_measure": em["adp"],
        "max_f_measure": results["f"]["dynamic"].max(),
        "mean_f_measure": results["f"]["dynamic"].mean(),
        "adaptive_f_measure": results["f"]["adaptive"],
        "weighted_f_measure": weighted.get_results()["wfm"],
        "iou": results["iou"]["binary"],
    }
    return {key: float(value) for key, value in values.items()}


def make_images(folder: Path, count: int) -> tuple[Path, Path]:
    """Write made-up maps and masks of 200×200: soft ellipses against hard ones, every other map noisy all over.

    Returns:
        The folder of maps and that of masks.
    """
    import numpy as np
    from PIL import Image

    maps, masks = folder / "maps", folder / "masks"
    maps.mkdir(parents=True)
    masks.mkdir()
    rows, columns = np.mgrid[:_SIDE, :_SIDE]
    for number in range(count):
        generator = np.random.default_rng(number)
        y, x = generator.uniform(40, 160, 2)
        radius = generator.uniform(6, 60)
        distance = np.hypot(rows - y, 0.7 * (columns - x))
        soft = 255 / (1 + np.exp((distance - radius) / 3)) + generator.normal(0, 6 * (number % 2), distance.shape)
        Image.fromarray((255 * (distance < radius)).astype(np.uint8)).save(masks / f"{number:04}.png")
        Image.fromarray(np.clip(soft, 0, 255).astype(np.uint8)).save(maps / f"{number:04}.png")
    return maps, masks


@contextmanager
def _folders(maps: Path | None, masks: Path | None, count: int) -> Iterator[tuple[Path, Path]]:
    if maps and masks:
        yield maps, masks
        return
    with tempfile.TemporaryDirectory() as folder:
        yield make_images(Path(folder), count)

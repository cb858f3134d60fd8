"""`tsernet benchmark score`: scoring in parallel against PySODMetrics' own classes in one process, and whether the figures agree."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from tsernet.errors import CheckError, UserError

_SIDE = 200
_AGREEMENT = 1e-9


@dataclass(frozen=True, slots=True)
class Comparison:
    """Medians over the repeats; `share` is ours over theirs, `largest_difference` that of any of the ten measures."""

    pictures: int
    workers: int
    library_seconds: float
    our_seconds: float
    share: float
    largest_difference: float


def register(group: typer.Typer) -> None:
    """Add the command `score` to the group `benchmark`."""
    group.command()(score)


def score(
    maps: Annotated[Path | None, typer.Option(help="Folder of maps; made-up ones otherwise.")] = None,
    masks: Annotated[Path | None, typer.Option(help="Folder of their masks.")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many made-up pictures.")] = 360,
    repeats: Annotated[int, typer.Option(min=1, help="How often each is timed; the two take turns.")] = 3,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0: one a core.")] = 0,
    at_most: Annotated[float, typer.Option(help="Exit code 1 if ours takes more than this share of the library's time; 0: never.")] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Time the scoring of a folder against PySODMetrics' own single process, and compare the figures."""
    if (maps is None) != (masks is None):
        raise UserError("expected both --maps and --masks, or neither, got one")
    with _folders(maps, masks, count) as (saliency, truth):
        result = compare(saliency, truth, repeats, workers or None, lambda what: print(what, file=sys.stderr))
    print(json.dumps(asdict(result)) if as_json else _describe(result))
    if result.largest_difference > _AGREEMENT:
        raise CheckError(f"figures differ from PySODMetrics' by {result.largest_difference:.1e}, expected at most {_AGREEMENT:.0e}")
    if at_most and result.share > at_most:
        raise CheckError(f"scoring took {result.share:.0%} of PySODMetrics' time, expected at most {at_most:.0%}")


def compare(maps: Path, masks: Path, repeats: int, workers: int | None, progress: Callable[[str], None]) -> Comparison:
    """Time both ways in turns, so that a busy machine is busy for both.

    Args:
        maps: Folder of maps.
        masks: Folder of their masks.
        repeats: How often each is timed.
        workers: Processes of ours; one a core otherwise.
        progress: Told the times as they come.
    """
    from tsernet.metrics import score_folder
    from tsernet.metrics.folder import available_cores

    names = sorted(path.stem for path in maps.iterdir())
    theirs, ours, differences = [], [], []
    for turn in range(repeats):
        seconds, expected = _time(lambda: score_by_library(maps, masks))
        theirs.append(seconds)
        seconds, scores = _time(lambda: score_folder(maps, masks, names, workers=workers))
        ours.append(seconds)
        differences.append(max(abs(getattr(scores, key) - value) for key, value in expected.items()))
        progress(f"turn {turn + 1} of {repeats}: PySODMetrics {theirs[-1]:.2f} s, tsernet {ours[-1]:.2f} s")
    library, own = statistics.median(theirs), statistics.median(ours)
    return Comparison(len(names), workers or available_cores(), library, own, own / library, max(differences))


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


def make_pictures(folder: Path, count: int) -> tuple[Path, Path]:
    """Write made-up maps and masks of 200×200: soft, noisy ellipses against hard ones.

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
        soft = 255 / (1 + np.exp((distance - radius) / 3)) + generator.normal(0, 6, distance.shape)
        Image.fromarray((255 * (distance < radius)).astype(np.uint8)).save(masks / f"{number:04}.png")
        Image.fromarray(np.clip(soft, 0, 255).astype(np.uint8)).save(maps / f"{number:04}.png")
    return maps, masks


@contextmanager
def _folders(maps: Path | None, masks: Path | None, count: int) -> Iterator[tuple[Path, Path]]:
    if maps and masks:
        yield maps, masks
        return
    with tempfile.TemporaryDirectory() as folder:
        yield make_pictures(Path(folder), count)


def _time(function: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    result = function()
    return time.perf_counter() - begin, result


def _describe(result: Comparison) -> str:
    return (
        f"{result.pictures} pictures: PySODMetrics alone {result.library_seconds:.2f} s, tsernet with {result.workers} processes"
        f" {result.our_seconds:.2f} s ({result.share:.0%}); the figures differ by at most {result.largest_difference:.1e}"
    )

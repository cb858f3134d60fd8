"""A drill of three to eight minutes: what `tsernet monitor` says of real images, of the same ones changed, and how often it is wrong.

The reference is four fifths of the official training part of SD-saliency-900, inspected with the shipped weights; the 400 images of the
same kind are the official test part and forty more, none of them in the reference.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from inspections import inspected, make_working_copy, write_log
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from typer.testing import CliRunner

from pipelines.cli import build_app
from pipelines.exit_codes import DRIFTED
from pipelines.monitoring.figures import Figures, figures_of, sharpness
from pipelines.monitoring.monitor import RATE, WINDOW, Look, reference_of
from pipelines.monitoring.reference import Reference
from pipelines.monitoring.verdict import Verdict, judge
from pipelines.monitoring.window import Window
from pipelines.serving.loaded import Usage, load
from pipelines.serving.log import read_log
from tsernet.drift import IMAGE, MODEL, compare, fit_projection, keys_of
from tsernet.inspection import image_statistics

pytestmark = [pytest.mark.drill, pytest.mark.timeout(3600)]
Pixels = NDArray[np.uint8]
WINDOWS = 4
"""Of each changed kind."""


def whiter(white: int) -> Callable[[Pixels], Pixels]:
    """8 bits from 12, as a camera writes them whose white level is another than 4095."""
    rng = np.random.default_rng(0)

    def change(pixels: Pixels) -> Pixels:
        deep = pixels * 16.0 + rng.integers(0, 16, pixels.shape)  # what the 8 bits have lost
        return np.rint(deep * 255 / white).clip(0, 255).astype(np.uint8)

    return change


CHANGES: dict[str, tuple[Callable[[Pixels], Pixels], str]] = {
    "darkened by 15 %": (lambda pixels: np.rint(pixels * 0.85).astype(np.uint8), "brightness"),
    "blurred, sigma 1": (lambda pixels: np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(1))), "sharpness"),
    "white at 3000 of 4095": (whiter(3000), "brightness"),
}


@pytest.fixture(scope="module")
def images(shared: Path) -> dict[str, Pixels]:
    """The real images by name."""
    paths = sorted((shared / "data/SD-saliency-900/Source Images").glob("*.bmp"))
    return {path.stem: np.asarray(Image.open(path).convert("L")) for path in paths}


@pytest.fixture(scope="module")
def parts(images: dict[str, Pixels]) -> tuple[list[str], list[str]]:
    """Names of the reference's images, and of 400 others."""
    test = [name for name in images if (int(name[3:]) - 1) % 100 >= 60]
    rest = [name for name in images if name not in test]
    validation = rest[::5]
    return [name for name in rest if name not in validation], test + validation[::2][:40]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, images: dict[str, Pixels], parts: tuple[list[str], list[str]]) -> Path:
    """A working copy with the reference's images."""
    path = tmp_path_factory.mktemp("repository")
    make_working_copy(path, {name: images[name] for name in parts[0]})
    return path


@pytest.fixture(scope="module")
def reference(place: Path) -> Reference:
    """The reference, made as the command makes it."""
    return reference_of(Look("shipped", place, place / ".tsernet/monitor", place), print)


@pytest.fixture(scope="module")
def seen(place: Path, images: dict[str, Pixels], parts: tuple[list[str], list[str]]) -> dict[str, Figures]:
    """What the log holds of the 400 images, as they are and changed in each way."""
    model, found = load("shipped", Usage()), {}
    for kind, change in {"as they are": lambda pixels: pixels, **{kind: change for kind, (change, _) in CHANGES.items()}}.items():
        log = write_log(place / kind, inspected(((name, change(images[name])) for name in parts[1]), model))
        found[kind] = figures_of(list(read_log(log)))
    return found


def some(figures: Figures, rng: np.random.Generator, among: NDArray[np.bool_] | None = None) -> Figures:
    """Draw a window of images."""
    places = np.flatnonzero(among) if among is not None else np.arange(len(figures))
    return figures.chosen(np.isin(np.arange(len(figures)), rng.choice(places, WINDOW, replace=False)))


def verdict_of(figures: Figures, reference: Reference) -> Verdict:
    return judge(Window(figures, "", "", {}, 0), reference, WINDOW, RATE)


def test_twenty_windows_of_the_same_kind_and_no_alarm(reference: Reference, seen: dict[str, Figures]) -> None:
    rng = np.random.default_rng(0)
    verdicts = [verdict_of(some(seen["as they are"], rng), reference) for _ in range(20)]
    chances = sorted(min(one.chance for one in verdict.compared) for verdict in verdicts)
    moved = [verdict.moved for verdict in verdicts if verdict.moved]
    print(
        f"\nrate {RATE:.1%}: {len(moved)} of 20 alarms; {(1 - RATE) ** 20:.1%} is the chance of none; the five least chances {chances[:5]}"
    )
    assert moved == []


@pytest.mark.parametrize("kind", [*CHANGES, "In", "Pa", "Sc"])
def test_a_change_is_seen_in_each_window_and_named(
    reference: Reference, seen: dict[str, Figures], parts: tuple[list[str], list[str]], kind: str
) -> None:
    rng = np.random.default_rng(1)
    of_class = np.array([name.startswith(kind) for name in parts[1]]) if kind not in CHANGES else None
    figures = seen[kind if kind in CHANGES else "as they are"]
    found = [verdict_of(some(figures, rng, of_class), reference).moved for _ in range(WINDOWS)]
    print(f"\n{kind}: {sum(map(bool, found))} of {WINDOWS} windows alarm: {'; '.join(', '.join(moved) or 'nothing' for moved in found)}")
    # Another class only is another texture: the strongest direction of the features.
    _, named = CHANGES.get(kind, (None, "feature_1"))
    assert all(named in moved for moved in found)


def test_the_command_reports_the_darkened_images(
    place: Path, reference: Reference, seen: dict[str, Figures], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    log = place / "darkened by 15 %"
    done = CliRunner().invoke(build_app(), ["monitor", "--model", "shipped", "--log", str(log), "--json", "--out", "report.html"])
    assert done.exit_code == DRIFTED
    assert "brightness" in json.loads(done.stdout)["moved"]
    assert "Brightness" in (place / "report.html").read_text(encoding="utf-8")


def test_how_often_it_is_wrong(reference: Reference, seen: dict[str, Figures]) -> None:
    """Thousands of windows against the limits of one comparison, which hardly differ from window to window."""
    rng, same = np.random.default_rng(2), seen["as they are"]
    values = _joined(reference.figures, same)
    count = len(reference.figures)
    for rate in (RATE, 0.05):
        limits = _limits(values, rate, count)
        fixed = _alarms(limits, values, lambda: (np.arange(count), count + rng.choice(400, WINDOW, replace=False)), 3000)
        dealt = _alarms(limits, values, lambda: np.split(rng.permutation(count + 400)[: count + WINDOW], [count]), 3000)
        print(f"\nrate {rate:.1%}: {fixed:.2%} of 3000 windows of these 400 images alarm; reference and window dealt anew: {dealt:.2%}")
        assert dealt <= rate + 4 * (rate / 3000) ** 0.5


def test_how_small_a_change_is_seen(images: dict[str, Pixels], parts: tuple[list[str], list[str]], reference: Reference) -> None:
    """By the image's columns alone, which need no network: told, not demanded."""
    rng, keys = np.random.default_rng(3), keys_of(IMAGE)
    known = {key: reference.figures.columns[key] for key in keys}
    changes = {f"darkened by {share} %": _darker(share) for share in (5, 10, 15)}
    changes |= {f"white at {white} of 4095": whiter(white) for white in (3750, 3500, 3250, 3000)}
    for kind, change in changes.items():
        rows = [vars(image_statistics(change(images[name]))) for name in parts[1]]
        found = {key: np.array([row[key] for row in rows]) for key in keys} | {"sharpness": sharpness([row["sharpness"] for row in rows])}
        values = {key: np.concatenate([known[key], found[key]]) for key in keys}
        shares = []
        for window in (WINDOW, 2 * WINDOW):
            limits = _limits(values, RATE, len(reference.figures), window)
            count = len(reference.figures)
            deal = partial(_drawn, rng, count, window)
            shares.append(f"{_alarms(limits, values, deal, 300):.0%} of windows of {window}")
        print(f"\n{kind}: {', '.join(shares)} alarm")


def _darker(share: int) -> Callable[[Pixels], Pixels]:
    return lambda pixels: np.rint(pixels * (1 - share / 100)).astype(np.uint8)


def _drawn(rng: np.random.Generator, count: int, window: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.arange(count), count + rng.choice(400, window, replace=False)


def _limits(values: dict[str, NDArray[np.float64]], rate: float, count: int, window: int = WINDOW) -> dict[str, float]:
    """The limits of both kinds of columns, from many deals."""
    limits = {}
    for kind in (IMAGE, MODEL):
        keys = [key for key in keys_of(kind) if key in values]
        known, drawn = ({key: values[key][part] for key in keys} for part in (slice(count), slice(count, count + window)))
        limits |= {one.key: one.limit for one in compare(known, drawn, rate / 2, deals=20_000)} if keys else {}
    return limits


def _joined(one: Figures, other: Figures) -> dict[str, NDArray[np.float64]]:
    features = np.concatenate([one.features, other.features])
    columns = {key: np.concatenate([values, other.columns[key]]) for key, values in one.columns.items()}
    return columns | fit_projection(features).columns(features)


def _alarms(
    limits: dict[str, float],
    values: dict[str, NDArray[np.float64]],
    deal: Callable[[], tuple[NDArray[np.int64], NDArray[np.int64]]],
    windows: int,
) -> float:
    def alarms() -> bool:
        known, drawn = deal()
        return any(_distance(values[key][known], values[key][drawn]) >= limit - 1e-9 for key, limit in limits.items())

    return sum(alarms() for _ in range(windows)) / windows


def _distance(known: NDArray[np.float64], drawn: NDArray[np.float64]) -> float:
    places = np.concatenate([known, drawn])
    below = [np.searchsorted(np.sort(one), places, side="right") / len(one) for one in (known, drawn)]
    return float(np.abs(below[0] - below[1]).max())

"""Curves, drawn by matplotlib without a display."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tsernet.metrics import Curves
from tsernet.metrics.measures import Floats

# Okabe and Ito's colours: told apart by colour-blind readers too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5195", "#4D4D4D")
DIM = "#B8BEC4"

_STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E6E9EC",
    "axes.edgecolor": "#8A939B",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "svg.fonttype": "path",
    # The same curves give the same file, so that DVC sees no change where there is none.
    "svg.hashsalt": "tsernet",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A method's precision and recall, each (256,), and whether it is highlighted."""

    label: str
    precision: Floats
    recall: Floats
    highlight: bool


@contextmanager
def _figure(path: Path, width: float = 7.0, height: float = 5.0) -> Iterator[Any]:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure.subplots()
        figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})
        figure.savefig(path.with_suffix(".png"), dpi=150, metadata={"Software": None})


def pr_plot(lines: Sequence[Line], path: Path) -> None:
    """Draw precision over recall, as the paper's Fig. 6: highlighted methods in colour, the others dim.

    Args:
        lines: The methods, the most important first.
        path: Written as .svg and .png.
    """
    with _figure(path, 6.0, 5.4) as axes:
        colours = iter(COLOURS * (1 + len(lines) // len(COLOURS)))
        for order, line in enumerate(lines):
            axes.plot(
                line.recall,
                line.precision,
                color=next(colours) if line.highlight else DIM,
                linewidth=2.4 if order == 0 else (1.6 if line.highlight else 1.1),
                linestyle="-" if line.highlight else _DASHES[order % len(_DASHES)],
                zorder=20 - order if line.highlight else 1,
                label=line.label,
            )
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
        # Below: a phone shows the figure at its own width.
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3, fontsize=9)


_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.4)), (0, (6, 2, 1, 2)))


def reliability_plot(values: Floats, shares: Floats, weights: Floats, path: Path) -> None:
    """Draw how often a pixel of a given saliency is defect.

    Args:
        values: Mean saliency of each bin, 0…1.
        shares: Share of defect pixels in each bin, 0…1.
        weights: Share of all pixels in each bin; drawn as bars.
        path: Written as .svg and .png.
    """
    with _figure(path, 5.6, 4.6) as axes:
        axes.bar(values, weights, width=0.07, color="#DCE3E8", label="share of pixels")
        axes.plot([0, 1], [0, 1], color="#8A939B", linestyle=(0, (4, 3)), linewidth=1, label="perfectly reliable")
        axes.plot(values, shares, color=COLOURS[0], marker="o", linewidth=2, label="share that is defect")
        axes.set(xlim=(-0.04, 1.04), ylim=(0, 1.02), xlabel="saliency", ylabel="share")
        # Clear of the bar at 0, where most pixels are.
        axes.legend(loc="upper left", bbox_to_anchor=(0.08, 1.0), fontsize=9)


def froc_plot(per_megapixel: Floats, found: Mapping[str, Floats], place: int, path: Path) -> None:
    """Draw the free-response ROC, a line a size class, and the operating point on each.

    Args:
        per_megapixel: False components in a million pixels, (K,).
        found: Share of the defects found, (K,), by the line's name; a class without defects is left out.
        place: Of the operating point, below K.
        path: The file.
    """
    with _figure(path, 5.6, 4.6) as axes:
        order = np.argsort(per_megapixel, kind="stable")
        for colour, (name, shares) in zip(COLOURS, found.items(), strict=False):
            if np.isnan(shares).all():
                continue
            axes.plot(per_megapixel[order], shares[order], color=colour, linewidth=1.8, label=name)
            axes.plot(per_megapixel[place], shares[place], "o", color=colour, markersize=7)
        axes.set(xlabel="false components in a million pixels", ylabel="share of the defects found", ylim=(0, 1.02))
        axes.set_xlim(left=0)
        axes.legend(loc="lower right", fontsize=9)


def threshold_plot(test: Curves, validation: Curves | None, path: Path) -> None:
    """Draw the F-measure over the threshold: on the test set and, where there is one, on the validation share whose peak is chosen."""
    levels = np.arange(256) / 255
    with _figure(path, 5.6, 4.6) as axes:
        axes.plot(levels, test.f_measure, color=COLOURS[0], linewidth=2, label="test set")
        if validation:
            chosen = validation.best_threshold
            axes.plot(levels, validation.f_measure, color=COLOURS[1], linewidth=1.6, label="validation share")
            axes.axvline(chosen / 255, color="#8A939B", linestyle=(0, (4, 3)), linewidth=1, label=f"chosen: {chosen} of 255")
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="threshold", ylabel="F-measure (beta² = 0.3)")
        axes.legend(loc="best", fontsize=9)

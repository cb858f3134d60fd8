"""The record of a training: every step's loss, and the rows that history.csv and the tracker get from it."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import torch
from torch import Tensor

from tsernet.data.atomic import write_whole

LOSS_COLUMNS = ("loss", "loss_edge", "loss_bce", "loss_ssim", "loss_iou", "loss_f")
VALIDATION_COLUMNS = ("val_s_measure", "val_mae", "val_max_e_measure", "val_max_f_measure", "val_weighted_f_measure")
COLUMNS = ("step", "lr", *LOSS_COLUMNS, *VALIDATION_COLUMNS)

Row = dict[str, float]


class History:
    """Losses of every step, validation scores of some; kept whole in each checkpoint, so that a resumed training's
    record is the undisturbed one's.

    Args:
        log_every: A row stands for the mean over so many steps.
    """

    def __init__(self, log_every: int) -> None:
        self._log_every = log_every
        self._losses: list[list[float]] = []
        self._rates: list[float] = []
        self._validation: dict[int, Row] = {}

    @property
    def steps(self) -> int:
        """How many steps are recorded."""
        return len(self._losses)

    @property
    def totals(self) -> list[float]:
        """The total loss of every step."""
        return [row[0] for row in self._losses]

    def add_step(self, losses: list[float], rate: float) -> None:
        """Record a step's losses, in the order of LOSS_COLUMNS, and its learning rate."""
        self._losses.append(losses)
        self._rates.append(rate)

    def add_validation(self, scores: Row) -> None:
        """Record validation scores at the newest step."""
        self._validation[self.steps] = scores

    def best_step(self) -> int | None:
        """The step of the highest validation S-measure, the earliest of equals; None without validation."""
        return max(self._validation, key=lambda step: self._validation[step]["val_s_measure"], default=None)

    def row(self, step: int) -> Row | None:
        """The row that ends at `step`, or None where none does."""
        is_logged = step % self._log_every == 0
        if not is_logged and step not in self._validation:
            return None
        row: Row = {}
        if is_logged:
            window = self._losses[step - self._log_every : step]
            row = {name: math.fsum(values) / len(window) for name, values in zip(LOSS_COLUMNS, zip(*window, strict=True), strict=True)}
            row["lr"] = self._rates[step - 1]
        return row | self._validation.get(step, {})

    def write_csv(self, path: Path) -> None:
        """Write all rows, atomically; a column without a value in a row is left empty."""
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        table.writeheader()
        for step in range(1, self.steps + 1):
            row = self.row(step)
            if row is not None:
                table.writerow({"step": step, **row})
        write_whole(path, text.getvalue())

    def to_state(self) -> tuple[Tensor, dict[str, Row]]:
        """What a checkpoint keeps: a float64 tensor (steps, 7) and the validation rows by step."""
        table = [[*losses, rate] for losses, rate in zip(self._losses, self._rates, strict=True)]
        return torch.tensor(table, dtype=torch.float64).reshape(-1, len(LOSS_COLUMNS) + 1), {
            str(step): row for step, row in self._validation.items()
        }

    @classmethod
    def from_state(cls, log_every: int, table: Tensor, validation: dict[str, Row]) -> History:
        """Rebuild the record from a checkpoint."""
        history = cls(log_every)
        for *losses, rate in table.tolist():
            history.add_step(losses, rate)
        history._validation = {int(step): row for step, row in validation.items()}
        return history

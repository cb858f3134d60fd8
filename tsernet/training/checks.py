"""What goes wrong in a training, each as one line that says where and what to change."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from tsernet.config import Train
from tsernet.errors import CheckError
from tsernet.training.history import LOSS_COLUMNS


class NotFiniteError(CheckError):
    """The loss is NaN or infinite; every process of a training finds so at the same step."""


def require_finite(losses: Sequence[float], step: int, names: list[str], checkpoints: Path) -> None:
    """Stop a training whose loss is NaN or infinite.

    Args:
        losses: Of one step, in the order of LOSS_COLUMNS.
        step: From 0.
        names: The batch's samples.
        checkpoints: The folder to name.
    Raises:
        NotFiniteError: Naming the step, the terms and the batch's files.
    """
    if math.isfinite(losses[0]):
        return
    terms = zip(LOSS_COLUMNS[1:], losses[1:], strict=True)
    bad = [name.removeprefix("loss_") for name, value in terms if not math.isfinite(value)] or ["total"]
    raise NotFiniteError(
        f"the loss is not finite at step {step + 1}: term {', '.join(bad)}; images {', '.join(names)};"
        f" the last good checkpoint stays in {checkpoints}; try a lower train.optimiser.lr or train.optimiser.clip_norm"
    )


@contextmanager
def explain_out_of_memory(config: Train) -> Iterator[None]:
    """Turn "out of memory" into one line that says what to change.

    Raises:
        CheckError: In place of the error.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # On the CPU torch raises a plain RuntimeError whose text alone tells.
        is_memory = isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)
        if not is_memory:
            raise
        raise CheckError(
            f"out of memory: lower train.batch_size (now {config.batch_size}),"
            f" train.augment.crop (now {config.augment.crop}) or model.width"
        ) from None

"""Writes that collide with another process's in the store's database: said again, a little later."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

ATTEMPTS = 12
_SIGNS = ("IntegrityError", "OperationalError", "UniqueViolation", "database is locked", "deadlock", "serialize", "Giving up after")


def repeat_on_collision(write: Callable[[], Any]) -> Any:
    """Make a write that may safely be made twice.

    Args:
        write: Called until it does not collide, at most ATTEMPTS times.
    Returns:
        What it returns.
    Raises:
        MlflowException: If it fails for another reason, or to the last.
    """
    from mlflow.exceptions import MlflowException

    for attempt in range(1, ATTEMPTS):
        try:
            return write()
        except MlflowException as error:
            if not any(sign in str(error) for sign in _SIGNS):
                raise
            time.sleep(random.uniform(0.05, 0.3) * attempt)
    return write()

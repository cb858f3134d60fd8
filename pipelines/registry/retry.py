"""Registry writes that collide with another process's in the store's database are retried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tenacity import retry as make_retry
from tenacity import retry_if_exception, stop_after_attempt, wait_random_exponential

ATTEMPTS = 12
_SIGNS = ("IntegrityError", "OperationalError", "UniqueViolation", "database is locked", "deadlock", "serialize", "Giving up after")


def retry_on_collision(write: Callable[[], Any]) -> Any:
    """Make a write that may safely be made twice.

    Args:
        write: Called until it does not collide, at most ATTEMPTS times.
    Returns:
        What it returns.
    Raises:
        MlflowException: If it fails for another reason, or the last time.
    """
    attempt = make_retry(
        retry=retry_if_exception(_is_collision),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.1, max=3.0),
        reraise=True,
    )
    return attempt(write)()


def _is_collision(error: BaseException) -> bool:
    # By name: MLflow's import takes seconds, and what raised it has been imported.
    is_mlflow = any(kind.__name__ == "MlflowException" for kind in type(error).__mro__)
    return is_mlflow and any(sign in str(error) for sign in _SIGNS)

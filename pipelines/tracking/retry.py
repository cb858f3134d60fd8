"""Writes to MLflow that collide with another process's in the store's database are retried, and so is a read of what is being written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tenacity import retry as make_retry
from tenacity import retry_if_exception, retry_if_result, stop_after_attempt, wait_random_exponential

ATTEMPTS = 12
_WAIT = wait_random_exponential(multiplier=0.1, max=3.0)
Found = TypeVar("Found")
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
        wait=_WAIT,
        reraise=True,
    )
    return attempt(write)()


def read_until(read: Callable[[], Found], is_whole: Callable[[Found], bool]) -> Found:
    """Read what another process may be writing.

    Args:
        read: Called until what it returns is whole, at most ATTEMPTS times.
        is_whole: Asked of what was read.
    Returns:
        What was read last, whole or not.
    """
    attempt = make_retry(
        retry=retry_if_result(lambda found: not is_whole(found)),
        stop=stop_after_attempt(ATTEMPTS),
        wait=_WAIT,
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else read(),
    )
    found: Found = attempt(read)()
    return found


def _is_collision(error: BaseException) -> bool:
    # By name: MLflow's import takes seconds, and what raised it has been imported.
    is_mlflow = any(kind.__name__ == "MlflowException" for kind in type(error).__mro__)
    return is_mlflow and any(sign in str(error) for sign in _SIGNS)

"""An sqlite database of MLflow's comes into being whole."""

from __future__ import annotations

from pathlib import Path

_SQLITE = "sqlite:///"


def is_database_missing(uri: str) -> bool:
    """Say whether a tracking URI means an sqlite file that is not there."""
    return uri.startswith(_SQLITE) and not Path(uri.removeprefix(_SQLITE)).exists()


def make_database(uri: str) -> None:
    """Make an sqlite database with all of MLflow's tables; hold `machine_lock("database")` meanwhile.

    MLflow makes its tables one after the other, for seconds: killed in between it leaves a database that it never opens again. So they
    are made in a file beside, which then takes the name.

    Args:
        uri: As `is_database_missing` found it to be.
    """
    from mlflow import MlflowClient

    path = Path(uri.removeprefix(_SQLITE))
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)  # of one that was killed
    MlflowClient(tracking_uri=f"{_SQLITE}{partial}", registry_uri=f"{_SQLITE}{partial}").search_experiments()
    partial.replace(path)

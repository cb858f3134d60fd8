"""Fixtures that every room uses."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from xdist.scheduler import LoadFileScheduling

from tsernet.config import Params, parse_params

REPOSITORY = Path(__file__).parents[1]
# What libraries keep on purpose: MLflow's locks, torch's and Dask's caches, Prefect's folder for sources; and what a killed Python leaves.
_LIBRARIES = ("db_init_lock-", "torchinductor_", "torchelastic_", "dask-scratch-space", "runner_storage", "pymp-")
# Minutes each, in part waiting: begun last they would run alone.
_LONGEST = ("test_endings.py", "test_triggers.py", "test_two_clones.py", "test_pipeline.py", "test_wide_strip.py", "test_browser.py")
# One after the other in one process, for the fixture that they share.
_TOGETHER = (
    ("test_two_clones.py", "test_pipeline.py", "test_wide_strip.py"),
    ("test_report_browser.py", "test_report_build.py"),
    ("test_endings.py", "test_triggers.py"),
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """For --dist loadfile, hand out whole files, and some of them together."""
    return _Files(config, log) if config.getvalue("dist") == "loadfile" else None


class _Files(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        path = str(super()._split_scope(nodeid))
        return next((files[0] for files in _TOGETHER if Path(path).name in files), path)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, then those that hold a slow test: one begun last would leave the other processes idle."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    ranks = {name: rank for rank, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: (ranks.get(item.path.name, len(ranks)), item.path not in slow))


@pytest.fixture(scope="session", autouse=True)
def temporary_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give all that the tests start one folder for temporary files, and fail if anything of ours is left there in the end."""
    folder = tmp_path_factory.mktemp("tmp")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        patch.setenv("DVC_NO_ANALYTICS", "1")  # the first command's report would else be left there
        patch.setattr(tempfile, "tempdir", str(folder))
        yield folder
    left = {
        path.name: sorted(inner.name for inner in path.rglob("*"))[:5] for path in folder.iterdir() if not path.name.startswith(_LIBRARIES)
    }
    assert left == {}, f"tests or what they started have left in the temporary folder {folder}: {left}"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the real dataset and the published maps; a test that asks for it is skipped where it is not."""
    folder = Path(os.environ.get("TSERNET_SHARED", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here (TSERNET_SHARED names another place)")
    return folder


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An mlflow.db with its tables and nothing in them: making them takes seconds, copying none."""
    from pipelines.tracking.server import make_client

    path = tmp_path_factory.mktemp("database") / "mlflow.db"
    make_client(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def make_params() -> Callable[..., Params]:
    """Build params from a preset and changes such as {"train.iterations": 3}."""

    def make(changes: dict[str, Any] | None = None, preset: str = "demo") -> Params:
        tree = YAML(typ="safe", pure=True).load((REPOSITORY / "presets" / f"{preset}.yaml").read_text(encoding="utf-8"))
        for key, value in (changes or {}).items():
            *path, last = key.split(".")
            section = tree
            for part in path:
                section = section[part]
            section[last] = value
        return parse_params(tree, "test params")

    return make

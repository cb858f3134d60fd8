"""Look-ups that read the database themselves say what MLflow's own client says, and import none of it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from mlflow import MlflowClient

from pipelines.registry import Registry, settle
from pipelines.tracking.location import tracking_uri
from pipelines.tracking.lookup import LookupClient, aliases, is_known, run_inputs, run_tags
from pipelines.tracking.server import experiment_id, make_client

ROOT = Path(__file__).parents[3]


@pytest.fixture
def uri(repository: Path) -> str:
    """A store with three versions, the second of which was deleted."""
    from mlflow.entities import Dataset, DatasetInput

    client = MlflowClient(tracking_uri=tracking_uri(), registry_uri=tracking_uri())
    run = client.create_run(experiment_id(client, tracking_uri(), repository), tags={"tsernet.variant": "full"})
    client.log_inputs(run.info.run_id, datasets=[DatasetInput(Dataset("data/splits", "ab" * 16, "dvc", "{}"), [])])
    client.create_registered_model("tsernet")
    client.create_registered_model("other")
    for number in range(3):
        client.create_model_version("tsernet", f"{run.info.artifact_uri}/{number}", run.info.run_id, tags={"n": str(number)})
    client.create_model_version("other", "nowhere")
    client.delete_model_version("tsernet", "2")
    client.set_registered_model_alias("tsernet", "champion", "3")
    return tracking_uri()


def test_it_says_what_mlflow_says(uri: str) -> None:
    own, theirs = make_client(uri), MlflowClient(tracking_uri=uri, registry_uri=uri)
    assert isinstance(own, LookupClient)
    fields = ("name", "version", "run_id", "creation_timestamp", "source", "description", "tags")
    for name in ("tsernet", "other", "none"):
        found, expected = (
            [[getattr(one, key) or None for key in fields] for one in client.search_model_versions(f"name = '{name}'")]
            for client in (own, theirs)
        )
        assert sorted(map(str, found)) == sorted(str([*one[:1], str(one[1]), *one[2:]]) for one in expected)
        assert aliases(own, name) == aliases(theirs, name)
    run_id = theirs.search_model_versions("name = 'tsernet'")[0].run_id
    assert run_tags(own, run_id) == run_tags(theirs, run_id)
    assert run_inputs(own, run_id) == run_inputs(theirs, run_id) == {"data/splits": "ab" * 16}
    assert own.get_run(run_id).info.run_id == run_id  # handed on


def test_another_schema_is_mlflows_business(uri: str) -> None:
    assert is_known(uri)
    with closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as database:
        database.execute("UPDATE alembic_version SET version_num = 'later'")
        database.commit()
    assert not is_known(uri)
    assert not is_known("http://127.0.0.1:9")
    assert not is_known("sqlite:////nowhere/mlflow.db")


def test_a_look_up_imports_neither_mlflow_nor_torch(uri: str, repository: Path) -> None:
    settle(Registry())  # what it finds to mend it writes, through MLflow
    code = (
        "import sys; from pipelines.cli import build_app\n"
        "build_app()(['models', 'list', '--json'], standalone_mode=False)\n"
        "heavy = {'mlflow', 'torch', 'pandas', 'scipy', 'matplotlib'} & sys.modules.keys()\n"
        "assert not heavy, heavy"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], cwd=repository, env=environment, check=True, stdout=subprocess.DEVNULL)

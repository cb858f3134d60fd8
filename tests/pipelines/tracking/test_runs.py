"""Runs as a person finds them in MLflow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines import tracking
from tsernet.errors import UserError


def _client() -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking.tracking_uri())


def test_one_parent_one_child_a_variant_and_no_step_twice(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSERNET_EXECUTION", "one")
    monkeypatch.setenv("TSERNET_FLOW_RUN", "flow-7")
    (repository / "history.csv").write_text("step,loss\n")
    with tracking.child_run("full", 0) as run:
        run.log_params({"model.width": 0.125, "seeds": [0]})
        for step in range(5):
            run.log_step(step, {"train/loss": 1.0 / (step + 1)})
        run.log_artifact(repository / "history.csv")
        run.log_image(np.zeros((8, 8), np.uint8), "map.png", 4)
    with tracking.child_run("full", 0, resume=run.run_id) as again:
        for step in range(8):
            again.log_step(step, {"train/loss": 1.0 / (step + 1)})
        again.log_params({"model.width": 1.0})
        again.log_metrics({"test/mae": 0.1})
    with tracking.child_run("no_efbi", 0) as other:
        pass
    with tracking.parent_run() as parent:
        parent.set_tags({"note": "compared"})

    client = _client()
    found = client.get_run(run.run_id)
    assert again.run_id == run.run_id
    assert [point.step for point in client.get_metric_history(run.run_id, "train/loss")] == list(range(8))
    assert found.data.params == {"model.width": "0.125", "seeds": "[0]"}
    assert found.data.metrics["test/mae"] == pytest.approx(0.1)
    assert found.info.status == "FINISHED"
    assert {item.path for item in client.list_artifacts(run.run_id)} >= {"history.csv", "images"}
    assert run.parent_run_id == other.parent_run_id == parent.run_id
    tags = client.get_run(parent.run_id).data.tags
    assert tags["tsernet.flow_run"] == "flow-7"
    assert tags["tsernet.child.full-0"] == run.run_id
    assert client.get_run(parent.run_id).info.status == "FINISHED"
    assert not list((repository / ".tsernet" / "spool").glob("*/records.jsonl"))


def test_another_execution_names_the_run_that_made_a_restored_result(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSERNET_EXECUTION", "first")
    with tracking.child_run("full", 0) as made:
        pass
    monkeypatch.setenv("TSERNET_EXECUTION", "second")
    with tracking.child_run("full", 0, resume=made.run_id) as restored, tracking.parent_run() as parent:
        pass
    assert restored.parent_run_id == made.parent_run_id != parent.run_id
    assert _client().get_run(parent.run_id).data.tags["tsernet.child.full-0"] == made.run_id


def test_how_a_run_ended_is_its_status(repository: Path) -> None:
    with pytest.raises(ValueError, match="bad"), tracking.child_run("full", 0) as failed:
        raise ValueError("bad thing")
    with pytest.raises(KeyboardInterrupt), tracking.child_run("full", 1) as killed:
        raise KeyboardInterrupt
    client = _client()
    assert client.get_run(failed.run_id).info.status == "FAILED"
    assert client.get_run(failed.run_id).data.tags["tsernet.error"] == "ValueError: bad thing"
    assert client.get_run(killed.run_id).info.status == "KILLED"


def test_a_run_says_where_it_came_from(repository: Path) -> None:
    (repository / "params.yaml").write_text("preset: demo\n")
    (repository / "dvc.lock").write_text(
        "stages:\n  prepare:\n    outs:\n    - {path: data/prepared/images, md5: 0123456789abcdef0123456789abcdef.dir}\n"
    )
    summary = repository / "results" / "validation" / "summary.json"
    summary.parent.mkdir(parents=True)
    summary.write_text(json.dumps({"digests": {"dataset": "aa", "test": "bb"}}))
    with tracking.child_run("full", 3) as run:
        pass
    client = _client()
    found = client.get_run(run.run_id)
    assert found.data.tags["tsernet.digest.dataset"] == "aa"
    assert found.data.tags["tsernet.digest.test"] == "bb"
    assert len(found.data.tags["tsernet.params_digest"]) == 64
    assert found.data.tags["tsernet.device"].startswith(("cpu", "cuda"))
    assert [(each.dataset.name, each.dataset.digest) for each in found.inputs.dataset_inputs] == [
        ("data/prepared/images", "0123456789abcdef0123456789abcdef.dir")
    ]
    assert {item.path for item in client.list_artifacts(run.run_id, "source")} >= {"source/params.yaml", "source/dvc.lock"}


def test_an_unknown_run_is_replaced_by_a_new_one_that_says_so(repository: Path) -> None:
    with tracking.child_run("full", 0, resume="0" * 32) as run:
        pass
    assert _client().get_run(run.run_id).data.tags["tsernet.continues"] == "0" * 32


def test_a_store_that_is_not_there_is_one_line(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"http://127.0.0.1:9 cannot be reached"), tracking.child_run("full", 0):
        pass


def test_data_that_another_training_adds_at_the_same_moment_are_logged_again(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow 3.17's server answers so where two runs of one moment bring the same new dataset; seen once, in two clones on one server."""
    from mlflow import MlflowClient
    from mlflow.entities import Dataset, DatasetInput
    from mlflow.exceptions import MlflowException

    really, calls = MlflowClient.log_inputs, []

    def collide_once(client: MlflowClient, run_id: str, datasets: list[Any]) -> None:
        calls.append(run_id)
        if len(calls) == 1:
            raise MlflowException("BAD_REQUEST: (sqlite3.IntegrityError) UNIQUE constraint failed: datasets.experiment_id, datasets.name")
        really(client, run_id, datasets=datasets)

    monkeypatch.setattr(MlflowClient, "log_inputs", collide_once)
    data = DatasetInput(Dataset("data/prepared/edges", "91e009d0.dir", "dvc", "{}"))
    monkeypatch.setattr("pipelines.tracking.runs.dataset_inputs", lambda _: [data])
    with tracking.child_run("full", 0) as run:
        pass
    assert calls == [run.run_id] * 2
    assert [one.dataset.name for one in _client().get_run(run.run_id).inputs.dataset_inputs] == ["data/prepared/edges"]

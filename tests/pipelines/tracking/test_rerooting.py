"""A clone that was moved or copied keeps its runs and models, and writes nothing outside itself."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.tracking.location import tracking_uri
from pipelines.tracking.rerooting import follow_move
from pipelines.tracking.server import experiment_id, make_client


def record(root: Path, text: str) -> str:
    """Log an artifact in a new run, register it, and name the run."""
    client = make_client()
    run = client.create_run(experiment_id(client, tracking_uri(), root))
    weights = root / "weights.txt"
    weights.write_text(text, encoding="utf-8")
    client.log_artifact(run.info.run_id, str(weights), "model")
    weights.unlink()
    if not client.search_registered_models("name = 'tsernet'"):
        client.create_registered_model("tsernet")
    client.create_model_version("tsernet", f"{run.info.artifact_uri}/model", run.info.run_id)
    return str(run.info.run_id)


def places(root: Path) -> list[str]:
    with closing(sqlite3.connect(root / "mlflow.db")) as connection:
        found = connection.execute(
            "SELECT artifact_location FROM experiments WHERE name = 'tsernet' UNION SELECT artifact_uri FROM runs "
            "UNION SELECT source FROM model_versions UNION SELECT storage_location FROM model_versions"
        ).fetchall()
    return [place for (place,) in found if place]


@pytest.mark.parametrize("is_copy", [True, False], ids=["copied", "moved"])
def test_records_follow_the_repository(
    repository: Path,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    is_copy: bool,
) -> None:
    first = record(repository, "first")
    before = {path: path.read_bytes() for path in (repository / "mlartifacts").rglob("*") if path.is_file()}
    new = tmp_path_factory.mktemp("other") / "a place with 5 % more"
    shutil.copytree(repository, new)
    if not is_copy:
        shutil.rmtree(repository / "mlartifacts")
        (repository / "mlflow.db").unlink()
    monkeypatch.chdir(new)
    capfd.readouterr()

    second = record(new, "second")

    (line,) = (line for line in capfd.readouterr().err.splitlines() if "was made in" in line)
    assert str(repository) in line
    assert str(new) in line
    client = make_client()
    for run, text in ((first, "first"), (second, "second")):
        assert Path(client.download_artifacts(run, "model/weights.txt", str(tmp_path))).read_text(encoding="utf-8") == text
    assert len(places(new)) >= 5
    assert all(place.startswith(new.as_uri()) for place in places(new)), places(new)
    if is_copy:  # the original is as it was
        assert {path: path.read_bytes() for path in (repository / "mlartifacts").rglob("*") if path.is_file()} == before
        assert all(place.startswith(repository.as_uri()) for place in places(repository))
    assert not follow_move(new)


IN_CONTAINER = """
set -e
mount --bind "$1" "$2"
mount -t tmpfs none "$1"
cd "$2"
"$3" -c "
from pathlib import Path
from pipelines.tracking.location import repository_root
from pipelines.tracking.rerooting import follow_move
assert follow_move(repository_root())"
"""


def test_records_follow_a_mount_at_another_path_and_back(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """As in a container: its own mounts, the clone at another path, the host's path empty."""
    if not shutil.which("unshare") or subprocess.run(["unshare", "-Urm", "true"], capture_output=True).returncode:
        pytest.skip("this machine lets no test have mounts of its own")
    run, there = record(repository, "first"), tmp_path_factory.mktemp("workspace")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = ["unshare", "-Urm", "sh", "-c", IN_CONTAINER, "sh", str(repository), str(there), sys.executable]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(place.startswith(f"{there.as_uri()}/") for place in places(repository))

    client = make_client()

    assert all(place.startswith(f"{repository.as_uri()}/") for place in places(repository))
    assert [found.path for found in client.list_artifacts(run)] == ["model"]


def test_artifacts_that_are_elsewhere_on_purpose_stay_there(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    big = tmp_path_factory.mktemp("big") / "mlartifacts"
    big.mkdir()
    client = make_client()
    client.create_experiment("tsernet", artifact_location=big.as_uri())
    make_client()
    assert client.get_experiment_by_name("tsernet").artifact_location == big.as_uri()


def test_a_store_that_was_named_is_not_touched(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record(repository, "first")
    elsewhere = tmp_path / "named" / "mlflow.db"
    elsewhere.parent.mkdir()
    (elsewhere.parent / "mlartifacts").mkdir()
    shutil.copyfile(repository / "mlflow.db", elsewhere)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{elsewhere}")
    make_client()
    assert all(place.startswith(repository.as_uri()) for place in places(elsewhere.parent) if "/named/" not in place)
    assert places(elsewhere.parent) == places(repository)

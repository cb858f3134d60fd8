"""From inspected images to a decision about the next champion, under a real `tsernet up`: only the labelling is a person's.

What is turned on beforehand, as a person does in Prefect's page: the schedules of `monitor` and `watch`, each at a short interval, and the
rule that exports a review on an alarm. On a busy machine give `-o faulthandler_timeout=3000`.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from browsers import CHROMIUM, chromium, quiet_page
from dvc_clone import Clone, add_images
from mill import correct_annotations, make_mill
from mlflow import MlflowClient
from PIL import Image
from servers import TLS, wait_for
from stacks import Up, running_up

from pipelines.services.provision import REVIEW_ON_DRIFT
from tsernet.data.listed import read_listed

pytestmark = [pytest.mark.drill, pytest.mark.timeout(3000)]
BUDGET, WINDOW = 18, 30
TINY = {"source": "folder", "variants": ["full"], "settle_seconds": 2}


@pytest.fixture
def mill(clone: Path, tmp_path: Path) -> Clone:
    return make_mill(clone, tmp_path)


@pytest.fixture
def up(mill: Clone) -> Iterator[Up]:
    """Everything, with a first champion that the page serves."""
    extra = {"OMP_NUM_THREADS": "1", "TSERNET_LOCKS": str(mill.root.parent / "locks"), "PREFECT_WORKER_QUERY_SECONDS": "3"}
    with running_up(mill.root, mill.root, PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS="15", **extra) as running:
        first = running.api.post(
            f"/deployments/{deployment(running, 'retrain/default')['id']}/create_flow_run", parameters={"settings": TINY}
        )
        assert running.api.wait_for_end(first.json()["id"], 900) == "COMPLETED", running.api.logs_of(first.json()["id"])
        wait_for(lambda: served_by(running) == "models:/tsernet/1", 60, "the champion behind the page")
        yield running


def test_from_the_browser_to_a_decision_about_the_next_champion(mill: Clone, up: Up, tmp_path: Path) -> None:
    before = samples(up, "1")
    images = darkened(mill.root / "data/frames", tmp_path / "masks")
    turn_on(up)
    began = time.monotonic()

    drop(up, images)
    print(f"\n{len(images)} images inspected after {time.monotonic() - began:.0f} s")

    drifted = run_named(up, "monitor", "Drifted", began)
    exported = run_named(up, "review", "Exported", began)
    events = up.api.post("/events/filter", filter={"event": {"prefix": ["tsernet.window.drifted"]}}).json()["events"]
    assert [event["resource"]["tsernet.moved"].split(",")[0] for event in events] == ["brightness"]
    assert ": brightness" in drifted["state"]["message"]
    acted = up.api.post("/events/filter", filter={"event": {"prefix": ["prefect.automation.action.executed"]}}).json()["events"]
    assert [event["resource"]["prefect.resource.name"] for event in acted] == [REVIEW_ON_DRIFT]
    project = Path(exported["state"]["message"])
    with (project / "review.csv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == BUDGET
    assert "no training images here" not in up.api.logs_of(exported["id"])  # it goes by the alarm's; the working copy has none

    correct_annotations(project, tmp_path / "masks")
    came = ["--images", str(project / "images"), "--unannotated", "clean", "--out", "data/own", "--add"]
    mill.call(sys.executable, "-m", "pipelines.cli", "import", "labelme", str(project / "annotations"), *came)
    print(f"labels are back after {time.monotonic() - began:.0f} s")

    run_named(up, "retrain", "Completed", began, nth=2)
    versions = {version.version: version for version in MlflowClient(up.mlflow).search_model_versions("name = 'tsernet'")}
    assert set(versions) == {"1", "2"}
    shown = json.loads(tsernet(up, "models", "show", "models:/tsernet/2", "--json"))
    (decision,) = [one for one in shown["decisions"] if one["about"] == "2"]
    print(f"decided: {decision['reason']}")
    assert "old test images max_f_measure" in decision["reason"]
    assert "new test images max_f_measure" in decision["reason"]
    champion = MlflowClient(up.mlflow).get_model_version_by_alias("tsernet", "champion").version
    wait_for(lambda: served_by(up) == f"models:/tsernet/{champion}", 60, "the decision behind the page")
    after = samples(up, "2")
    assert {name: after[name] for name in before} == before
    new = {name: part for name, part in after.items() if name not in before}
    assert (len(new), "test" in new.values()) == (BUDGET, True)
    assert json.loads(tsernet(up, "models", "trace", "models:/tsernet/2", "--json"))["started_from"] == "models:/tsernet/1"


def darkened(frames: Path, masks: Path) -> list[Path]:
    """Write what the camera gives since its lamp ages; the masks are what the person knows."""
    plant = masks.parent / "plant"
    add_images(plant, 21, 30)
    frames.mkdir(parents=True)
    for path in (plant / "images").iterdir():
        Image.fromarray((np.array(Image.open(path)) * 0.5).astype(np.uint8)).save(frames / path.name)
    (plant / "masks").rename(masks)
    return sorted(frames.iterdir())


def turn_on(up: Up) -> None:
    """Do what a person does in Prefect's page once: parameters, schedules, and the rule."""
    watched = TINY | {"start": "champion", "split": "champion", "iterations": 40}
    wanted = {"monitor/monitor": {"window": WINDOW}, "review/review": {"budget": BUDGET}, "watch/watch": watched}
    for name, settings in wanted.items():
        found = deployment(up, name)
        up.api.patch(f"/deployments/{found['id']}", parameters={"settings": settings})
    for name, seconds in (("monitor/monitor", 60), ("watch/watch", 90)):
        up.api.add_schedule(deployment(up, name)["id"], seconds)
    (rule,) = [one for one in up.api.post("/automations/filter").json() if one["name"] == REVIEW_ON_DRIFT]
    up.api.patch(f"/automations/{rule['id']}", enabled=True)


def drop(up: Up, images: list[Path]) -> None:
    """Choose the images on the page; where there is no browser, send them as the page does."""
    with chromium() if CHROMIUM else nullcontext() as browser:
        if browser is None:
            with httpx.Client(base_url=up.inspect, timeout=120, verify=TLS, trust_env=False) as client:
                for path in images:
                    client.post("/v1/inspect", files={"images": (path.name, path.read_bytes())}).raise_for_status()
            return
        with quiet_page(browser, 1280, 900, up.inspect, "blob:") as page:
            page.goto(up.inspect)
            page.set_input_files("#files", images)
            page.get_by_text(f"{len(images)} of {len(images)} images inspected").wait_for(timeout=120_000)


def run_named(up: Up, flow: str, state: str, began: float, nth: int = 1) -> dict[str, Any]:
    """Wait for a flow's n-th run that ends in a state of that name; a run that fails ends the wait."""

    def runs(name: str | None = None) -> list[dict[str, Any]]:
        wanted: dict[str, Any] = {"flows": {"name": {"any_": [flow]}}}
        if name:
            wanted["flow_runs"] = {"state": {"name": {"any_": [name]}}}
        found: list[dict[str, Any]] = up.api.post("/flow_runs/filter", sort="START_TIME_ASC", **wanted).json()
        return found

    def there() -> bool:
        bad = [run for name in ("Failed", "Crashed") for run in runs(name)]
        assert not bad, up.api.logs_of(bad[0]["id"])
        return len(runs(state)) >= nth

    wait_for(there, 900, f"{flow} {state}", every=2)
    print(f"{flow}: {state} after {time.monotonic() - began:.0f} s")
    return runs(state)[nth - 1]


def deployment(up: Up, name: str) -> dict[str, Any]:
    """Read a deployment."""
    found: dict[str, Any] = up.api.get(f"/deployments/name/{name}").json()
    return found


def served_by(up: Up) -> str:
    """Name the model behind the page."""
    return str((httpx.get(f"{up.inspect}/v1/models", timeout=30, verify=TLS).json()["champion"] or {}).get("name"))


def tsernet(up: Up, *words: str) -> str:
    """Run a command against the stack's MLflow."""
    command = [sys.executable, "-m", "pipelines.cli", *words]
    done = subprocess.run(
        command, cwd=up.repository, env=up.environment | {"MLFLOW_TRACKING_URI": up.mlflow}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def samples(up: Up, version: str) -> dict[str, str]:
    """Read which part each image of a version's split is in."""
    folder = Path(urlsplit(MlflowClient(up.mlflow).get_model_version_download_uri("tsernet", version)).path)
    (found,) = folder.rglob("samples.csv")
    return {one.name: one.part for one in read_listed(found)}

"""Ways to start a run, what they may not do, and what a run leaves, with a real server and worker, real DVC and a stand-in pipeline."""

from __future__ import annotations

import shutil
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inspections import inspected, made_up, make_working_copy, write_log
from PIL import Image
from servers import wait_for
from sites import PASSWORD, Site
from standin import ROOT, read_journal, run
from steel import png_of, steel

from pipelines.monitoring.figures import figures_of
from pipelines.monitoring.reference import Reference, remember
from pipelines.services.provision import RETRAIN_ON_DRIFT, REVIEW_ON_DRIFT, SILENT_RUNS
from pipelines.serving.loaded import Usage, load
from tsernet.digests import sha256_of
from tsernet.shipped import shipped_model

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "settings",
    [
        {"iterations": 0},
        {"iterations": "many"},
        {"learning_rate": 2.0},
        {"seeds": [-1]},
        {"variants": ["no_such"]},
        {"variants": ["no_erm"], "preset": "demo"},
        {"device": "tpu"},
        {"revision": "--upload-pack=x"},
        {"unknown": 1},
    ],
)
def test_a_bad_value_is_refused_before_a_run_exists(site: Site, settings: dict[str, object]) -> None:
    before = site.prefect.post("/flow_runs/count").json()

    answer = site.prefect.post(f"/deployments/{site.deployment}/create_flow_run", parameters={"settings": settings})

    assert answer.status_code == 409
    assert next(iter(settings)) in answer.text
    assert site.prefect.post("/flow_runs/count").json() == before


def test_a_bad_value_is_refused_on_the_command_line_too(site: Site) -> None:
    before = site.prefect.post("/flow_runs/count").json()

    printed = site.prefect.run(
        "deployment", "run", "retrain/default", "--param", 'settings={"iterations": 0}', folder=site.repository, ok=False
    )

    assert "iterations" in printed
    assert site.prefect.post("/flow_runs/count").json() == before


@pytest.mark.parametrize("count", [2, pytest.param(4, marks=pytest.mark.long)])
def test_triggers_at_once_run_one_after_the_other(site: Site, count: int) -> None:
    runs = [site.trigger(iterations=iterations, variants=["full"]) for iterations in range(101, 101 + count)]

    for run_id in runs:
        assert site.prefect.wait_for_end(run_id, 300) == "COMPLETED", site.prefect.logs_of(run_id)

    notes = [note for note in read_journal(site.journal) if note["TSERNET_EXECUTION"] in runs]
    on_the_device = [note["TSERNET_EXECUTION"] for note in notes if note["stage"] in ("train", "evaluate")]
    assert len(list(groupby(on_the_device))) == count  # each run's training and evaluation stand together
    names = {site.prefect.get(f"/flow_runs/{run_id}").json()["name"] for run_id in runs}
    assert names <= set(run([sys.executable, "-m", "dvc", "exp", "list", "--name-only"], site.repository).split())
    assert len([note for note in notes if note["stage"] == "register"]) == count
    assert run(["git", "status", "--porcelain"], site.repository) == ""
    assert site.slots_taken() == 0


@pytest.mark.long
def test_the_trainings_spread_over_slots_and_devices(site: Site) -> None:
    pytest.importorskip("dask")
    site.set_slots(2)
    # Both must be in training at once to get a device each; both processes must be there, or the third overtakes the second.
    with site.halted_in("train", variants=["full", "no_erm", "no_fig"], spread="dask") as (run_id, _):
        wait_for(lambda: len(site.halted("train")) == 2, 60, "the second training")
        assert site.slots_taken() == 2

    assert site.prefect.wait_for_end(run_id, 200) == "COMPLETED", site.prefect.logs_of(run_id)

    notes = [note for note in read_journal(site.journal) if note["TSERNET_EXECUTION"] == run_id and note["stage"] == "train"]
    assert sorted(note["item"][0] for note in notes) == ["full", "no_erm", "no_fig"]
    assert {note["CUDA_VISIBLE_DEVICES"] for note in notes[:2]} == {"3", "7"}
    site.set_slots(1)


@pytest.mark.long
def test_new_images_start_a_retraining_once(site: Site) -> None:
    watch = site.prefect.get("/deployments/name/watch/watch").json()["id"]
    settings = {"source": "folder", "variants": ["full"], "iterations": 106}
    for _ in range(2):
        answer = site.prefect.post(f"/deployments/{watch}/create_flow_run", parameters={"settings": settings})
        run_id = answer.json()["id"]
        assert site.prefect.wait_for_end(run_id) == "COMPLETED", site.prefect.logs_of(run_id)

    started = site.prefect.post("/flow_runs/filter", flow_runs={"idempotency_key": {"any_": ["watch-folder"]}}).json()
    assert len(started) == 1
    assert site.prefect.wait_for_end(started[0]["id"]) == "COMPLETED"
    folders = {note["folder"] for note in read_journal(site.journal) if note["TSERNET_EXECUTION"] == started[0]["id"]}
    assert folders == {str(site.repository / "data/own")}


@pytest.mark.long
def test_a_drifted_window_is_a_state_an_artifact_and_one_event(site: Site) -> None:
    weights, digest = sha256_of(shipped_model()), make_working_copy(site.repository, {})
    remember(site.repository / ".tsernet/monitor", Reference(figures_of(list(made_up(120, 0))), digest, weights, 120))
    write_log(site.repository / ".tsernet/inspections", made_up(60, 1, brightness=0.3))
    monitor = site.prefect.get("/deployments/name/monitor/monitor").json()["id"]
    states = []
    for _ in range(2):
        settings = {"model": "shipped", "window": 60, "rate": 0.05}
        run_id = site.prefect.post(f"/deployments/{monitor}/create_flow_run", parameters={"settings": settings}).json()["id"]
        assert site.prefect.wait_for_end(run_id) == "COMPLETED", site.prefect.logs_of(run_id)
        states.append(site.prefect.get(f"/flow_runs/{run_id}").json()["state"])

    assert [(state["name"], state["message"].rpartition(": ")[2]) for state in states] == [
        ("Drifted", "brightness"),
        ("Waiting", "0 of 60 images; nothing was compared"),
    ]
    shown = site.prefect.post("/artifacts/filter", artifacts={"key": {"any_": ["drift"]}}).json()
    assert "| **moved** | brightness |" in "".join(artifact["data"] for artifact in shown)

    def events() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = site.prefect.post("/events/filter", filter={"event": {"prefix": ["tsernet."]}}).json()["events"]
        return found

    wait_for(events, 20, "the event")
    (event,) = events()
    assert (event["event"], event["resource"]["tsernet.moved"]) == ("tsernet.window.drifted", "brightness")
    assert (site.repository / event["payload"]["report"]).is_file()
    assert run(["git", "status", "--porcelain"], site.repository) == ""
    for left in ("data/prepared", "data/splits", "results/validation"):
        shutil.rmtree(site.repository / left)


@pytest.mark.long
def test_a_review_is_exported_from_the_inspected_images(site: Site) -> None:
    frames = site.repository / "data/frames"
    frames.mkdir(parents=True)
    for name, width in (("a.png", 128), ("b.png", 160), ("not-inspected.png", 192)):
        (frames / name).write_bytes(png_of(steel(96, width)))
    pixels = ((name, np.asarray(Image.open(frames / name))) for name in ("a.png", "b.png"))
    log = write_log(site.repository / ".tsernet/inspections", inspected(pixels, load("shipped", Usage())))
    deployment = site.prefect.get("/deployments/name/review/review").json()["id"]
    settings = {"model": "shipped", "budget": 5}
    run_id = site.prefect.post(f"/deployments/{deployment}/create_flow_run", parameters={"settings": settings}).json()["id"]
    assert site.prefect.wait_for_end(run_id) == "COMPLETED", site.prefect.logs_of(run_id)

    state = site.prefect.get(f"/flow_runs/{run_id}").json()["state"]
    project = Path(state["message"])
    assert state["name"] == "Exported"
    assert {path.name for path in (project / "images").iterdir()} == {"a.png", "b.png"}
    (shown,) = site.prefect.post("/artifacts/filter", artifacts={"key": {"any_": ["review"]}}).json()
    assert "2 images to correct" in shown["data"]
    assert "tsernet import labelme" in shown["data"]
    sent: dict[str, Any] = {"filter": {"event": {"prefix": ["tsernet.review."]}}}
    wait_for(lambda: site.prefect.post("/events/filter", **sent).json()["events"], 20, "the event")
    for left in (frames, log, project):
        shutil.rmtree(left)


def test_the_rules_of_drift_are_there_and_off(site: Site) -> None:
    rules = site.prefect.post("/automations/filter").json()
    assert {rule["name"]: rule["enabled"] for rule in rules} == {SILENT_RUNS: True, RETRAIN_ON_DRIFT: False, REVIEW_ON_DRIFT: False}


def test_schedules_are_there_and_off(site: Site) -> None:
    wait_for(lambda: site.prefect.get("/health").status_code == 200, 5, "the server")
    for name in ("retrain/default", "watch/watch", "monitor/monitor"):
        (schedule,) = site.prefect.get(f"/deployments/name/{name}").json()["schedules"]
        assert schedule["active"] is False


@pytest.mark.long
@pytest.mark.parametrize("kind", ["docker", "kubernetes"])
def test_prefect_takes_the_container_deployments(site: Site, kind: str) -> None:
    site.prefect.run("work-pool", "create", f"tsernet-{kind}", "--type", kind, folder=site.repository)
    settings = ROOT / "docs" / "site" / f"prefect-{kind}.yaml"
    renamed = site.repository.parent / settings.name
    # Under another name, so that the site's own deployment stays.
    renamed.write_text(settings.read_text(encoding="utf-8").replace("name: default", f"name: {kind}"), encoding="utf-8")

    site.prefect.run("deploy", "--all", "--prefect-file", str(renamed), folder=site.repository)

    assert site.prefect.get(f"/deployments/name/retrain/{kind}").json()["job_variables"]["image"].startswith("registry.plant.example/")
    site.set_slots(1)


def test_a_run_triggered_from_the_command_line_keeps_its_result_and_touches_nothing(site: Site) -> None:
    before = run(["git", "status", "--porcelain"], site.repository)
    site.prefect.run(
        "deployment",
        "run",
        "retrain/default",
        "--param",
        'settings={"iterations": 7, "variants": ["full", "no_erm"]}',
        "--flow-run-name",
        "first try",
        folder=site.repository,
    )
    (flow_run,) = site.prefect.post("/flow_runs/filter", flow_runs={"name": {"any_": ["first try"]}}).json()

    assert site.prefect.wait_for_end(flow_run["id"]) == "COMPLETED", site.prefect.logs_of(flow_run["id"])

    assert site.prefect.tasks_of(flow_run["id"]) == [
        *("workspace", "acquire and prepare", "split and validate", "train full 0", "train no_erm 0"),
        *("evaluate full 0", "evaluate no_erm 0", "compare", "register", "keep"),
    ]
    notes = [note for note in read_journal(site.journal) if note["TSERNET_EXECUTION"] == flow_run["id"]]
    assert {note["iterations"] for note in notes} == {7}
    assert [note["stage"] for note in notes][-4:] == ["evaluate", "evaluate", "compare", "register"]
    assert {note["MLFLOW_TRACKING_URI"] for note in notes} == {f"sqlite:///{site.repository}/mlflow.db"}
    assert {note["TSERNET_CHECKPOINTS"] for note in notes} == {f"{site.repository}/.tsernet/checkpoints"}
    assert "first-try" in run([sys.executable, "-m", "dvc", "exp", "list", "--name-only"], site.repository).split()
    assert run(["git", "status", "--porcelain"], site.repository) == before
    assert not list((site.repository / ".tsernet/workspaces").iterdir())
    assert "train ['full', '0'] begins, with http://plant:***@store and ***" in site.prefect.logs_of(flow_run["id"])
    of_this_run = {"flow_runs": {"id": {"any_": [flow_run["id"]]}}}
    shown = "".join(site.prefect.post(f"/{kind}/filter", **of_this_run).text for kind in ("flow_runs", "task_runs", "artifacts", "logs"))
    assert PASSWORD not in shown


def test_a_failing_stage_fails_the_run_with_its_last_error_line(site: Site) -> None:
    (site.pause / "fail").write_text("train")
    run_id = site.trigger(iterations=8, variants=["full"])

    assert site.prefect.wait_for_end(run_id) == "FAILED"

    (site.pause / "fail").unlink()
    assert "error: manifest.csv: In_1.png is not an image (***)" in site.prefect.get(f"/flow_runs/{run_id}").json()["state"]["message"]
    assert not list((site.repository / ".tsernet/workspaces").iterdir())

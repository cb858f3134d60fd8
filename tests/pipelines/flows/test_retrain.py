"""The flow against a real server and worker, real DVC and a stand-in pipeline."""

from __future__ import annotations

import sys

import pytest
from sites import PASSWORD, Site
from standin import read_journal, run

pytestmark = pytest.mark.slow


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

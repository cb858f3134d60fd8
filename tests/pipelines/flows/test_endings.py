"""Runs that do not end by themselves: nothing of them lives on, nothing half-made stays, the slot is free."""

from __future__ import annotations

import os
import signal
import time

import psutil
import pytest
from servers import wait_for
from sites import Site, new_iterations
from standin import read_journal

pytestmark = pytest.mark.slow

_TASKS = ("workspace", "acquire and prepare", "split and validate", "train full 0", "evaluate full 0", "compare", "register", "keep")
# TSERNET_TEST_SECONDS_AWAY=60 makes the test as long as the issue says.
_SECONDS_AWAY = float(os.environ.get("TSERNET_TEST_SECONDS_AWAY", "3"))


@pytest.mark.parametrize("stage", ["validate", "evaluate"])
def test_cancelling_ends_the_stage_within_ten_seconds_and_frees_the_slot(site: Site, stage: str) -> None:
    with site.halted_in(stage) as (run_id, process):
        cancel(site, run_id)
        wait_for(lambda: not process.is_running(), 10, "the end of the stage")

    assert_cancelled(site, run_id, stage)
    wait_for(lambda: site.slots_taken() == 0, 10, "the free slot")
    wait_for(lambda: site.workspaces() == [], 10, "the removed workspace")


def test_a_run_that_waits_for_the_slot_can_be_cancelled_and_a_cancelled_training_is_gone_on_with(site: Site) -> None:
    """The same of the stage train, with another run behind it."""
    iterations = new_iterations()
    with site.halted_in("train", iterations=iterations) as (run_id, process):
        waiting = site.trigger(variants=["full"], iterations=new_iterations())
        wait_for(lambda: _before_training(site, waiting), 60, "the second run", every=0.5)
        cancel(site, waiting)
        assert_cancelled(site, waiting, "train")
        cancel(site, run_id)
        wait_for(lambda: not process.is_running(), 10, "the end of the stage")
    assert_cancelled(site, run_id, "train")
    wait_for(lambda: site.slots_taken() == 0, 10, "the free slot")
    wait_for(lambda: site.workspaces() == [], 10, "the removed workspaces")

    following = site.trigger(variants=["full"], iterations=iterations)
    assert site.prefect.wait_for_end(following) == "COMPLETED", site.prefect.logs_of(following)
    assert [note["goes on"] for note in read_journal(site.journal) if note["stage"] == "train"][-1]


def test_a_killed_flow_process_takes_its_stage_along_and_is_cleared_up_after(site: Site) -> None:
    with site.halted_in("train") as (run_id, process):
        site.flow_process(run_id).send_signal(signal.SIGKILL)
        wait_for(lambda: not process.is_running(), 10, "the end of the stage")

    assert site.prefect.wait_for_end(run_id, 100) == "CRASHED"
    wait_for(lambda: site.workspaces() == [], 20, "the removed workspace")
    wait_for(lambda: site.slots_taken() == 0, 90, "the end of the slot's lease", every=1)


def test_a_killed_server_loses_neither_the_training_nor_the_slot(site: Site) -> None:
    with site.halted_in("train") as (run_id, _):
        site.prefect.kill()
        time.sleep(_SECONDS_AWAY)
    wait_for(lambda: "train" in site.stages_of(run_id), 30, "the end of the training, with no server")
    site.prefect.start()

    assert site.prefect.wait_for_end(run_id, 200) == "COMPLETED", site.prefect.logs_of(run_id)
    tasks = site.prefect.post("/task_runs/filter", flow_runs={"id": {"any_": [run_id]}}).json()
    assert {task["name"]: task["state_type"] for task in tasks} == dict.fromkeys(_TASKS, "COMPLETED")
    wait_for(lambda: site.slots_taken() == 0, 100, "the free slot", every=1)


def test_a_killed_worker_takes_its_run_along(site: Site) -> None:
    with site.halted_in("train") as (run_id, process):
        assert site.worker is not None
        os.kill(site.worker.pid, signal.SIGKILL)
        site.worker.wait()
        wait_for(lambda: not process.is_running(), 15, "the end of the stage")
        assert site.prefect.wait_for_end(run_id, 100) == "CRASHED"

    wait_for(lambda: site.slots_taken() == 0, 90, "the free slot", every=1)
    wait_for(lambda: site.workspaces() == [], 10, "the removed workspace")
    site.start_worker()


@pytest.mark.long
def test_a_run_that_is_killed_with_its_worker_is_marked_crashed_within_three_heartbeats(site: Site) -> None:
    with site.halted_in("train") as (run_id, process):
        wait_for(lambda: _heartbeats(site, run_id) > 0, 40, "the first heartbeat", every=1)
        assert site.worker is not None
        flow_process = site.flow_process(run_id)
        for victim in (psutil.Process(site.worker.pid), flow_process):
            victim.kill()
        site.worker.wait()
        killed = time.monotonic()
        wait_for(lambda: not process.is_running(), 10, "the end of the stage")
        assert site.prefect.wait_for_end(run_id, 130) == "CRASHED"
        assert time.monotonic() - killed < 110  # three heartbeats of 30 s and the server's own rounds

    site.start_worker()
    following = site.trigger(variants=["full"], iterations=4)
    assert site.prefect.wait_for_end(following) == "COMPLETED", site.prefect.logs_of(following)
    assert site.workspaces() == []


def cancel(site: Site, run_id: str) -> None:
    """Ask for the end of a run, as the button on its page does."""
    assert site.prefect.post(f"/flow_runs/{run_id}/set_state", state={"type": "CANCELLING"}).json()["status"] == "ACCEPT"


def assert_cancelled(site: Site, run_id: str, stage: str) -> None:
    """See that a run ends as cancelled, with neither the stage that it was in nor the last."""
    assert site.prefect.wait_for_end(run_id, 30) == "CANCELLED"
    assert not {stage, "register"} & set(site.stages_of(run_id))


def _before_training(site: Site, run_id: str) -> bool:
    wanted = {"name": {"any_": ["split and validate"]}, "state": {"type": {"any_": ["COMPLETED"]}}}
    return bool(site.prefect.post("/task_runs/count", flow_runs={"id": {"any_": [run_id]}}, task_runs=wanted).json())


def _heartbeats(site: Site, run_id: str) -> int:
    found = site.prefect.post(
        "/events/filter",
        filter={"event": {"name": ["prefect.flow-run.heartbeat"]}, "resource": {"id": [f"prefect.flow-run.{run_id}"]}},
    )
    return int(found.json()["total"])

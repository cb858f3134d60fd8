"""Runs that do not end by themselves: nothing of them lives on, nothing half-made stays, the slot is free."""

from __future__ import annotations

import os
import signal
import time

import psutil
import pytest
from plants import Plant
from servers import wait_for

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("stage", ["train", "evaluate"])
def test_cancelling_ends_the_stage_within_ten_seconds_and_frees_the_slot(plant: Plant, stage: str) -> None:
    with plant.halted_in(stage) as (run_id, process):
        answer = plant.prefect.post(f"/flow_runs/{run_id}/set_state", state={"type": "CANCELLING"})
        assert answer.json()["status"] == "ACCEPT"
        asked = time.monotonic()
        wait_for(lambda: not process.is_running(), 10, "the end of the stage")
        assert time.monotonic() - asked < 10

    assert plant.prefect.wait_for_end(run_id, 30) == "CANCELLED"
    wait_for(lambda: plant.slots_taken() == 0, 10, "the free slot")
    wait_for(lambda: plant.workspaces() == [], 10, "the removed workspace")


def test_a_killed_flow_process_takes_its_stage_along_and_the_next_run_clears_up(plant: Plant) -> None:
    with plant.halted_in("train") as (run_id, process):
        plant.flow_process(run_id).send_signal(signal.SIGKILL)
        wait_for(lambda: not process.is_running(), 10, "the end of the stage")

    assert plant.prefect.wait_for_end(run_id, 100) == "CRASHED"
    assert plant.workspaces() == [run_id, f"{run_id}.json"]
    wait_for(lambda: plant.slots_taken() == 0, 90, "the end of the slot's lease")

    following = plant.trigger(variants=["full"], iterations=3)
    assert plant.prefect.wait_for_end(following) == "COMPLETED", plant.prefect.logs_of(following)
    assert plant.workspaces() == []


def test_a_killed_worker_takes_its_run_along(plant: Plant) -> None:
    with plant.halted_in("train") as (run_id, process):
        assert plant.worker is not None
        os.kill(plant.worker.pid, signal.SIGKILL)
        plant.worker.wait()
        wait_for(lambda: not process.is_running(), 15, "the end of the stage")
        assert plant.prefect.wait_for_end(run_id, 100) == "CRASHED"

    wait_for(lambda: plant.slots_taken() == 0, 90, "the free slot")
    wait_for(lambda: plant.workspaces() == [], 10, "the removed workspace")
    plant.start_worker()


def test_a_run_that_is_killed_with_its_worker_is_marked_crashed_within_three_heartbeats(plant: Plant) -> None:
    with plant.halted_in("train") as (run_id, process):
        wait_for(lambda: _heartbeats(plant, run_id) > 0, 40, "the first heartbeat")
        assert plant.worker is not None
        flow_process = plant.flow_process(run_id)
        for victim in (psutil.Process(plant.worker.pid), flow_process):
            victim.kill()
        plant.worker.wait()
        killed = time.monotonic()
        wait_for(lambda: not process.is_running(), 10, "the end of the stage")
        assert plant.prefect.wait_for_end(run_id, 130) == "CRASHED"
        assert time.monotonic() - killed < 110  # three heartbeats of 30 s and the server's own rounds

    plant.start_worker()
    following = plant.trigger(variants=["full"], iterations=4)
    assert plant.prefect.wait_for_end(following) == "COMPLETED", plant.prefect.logs_of(following)
    assert plant.workspaces() == []


def _heartbeats(plant: Plant, run_id: str) -> int:
    found = plant.prefect.post(
        "/events/filter",
        filter={"event": {"name": ["prefect.flow-run.heartbeat"]}, "resource": {"id": [f"prefect.flow-run.{run_id}"]}},
    )
    return int(found.json()["total"])

"""What must stand on the Prefect server before a retraining: pool, limit on devices, and the rule for silent runs."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from prefect.automations import Automation
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, RunDeployment
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.workers.process import ProcessWorker

from pipelines.services.deployments import refresh
from pipelines.services.names import DRIFTED_EVENT, LIMIT, MISSING, MONITORED, RETRAIN, REVIEW

POOL = "tsernet"
SILENT_RUNS = "tsernet: mark silent runs crashed"
RETRAIN_ON_DRIFT = "tsernet: retrain when inspected images drift"
REVIEW_ON_DRIFT = "tsernet: export a review when inspected images drift"
_ON_DRIFT = {RETRAIN_ON_DRIFT: ("retrain", RETRAIN), REVIEW_ON_DRIFT: ("export those worth a look for labelling", REVIEW)}
HEARTBEAT_SECONDS = 30


def make_ready(slots: int) -> dict[str, Any]:
    """Make what the deployments rely on where it is missing; a deployment step of prefect.yaml, harmless to repeat.

    What is there stays as it is: a person may have changed it in the page.

    Args:
        slots: How many trainings may run at once, where there is no limit yet: the number of devices; $TSERNET_SLOTS overrules both.
    """
    given = os.environ.get("TSERNET_SLOTS")
    with get_client(sync_client=True) as client:
        try:
            there = client.read_global_concurrency_limit_by_name(LIMIT).limit
        except ObjectNotFound:
            there = None
        wanted = int(given) if given else slots if there is None else there
        if wanted != there:
            client.upsert_global_concurrency_limit_by_name(LIMIT, wanted)
    make_automation()
    make_drift_automations()
    return {"limit": LIMIT, "slots": wanted}


def make_pool() -> None:
    """Make the process work pool if it is not there."""
    pool = WorkPoolCreate(name=POOL, type="process", base_job_template=ProcessWorker.get_default_base_job_template())
    with get_client(sync_client=True) as client:
        try:
            client.create_work_pool(pool)
        except ObjectAlreadyExists:
            return


def make_automation() -> None:
    """Make the rule that marks a run Crashed when it has missed three heartbeats, or bring one that is there up to date."""
    rule = Automation(
        name=SILENT_RUNS,
        description="A flow run that sends no sign of life for three heartbeats has lost its process.",
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            # Whatever it ends in: a flow may name its end itself, as `monitor` does (Steady, Drifted).
            expect={"prefect.flow-run.*"},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=3 * HEARTBEAT_SECONDS),
        ),
        actions=[ChangeFlowRunState(name="Crashed", state=StateType.CRASHED, message="no sign of life for three heartbeats", force=False)],
    )
    with get_client(sync_client=True) as client:
        found = client.read_automations_by_name(SILENT_RUNS)
        if not found:
            rule.create()
        elif getattr(found[0].trigger, "expect", None) != {"prefect.flow-run.*"}:
            rule.enabled = found[0].enabled
            client.update_automation(found[0].id, rule)


def make_drift_automations() -> None:
    """Make the rules of `_ON_DRIFT` where what they start is deployed and they are not there; off until someone turns them on."""
    for rule, (what, starts) in _ON_DRIFT.items():
        with get_client(sync_client=True) as client:
            if client.read_automations_by_name(rule):
                continue
            try:
                deployment = client.read_deployment_by_name(starts).id
            except ObjectNotFound:
                continue
        Automation(
            name=rule,
            description=f"A window of inspected images is not of the training images' kind: {what}. At most once a day.",
            enabled=False,
            trigger=EventTrigger(
                expect={DRIFTED_EVENT},
                match={"prefect.resource.id": [f"{MONITORED}*"]},
                posture=Posture.Reactive,
                threshold=1,
                within=timedelta(days=1),
            ),
            actions=[RunDeployment(source="selected", deployment_id=deployment, parameters=None, job_variables=None)],
        ).create()


if __name__ == "__main__":
    make_pool()
    make_ready(1)
    missing = refresh(Path.cwd())
    make_drift_automations()
    for name in missing:
        print(f"{MISSING}{name}", flush=True)

"""What must stand on the Prefect server before a retraining: the limit on devices."""

from __future__ import annotations

from typing import Any

from prefect.client.orchestration import get_client

from pipelines.flows.retrain import LIMIT


def make_limit(slots: int) -> dict[str, Any]:
    """Make the global concurrency limit `gpu`, or set its number of slots; a deployment step of prefect.yaml.

    Args:
        slots: How many trainings may run at once: the number of devices.
    """
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(LIMIT, slots)
    return {"limit": LIMIT, "slots": slots}

"""The slot that a training holds: the global concurrency limit `gpu`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency

from pipelines.flows.wait_for_server import wait_for_server
from pipelines.services.names import LIMIT

# The shortest that Prefect allows: so long does a slot stay taken when its holder is killed.
_LEASE_SECONDS = 60
_SECONDS_BETWEEN_TRIES = 2.0


@contextmanager
def concurrency_slot() -> Iterator[None]:
    """Hold a slot for the length of the block, waiting for a free one.

    Strict: without the limit on the server nothing would be protected, so its absence is an error. A lease that cannot be renewed
    because the server is away ends nothing: a training of hours goes on, and the device's own file lock stands below the slot.
    """
    with ExitStack() as held:
        # Waited for here, since a run that waits inside Prefect cannot be cancelled: its process does not end before it has the slot.
        while not _taken(held):
            time.sleep(_SECONDS_BETWEEN_TRIES)
        try:
            yield
        finally:
            wait_for_server()


def _taken(held: ExitStack) -> bool:
    wait_for_server()
    slot = concurrency(LIMIT, occupy=1, strict=True, max_retries=0, lease_duration=_LEASE_SECONDS, raise_on_lease_renewal_failure=False)
    try:
        held.enter_context(slot)
    except ConcurrencySlotAcquisitionError as error:
        cause = error.__cause__
        if isinstance(cause, httpx.HTTPStatusError) and cause.response.status_code == httpx.codes.LOCKED:
            return False
        raise
    return True

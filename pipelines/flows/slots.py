"""The slot that a training holds: the global concurrency limit `gpu`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prefect.concurrency.sync import concurrency

LIMIT = "gpu"
# The shortest that Prefect allows: so long does a slot stay taken when its holder is killed.
_LEASE_SECONDS = 60


@contextmanager
def device_slot() -> Iterator[None]:
    """Hold a slot for the length of the block, waiting for a free one.

    Strict: without the limit on the server nothing would be protected, so its absence is an error. A lease that cannot be renewed
    because the server is away ends nothing: a training of hours goes on, and the device's own file lock stands below the slot.
    """
    with concurrency(LIMIT, occupy=1, strict=True, lease_duration=_LEASE_SECONDS, raise_on_lease_renewal_failure=False):
        yield

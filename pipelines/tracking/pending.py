"""Records of runs whose store was away: what waits, and sending it later."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.tracking.location import local_state, tracking_uri
from pipelines.tracking.outbox.delivery import send_waiting
from pipelines.tracking.outbox.spool import Spool
from pipelines.tracking.server import make_client, reachable


@dataclass(frozen=True)
class Sent:
    """What `send_all` did.

    `runs`: ids that are now wholly with the store. `records`: how many were sent. `refused`: spools that hold what it will never take.
    """

    runs: tuple[str, ...]
    records: int
    refused: tuple[str, ...]


def send_all(root: Path | None = None) -> Sent:
    """Send the records of every run that wait in `.tsernet/spool`.

    Raises:
        UserError: If the tracking store cannot be reached; what was sent until then is remembered.
    """
    folder = local_state(root) / "spool"
    waiting = sorted(path.parent for path in folder.glob("*/records.jsonl")) if folder.is_dir() else []
    if not waiting:
        return Sent((), 0, ())
    uri = tracking_uri(root)
    client = make_client(uri)
    with reachable(uri):
        sent = [_send_one(client, Spool(place)) for place in waiting]
    refused = tuple(str(place) for place in waiting if (place / "refused.jsonl").is_file())
    done = tuple(place.name for place, count in zip(waiting, sent, strict=True) if count is not None)
    return Sent(done, sum(count or 0 for count in sent), refused)


def _send_one(client: Any, spool: Spool) -> int | None:
    """Send one run's records and count them; None if the run's own process is at it."""
    from filelock import Timeout

    try:
        with spool.claimed(0.0):
            count = sum(1 for _ in spool.waiting())
            send_waiting(client, spool.folder.name, spool)
            if any(record["kind"] == "end" for record in spool.everything()):
                spool.forget()
            return count
    except Timeout:
        return None

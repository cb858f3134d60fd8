"""From the spool to the store: in order, in batches, and safe to repeat.

A record may be sent twice when a process dies between sending and remembering it. The store takes the same metric (key,
step, time, value) only once, and params, tags, artifacts and ends are the same when said again.
"""

from __future__ import annotations

import sys
from typing import Any

from pipelines.tracking.outbox.spool import Placed, Record, Spool

_BATCH = 900  # the store takes at most 1000 metrics in one call
_NEVER = ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST", "BAD_REQUEST", "INVALID_STATE")


def send_waiting(client: Any, run_id: str, spool: Spool) -> None:
    """Send everything that waits.

    A record that the store refuses for good is set aside with its reason and a line on stderr; the rest goes on.

    Raises:
        Exception: Whatever the client raises when the store cannot be reached; what was sent until then is remembered.
    """
    batch: list[Placed] = []
    for placed in spool.waiting():
        if placed.record["kind"] == "metrics":
            batch.append(placed)
            if sum(len(one.record["values"]) for one in batch) < _BATCH:
                continue
            _send_metrics(client, run_id, spool, batch)
        else:
            _send_metrics(client, run_id, spool, batch)
            _send(client, run_id, spool, placed)
        batch = []
    _send_metrics(client, run_id, spool, batch)


def _send_metrics(client: Any, run_id: str, spool: Spool, batch: list[Placed]) -> None:
    from mlflow.entities import Metric
    from mlflow.exceptions import MlflowException

    if not batch:
        return
    metrics = [
        Metric(key, float(value), one.record["time"], one.record["step"]) for one in batch for key, value in one.record["values"].items()
    ]
    try:
        for start in range(0, len(metrics), _BATCH):
            client.log_batch(run_id, metrics=metrics[start : start + _BATCH])
    except MlflowException as error:
        _raise_unless_refused(error)
        for one in batch:
            _set_aside(spool, one.record, error)
    spool.mark_sent(batch[-1].end)


def _send(client: Any, run_id: str, spool: Spool, placed: Placed) -> None:
    from mlflow.exceptions import MlflowException

    try:
        _SENDERS[placed.record["kind"]](client, run_id, spool, placed.record)
    except MlflowException as error:
        _raise_unless_refused(error)
        _set_aside(spool, placed.record, error)
    spool.mark_sent(placed.end)


def _raise_unless_refused(error: Any) -> None:
    if error.error_code not in _NEVER:
        raise error


def _set_aside(spool: Spool, record: Record, error: Exception) -> None:
    reason = " ".join(str(error).split())
    spool.refuse(record, reason)
    print(
        f"warning: MLflow refused {record['kind']} of this run, kept in {spool.folder / 'refused.jsonl'}: {reason[:200]}", file=sys.stderr
    )


def _params(client: Any, run_id: str, _: Spool, record: Record) -> None:
    from mlflow.entities import Param

    params = [Param(key, value) for key, value in record["values"].items()]
    for start in range(0, len(params), 100):
        client.log_batch(run_id, params=params[start : start + 100])


def _tags(client: Any, run_id: str, _: Spool, record: Record) -> None:
    from mlflow.entities import RunTag

    tags = [RunTag(key, value) for key, value in record["values"].items()]
    for start in range(0, len(tags), 100):
        client.log_batch(run_id, tags=tags[start : start + 100])


def _artifact(client: Any, run_id: str, spool: Spool, record: Record) -> None:
    path = spool.folder / record["file"]
    if path.is_dir():
        client.log_artifacts(run_id, str(path), "/".join(part for part in (record["folder"], path.name) if part))
    else:
        client.log_artifact(run_id, str(path), record["folder"] or None)


def _image(client: Any, run_id: str, spool: Spool, record: Record) -> None:
    from PIL import Image

    with Image.open(spool.folder / record["file"]) as image:
        client.log_image(run_id, image.copy(), key=record["key"], step=record["step"], timestamp=record["time"], synchronous=True)


def _end(client: Any, run_id: str, _: Spool, record: Record) -> None:
    client.set_terminated(run_id, record["status"], record["time"])
    parent = record["parent"]
    if not parent:
        return
    running = client.search_runs(
        [record["experiment"]], f"tags.`mlflow.parentRunId` = '{parent}' and attributes.status = 'RUNNING'", max_results=1
    )
    if not running:
        client.set_terminated(parent, record["status"], record["time"])


_SENDERS = {"params": _params, "tags": _tags, "artifact": _artifact, "image": _image, "end": _end}

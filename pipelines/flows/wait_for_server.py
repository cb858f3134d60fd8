"""Patience with a Prefect server that is away for a while."""

from __future__ import annotations

import time

import httpx
from prefect.logging import get_logger
from prefect.settings import get_current_settings

_MOST_SECONDS = 900.0
_SECONDS_BETWEEN_TRIES = 1.0


def wait_for_server() -> None:
    """Wait until the server can be reached, for a quarter of an hour at most.

    Prefect repeats a call only over a connection that has been made before; slots and artifacts each make a new one, and one
    refused connection would fail a run whose training is done.
    """
    api = get_current_settings().api.url
    deadline = time.monotonic() + _MOST_SECONDS
    told = False
    while api and not _reachable(f"{api}/health") and time.monotonic() < deadline:
        if not told:
            get_logger("tsernet").warning("the Prefect server at %s is away; waiting for it", api)
        told = True
        time.sleep(_SECONDS_BETWEEN_TRIES)


def _reachable(address: str) -> bool:
    """Say whether anything answers, be it with a refusal: what it says is Prefect's business."""
    try:
        httpx.get(address, timeout=5)
    except httpx.TransportError:
        return False
    return True

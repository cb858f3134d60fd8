"""A service that listens until it is stopped."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType

import uvicorn

from pipelines.map_files import MOST_CALLERS, callers_for
from pipelines.services.names import PAGE_PORT
from pipelines.serving.app import OPEN_PATHS, build_app
from pipelines.serving.connections import ImpatientConnection
from pipelines.serving.desk import Desk
from pipelines.serving.guard import OWN_NAMES, TOKEN, Guard, require_token
from pipelines.serving.limits import Limits
from pipelines.serving.loaded import Usage
from pipelines.serving.log import InspectionLog, LogSettings
from pipelines.serving.models import Models
from pipelines.serving.service import Service
from tsernet.errors import UserError

_GRACE_SECONDS = 10


@dataclass(frozen=True)
class Served:
    """What is to be served, and where.

    Attributes:
        model, compared: As `Models` takes them.
        usage: How they are used.
        limits: Of requests.
        log: Of inspections; None for none.
        host, port: To listen at; port 0 is any free one.
        names: More names that a `Host` header may say.
    """

    model: str
    compared: str | None = None
    usage: Usage = field(default_factory=Usage)
    limits: Limits = field(default_factory=Limits)
    log: LogSettings | None = None
    host: str = "127.0.0.1"
    port: int = PAGE_PORT
    names: tuple[str, ...] = ()


def serve(served: Served, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; what is in work then is finished.

    Args:
        served: What and where.
        announce: Called with the address once it listens.
    Raises:
        UserError: As `prepared`.
    """
    with prepared(served) as (server, listening):
        # uvicorn finishes what is in work and then raises the signal again, for who has set a handler before.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _as_interrupt)
        announce(address_of(listening))
        with suppress(KeyboardInterrupt):  # asked to end, and ended
            server.run(sockets=[listening])


@contextmanager
def prepared(served: Served) -> Iterator[tuple[uvicorn.Server, socket.socket]]:
    """Make a server ready, its models loaded and its socket bound, and put away what it used.

    Args:
        served: What and where.
    Raises:
        UserError: If the port is taken, the model cannot be used, or the host is not loopback and there is no token.
    """
    token = os.environ.get(TOKEN) or None
    require_token(served.host, token)
    with ExitStack() as held:
        listening = held.enter_context(_listen(served.host, served.port))
        models = Models(served.model, served.compared, served.usage)
        held.callback(models.stop)
        models.start()
        log = None if served.log is None else InspectionLog(served.log)
        if log is not None:
            held.callback(log.close)
        desk = Desk(callers_for(MOST_CALLERS), served.limits)
        held.callback(desk.close)
        service = Service(models, desk, served.limits, log)
        names = (*OWN_NAMES, served.host, *served.names)
        config = uvicorn.Config(
            Guard(build_app(service), names, token, OPEN_PATHS, service.metrics),
            http=ImpatientConnection,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        yield uvicorn.Server(config), listening


def address_of(listening: socket.socket) -> str:
    """Spell where a socket listens."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise UserError(
            f"--host {host} --port {port}: cannot listen there ({error.strerror or error}); name another port, or 0 for any"
        ) from None


def _as_interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt

"""Who is let in: foreign hosts and pages are refused, and a token is asked for where there is one."""

from __future__ import annotations

import hmac
import ipaddress
import json
import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from pipelines.serving.metrics import Metrics
from tsernet.errors import UserError

TOKEN = "TSERNET_SERVE_TOKEN"
KNOWN = "tsernet.known"
"""In a request's scope: whether it may read what is the plant's."""
OWN_NAMES = ("localhost", "127.0.0.1", "::1")
_LEAST_TOKEN = 16
_POLICY = "default-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_HEADERS = (
    # The page loads nothing from elsewhere, and nobody frames it.
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Callable[[], Awaitable[Any]], Send], Awaitable[None]]


def require_token(host: str, token: str | None) -> None:
    """Refuse to be reachable beyond this machine by everybody.

    Args:
        host: To listen at.
        token: As the environment gives it.
    Raises:
        UserError: If there is no token though the host is not loopback, or one that could be guessed.
    """
    if token is not None and len(token) < _LEAST_TOKEN:
        raise UserError(f"{TOKEN} has {len(token)} characters, expected at least {_LEAST_TOKEN}, such as `openssl rand -hex 24` prints")
    if token is None and not is_loopback(host):
        raise UserError(f"--host {host} is reachable from other machines: set {TOKEN}, which their requests must then carry")


def is_loopback(host: str) -> bool:
    """Say whether an address is this machine's own."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class Guard:
    """Stands before an ASGI application, counts and times what it answers.

    Args:
        app: The application.
        names: That a `Host` header may say; a page on the internet can make a browser resolve its own name to 127.0.0.1.
        token: That requests must carry as `Authorization: Bearer …`; None for no token.
        open_paths: Where no token is asked for.
        metrics: Where it counts.
    """

    def __init__(self, app: Asgi, names: Collection[str], token: str | None, open_paths: Collection[str], metrics: Metrics) -> None:
        self._app, self._names, self._token = app, {name.lower() for name in names}, token
        self._open, self._metrics = frozenset(open_paths), metrics

    async def __call__(self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, statuses = time.monotonic(), []

        async def sent(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            await send(message)

        refused = self._refusal(scope)
        try:
            if refused is None:
                await self._app(scope, receive, sent)
            else:
                await _answer(sent, *refused)
        finally:
            # Not the path as it was asked for: there is no end of those.
            route = scope.get("route")
            path = getattr(route, "path", "other")
            self._metrics.requests.labels(path, str(statuses[0] if statuses else 500)).inc()
            self._metrics.seconds.labels(path).observe(time.monotonic() - started)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = dict(scope["headers"])
        host = _name_in(headers.get(b"host", b"").decode("latin-1"))
        if host not in self._names:
            return 421, f"this service does not answer for the host {host[:100]!r}; --name lets it"
        origin = headers.get(b"origin")
        if origin is not None and _name_in(origin.decode("latin-1").partition("://")[2]) not in self._names:
            return 403, "this request comes from the page of another site"
        given = headers.get(b"authorization", b"")
        scope[KNOWN] = self._token is None or hmac.compare_digest(given, f"Bearer {self._token}".encode())
        if not scope[KNOWN] and scope["path"] not in self._open:
            return 401, "a token is needed: the header `Authorization: Bearer TOKEN`"
        return None


def _name_in(host: str) -> str:
    """Give the name of a `Host` header without its port, in lower case."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


async def _answer(send: Send, status: int, sentence: str) -> None:
    headers = [(b"content-type", b"application/json")] + ([(b"www-authenticate", b"Bearer")] if status == 401 else [])
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"detail": sentence}).encode()})

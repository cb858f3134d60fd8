"""Prefect's server for one machine: as `prefect server start`, but deaf to foreign `Host` headers.

A page on the internet can make a browser resolve its own name to 127.0.0.1 and talk to whatever listens there; the `Host` header
gives it away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.middleware.trustedhost import TrustedHostMiddleware

if TYPE_CHECKING:
    from starlette.types import ASGIApp

OWN_NAMES = ("127.0.0.1", "localhost")


def create_app() -> ASGIApp:
    """Make the application for uvicorn's `--factory`.

    The check stands around Prefect's application and not inside it: the actions of automations call that one without a socket, under a name
    of their own, and would be refused.
    """
    from prefect.server.api.server import create_app as create_prefect

    return TrustedHostMiddleware(create_prefect(), allowed_hosts=list(OWN_NAMES), www_redirect=False)

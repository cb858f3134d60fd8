"""Prefect's server for one machine: as `prefect server start`, and deaf to foreign `Host` headers.

A page on the internet can make a browser resolve its own name to 127.0.0.1 and talk to whatever listens there; the `Host` header
gives it away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.middleware.trustedhost import TrustedHostMiddleware

if TYPE_CHECKING:
    from fastapi import FastAPI

OWN_NAMES = ("127.0.0.1", "localhost")


def create_app() -> FastAPI:
    """Make the application for uvicorn's `--factory`."""
    from prefect.server.api.server import create_app as create_prefect

    app = create_prefect()
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(OWN_NAMES), www_redirect=False)
    return app

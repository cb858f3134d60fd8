"""Prefect's server for one machine: as `prefect server start`, deaf to foreign `Host` headers, and with schedules that work.

A page on the internet can make a browser resolve its own name to 127.0.0.1 and talk to whatever listens there; the `Host` header
gives it away.

Prefect 3.8 on SQLAlchemy 2.1 schedules nothing, and says so in the server's log alone: it inserts runs with a value for `state`, a hybrid
attribute without a column. SQLAlchemy 2.0 left such a value out; 2.1 refuses it unless the attribute says what is to become of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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

    _let_schedules_work()
    return TrustedHostMiddleware(create_prefect(), allowed_hosts=list(OWN_NAMES), www_redirect=False)


def _let_schedules_work() -> None:
    """Leave `state` out of bulk inserts of flow runs, as SQLAlchemy 2.0 did: the scheduler inserts the states itself, into their table."""
    from prefect.server.database.orm_models import FlowRun

    state = vars(FlowRun)["state"]
    if getattr(state, "bulk_dml_setter", state) is None:  # SQLAlchemy 2.0 has no such thing; a Prefect that says it by itself is left alone
        state.inplace.bulk_dml(_left_out)


def _left_out(_: type, mapping: dict[str, Any], value: Any) -> None:
    """Keep the value where it is: the insert takes the columns out of the mapping, and the scheduler reads the state there afterwards."""

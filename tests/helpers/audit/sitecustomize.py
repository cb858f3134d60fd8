"""Writes down what any Python process that has this on its path looks up or calls outside this machine."""

from __future__ import annotations

import os
import socket
import sys

_HERE = {None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0", b"localhost", b"127.0.0.1"}
_OWN_NAME = os.uname().nodename


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.getaddrinfo":
        called = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple) and _is_stream(arguments[0]):
        called = arguments[1][0]
    else:
        return
    if called not in _HERE and called != _OWN_NAME:
        with open(os.environ["TSERNET_TEST_AUDIT"], "a", encoding="utf-8") as out:  # noqa: PTH123 (pathlib here would slow every process)
            out.write(f"{called} {' '.join(sys.argv)[:200]}\n")


def _is_stream(opened: object) -> bool:
    """Say whether connecting sends anything: with datagrams it only chooses a route, which is how Dask finds its own address."""
    return isinstance(opened, socket.socket) and opened.type == socket.SOCK_STREAM


if "TSERNET_TEST_AUDIT" in os.environ:
    sys.addaudithook(_note)

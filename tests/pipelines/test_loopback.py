"""No proxy between us and this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
import requests

from pipelines.loopback import around_proxies, bypass_proxy_for_loopback, has_proxy


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "plant.example, localhost"}, "plant.example,localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "a.example", "no_proxy": "b.example"}, "b.example,a.example,localhost,127.0.0.1,::1"),
        ({"no_proxy": "*"}, "*"),
    ],
)
def test_what_was_exempt_stays_so_and_loopback_comes_to_it(given: dict[str, str], expected: str) -> None:
    assert around_proxies(given) == {"NO_PROXY": expected, "no_proxy": expected}


@pytest.mark.parametrize("get", [httpx.get, requests.get])
def test_clients_of_this_process_go_around_the_proxy(get: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # where nothing listens
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    bypass_proxy_for_loopback()

    for host in ("127.0.0.1", "localhost"):
        assert get(f"http://{host}:{server.server_port}").status_code == 501
    server.shutdown()
    server.server_close()


def test_only_a_proxy_for_http_counts() -> None:
    assert has_proxy({"HTTP_PROXY": "http://proxy.example:3128"})
    assert not has_proxy({"HTTP_PROXY": "", "NO_PROXY": "x"})

"""The documentation site: built strictly, and as a reader opens it in headless Chromium."""

from __future__ import annotations

import functools
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsers import chromium, needs_chromium, quiet_page

pytestmark = pytest.mark.long
ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for path in (ROOT / "docs").rglob("*.md"))


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it; a broken link is an error."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_generated_pages_hold_every_command_and_key(site: Path) -> None:
    from pipelines.cli import build_app
    from tsernet.config import Params

    commands, params = ((site / f"reference/{name}.html").read_text(encoding="utf-8") for name in ("cli", "params"))
    for name in ("predict", "models rollback", "score", "doctor", "export"):
        assert f"tsernet {name}" in commands
    assert len(build_app().registered_commands) <= commands.count("<h2")
    for key in ("register.floor", "dataset.masks.values", "train.optimiser.lr", "seeds"):
        assert f"<code>{key}</code>" in params
    assert {field.alias or name for name, field in Params.model_fields.items()} >= {"dataset", "train", "register"}


@pytest.mark.browser
@needs_chromium
def test_a_reader_finds_a_key_and_nothing_scrolls_sideways_or_comes_from_elsewhere(address: str) -> None:
    with chromium() as browser, quiet_page(browser, 390, 800, address, "data:", "blob:", levels=("error", "warning")) as page:
        for name in PAGES:
            page.goto(f"{address}/{name}")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
            assert page.evaluate("[...document.images].filter((one) => one.complete && !one.naturalWidth).length") == 0, name
        _search(page, address)


def _search(page: Any, address: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{address}/index.html")
    page.locator(".md-search__input").first.click()
    page.keyboard.type("register.floor", delay=20)
    page.locator(".md-search-result__link[href*='reference/params.html']").first.wait_for(timeout=20_000)

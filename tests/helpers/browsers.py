"""Debian's chromium without a screen, and pages that may neither complain nor ask for what is elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start it, and end it with the block."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        try:
            yield launched
        finally:
            launched.close()


@contextmanager
def quiet_page(browser: Browser, width: int, height: int, *allowed: str, levels: tuple[str, ...] = ()) -> Iterator[Page]:
    """Open a page; in the end see that it has said and asked for nothing.

    Args:
        browser: Of `chromium`.
        width, height: Pixels.
        allowed: What the addresses that it may ask for begin with.
        levels: Of console messages, such as `error`, those that count; all where none is given.
    Raises:
        AssertionError: If there were console messages, errors, or requests to elsewhere.
    """
    said: list[str] = []
    with browser.new_page(viewport={"width": width, "height": height}) as page:
        page.on("console", lambda message: said.append(message.text) if not levels or message.type in levels else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(allowed) else said.append(request.url))
        yield page
    assert said == [], "console messages, errors or requests to elsewhere"

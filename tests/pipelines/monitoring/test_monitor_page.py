"""The report as a person opens it, in headless Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from browsers import chromium, needs_chromium, quiet_page
from inspections import made_up, write_log

from pipelines.monitoring.figures import figures_of
from pipelines.monitoring.page import report_page
from pipelines.monitoring.reference import Reference
from pipelines.monitoring.verdict import judge
from pipelines.monitoring.window import last_images

pytestmark = [pytest.mark.browser, pytest.mark.long, needs_chromium]


def test_it_loads_nothing_and_fits_a_screen_and_a_phone(tmp_path: Path) -> None:
    reference = Reference(figures_of(list(made_up(150, 0))), "split", "1" * 64, 150)
    log = write_log(tmp_path / "log", made_up(100, 1, brightness=0.35, model="models:/<b>&tsernet/1"))
    (tmp_path / "page.html").write_text(report_page(judge(last_images(log, 100), reference, 100, 0.05)), encoding="utf-8")
    with chromium() as browser, quiet_page(browser, 1200, 900, "file:", "data:") as page:
        page.goto((tmp_path / "page.html").as_uri())
        assert page.locator("h1").inner_text().startswith("Drifted: Brightness")
        assert page.locator(".moved circle").count() >= 100
        assert page.get_by_text("inspected with models:/<b>&tsernet/1").is_visible()
        for width in (1200, 390):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width

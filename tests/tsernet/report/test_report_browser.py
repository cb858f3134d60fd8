"""The page as a reader opens it, in headless Chromium."""

from contextlib import contextmanager

import pytest
from browsers import chromium, needs_chromium, quiet_page

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_chromium]


@pytest.fixture(scope="module")
def browser():
    with chromium() as launched:
        yield launched


@contextmanager
def _page(browser, path, width=1280, height=900):
    with quiet_page(browser, width, height, "file:", "data:") as page:
        page.goto(path.as_uri())
        yield page


@pytest.mark.parametrize("width", [1280, 390])
def test_every_image_loads_and_nothing_scrolls_sideways(browser, real_report, width):
    with _page(browser, real_report / "report.html", width) as page:
        broken = page.evaluate("[...document.images].filter((one) => !one.complete || !one.naturalWidth).length")
        assert page.locator("img").count() > 20
        assert broken == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_tables_sort_by_a_click_and_by_the_keyboard(browser, real_report):
    with _page(browser, real_report / "report.html") as page:
        table = page.locator("#table_1 table")
        head = table.locator("thead tr:last-child th", has_text="max F").first
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == "ascending"
        published = _column(table, 7)
        assert published == sorted(published)
        assert published[0] == 0.392
        head.get_by_role("button").press("Enter")
        assert head.get_attribute("aria-sort") == "descending"
        assert _column(table, 7) == sorted(published, reverse=True)
        # What has no figure comes last either way.
        assert table.locator("tbody tr").last.locator("td").nth(7).inner_text() == "–"


def test_it_prints(browser, real_report, tmp_path):
    with _page(browser, real_report / "report.html") as page:
        page.emulate_media(media="print")
        assert not page.locator("nav").is_visible()
        page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    assert (tmp_path / "report.pdf").stat().st_size > 100_000


def _column(table, place):
    keys = table.locator("tbody tr").evaluate_all(f"(rows) => rows.map((row) => row.cells[{place}].dataset.key)")
    return [float(key) for key in keys if key]

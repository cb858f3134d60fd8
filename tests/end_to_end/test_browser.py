"""An engineer retrains in the browser: Debian's chromium against the real servers and the real pipeline."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from servers import PrefectApi

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page
    from stacks import Up

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.long]

CHROMIUM = shutil.which("chromium")
FINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
# One variant where the deployment's default is others too: what runs is what the form says.
TASKS = ("workspace", "acquire and prepare", "split and validate", "train full 0", "evaluate full 0", "compare", "register", "keep")
# Above every real wait on a busy machine; a hang still ends.
_MILLISECONDS = 60_000
# The page draws its graph anew sixty times a second; without a GPU that is more than half a core for as long as the run takes.
_FEW_FRAMES = "window.requestAnimationFrame = draw => setTimeout(() => draw(performance.now()), 500)"


@pytest.fixture(scope="module")
def up(clone: Path) -> Iterator[Up]:
    """Start `tsernet up` in the clone."""
    from stacks import running_up

    with running_up(clone, clone, OMP_NUM_THREADS="1", TSERNET_LOCKS=str(clone.parent / "locks")) as running:
        yield running


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """Open a browser."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        opened = browser.new_page(viewport={"width": 1400, "height": 1600}, reduced_motion="reduce")
        opened.set_default_timeout(_MILLISECONDS)
        opened.add_init_script(_FEW_FRAMES)
        yield opened
        browser.close()


def test_retrain_in_the_browser(page: Page, up: Up, tmp_path: Path) -> None:
    submit_form(page, up.prefect, iterations=3, variants=("full",))
    run_id = newest_run(up.prefect)

    turned_green = order_of_the_greens(page, up.prefect, run_id)
    assert up.api.wait_for_end(run_id, 500) == "COMPLETED", up.api.logs_of(run_id)
    assert turned_green == list(TASKS)

    # The page of a run that has ended asks for nothing more; what it had not yet shown by then, it shows when it is opened anew.
    page.reload()
    page.get_by_text("8 Task runs").first.wait_for()
    page.get_by_text("Artifacts", exact=True).first.click()
    for name in ("validation", "scores", "pr-curve", "comparison-sheet", "mlflow-run", "version", "report"):
        page.get_by_text(name, exact=True).first.wait_for()
    page.screenshot(path=tmp_path / "prefect.png")
    sheet = artifact(up.prefect, run_id, "comparison-sheet")
    page.goto(f"{up.prefect}/artifacts/artifact/{sheet['id']}")
    assert_the_image_shows(page)

    page.goto(f"{up.mlflow}/#/models/tsernet/versions/1")
    page.get_by_text("champion").first.wait_for()
    page.screenshot(path=tmp_path / "mlflow.png")
    page.goto(mlflow_link(up.prefect, run_id))
    page.get_by_text("Overview").first.wait_for()
    assert git_status(up.repository) == ""


def submit_form(page: Page, prefect: str, iterations: int, variants: tuple[str, ...]) -> None:
    """Open the deployment, choose Custom run, fill in the form and submit it."""
    page.goto(f"{prefect}/deployments")
    page.get_by_role("link", name="default").first.click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Custom run").click()
    field(page, "Iterations").locator("input").fill(str(iterations))
    field(page, "Variants").locator("button.p-select-button__control").focus()
    page.keyboard.press("ArrowDown")
    for variant in variants:
        page.get_by_role("option").filter(has_text=re.compile(f"^{variant}$")).click()
    page.mouse.click(1390, 10)  # beside the list, which closes it
    page.get_by_role("option").first.wait_for(state="hidden")  # while it closes it takes the next click for itself
    page.get_by_role("button", name="Submit").click()
    page.wait_for_url(re.compile("tab=Runs"))


def order_of_the_greens(page: Page, prefect: str, run_id: str) -> list[str]:
    """Watch the tasks on the run's page, and list them as they turn green; fewer if the run ends without them."""
    show_tasks(page, prefect, run_id)
    seen: list[str] = []
    while len(seen) < len(TASKS):
        over = state_of(prefect, run_id) in FINAL
        if over:  # the page of a run that has ended need not ask the server again
            show_tasks(page, prefect, run_id)
        page.wait_for_timeout(5_000 if over else 500)
        # The newest stands first.
        shown = reversed(page.locator(".state-list-item--completed").all_inner_texts())
        seen += [name for text in shown for name in TASKS if name in text and name not in seen]
        if over:
            break
    return seen


def show_tasks(page: Page, prefect: str, run_id: str) -> None:
    """Open the run's page where it lists the tasks."""
    page.goto("about:blank")  # the same address again would not load anew
    page.goto(f"{prefect}/runs/flow-run/{run_id}")
    page.get_by_text("Task Runs", exact=True).first.click()


def field(page: Page, name: str) -> Locator:
    """Find a field of the form by its label."""
    label = page.locator("span.schema-form-property__label", has_text=re.compile(f"^{name} "))
    return page.locator("div.schema-form-property").filter(has=label).last


def assert_the_image_shows(page: Page) -> None:
    """See that the browser could decode the image on the page."""
    image = page.locator("img[src^='data:image/png']").first
    image.wait_for()
    assert image.evaluate("image => image.naturalWidth") > 100


def newest_run(prefect: str) -> str:
    """Find the run that was started last."""
    runs = PrefectApi(f"{prefect}/api").post("/flow_runs/filter", sort="EXPECTED_START_TIME_DESC").json()
    return str(runs[0]["id"])


def state_of(prefect: str, run_id: str) -> str:
    """Ask for a run's state."""
    return str(PrefectApi(f"{prefect}/api").get(f"/flow_runs/{run_id}").json()["state_type"])


def mlflow_link(prefect: str, run_id: str) -> str:
    """Read the link that the run's artifact gives to MLflow."""
    text = artifact(prefect, run_id, "mlflow-run")["data"]
    found = re.search(r"\((http[^)]+)\)", text)
    assert found, text
    return found[1]


def artifact(prefect: str, run_id: str, key: str) -> dict[str, str]:
    """Read one of a run's artifacts."""
    wanted = {"artifacts": {"flow_run_id": {"any_": [run_id]}, "key": {"any_": [key]}}}
    (found,) = PrefectApi(f"{prefect}/api").post("/artifacts/filter", **wanted).json()
    return dict(found)


def git_status(repository: Path) -> str:
    """Say what git sees as changed."""
    return subprocess.run(["git", "status", "--porcelain"], cwd=repository, capture_output=True, text=True, check=True).stdout

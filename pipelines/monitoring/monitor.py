"""One look: the last images of the log beside the champion's training images, as a verdict and a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pipelines.model_resolver import find_model
from pipelines.monitoring.page import report_page
from pipelines.monitoring.reference import Reference, build, remembered
from pipelines.monitoring.training_split import TrainingSplit, split_here, split_of_version
from pipelines.monitoring.verdict import WAITING, Verdict, judge
from pipelines.monitoring.window import last_images
from pipelines.serving.log import files_of
from tsernet.data.atomic import write_whole
from tsernet.digests import sha256_of

WINDOW, RATE = 100, 0.002
_REPORTS = 50
"""So many pages are kept where nobody said where to write one."""


@dataclass(frozen=True)
class Look:
    """What is to be looked at.

    Attributes:
        model: As `tsernet inspect --model` takes it; the reference is of this version.
        log: Folder of the inspection log.
        state: Folder for references and pages.
        root: The repository.
        window: How many images.
        rate: Chance of a false alarm of a window.
        after: Only images that were inspected later than this moment count, in the log's spelling; empty for all.
    """

    model: str
    log: Path
    state: Path
    root: Path
    window: int = WINDOW
    rate: float = RATE
    after: str = ""


def look(wanted: Look, report: Callable[[str], None]) -> Verdict:
    """Compare the last images.

    Args:
        wanted: What is to be looked at.
        report: Called with a line where it takes long.
    Raises:
        UserError: If there is no such model, or its training images are not here.
    """
    window = last_images(wanted.log, wanted.window, wanted.after)
    enough = len(window) >= wanted.window
    verdict = judge(window, reference_of(wanted, report) if enough else None, wanted.window, wanted.rate)
    if verdict.status == WAITING and not files_of(wanted.log):
        report(f"{wanted.log}: no inspection log there yet; 'tsernet serve' writes one")
    return verdict


def reference_of(wanted: Look, report: Callable[[str], None]) -> Reference:
    """Recall the reference of a model, or make it.

    Raises:
        UserError: As `look`.
    """
    name, digest, weights, split = _origin(wanted)
    known = remembered(wanted.state, digest, weights)
    if known is not None:
        return known
    found = split()  # before the model is opened: most often it is this that is missing
    from pipelines.serving.loaded import Usage, load

    return build(wanted.state, found, load(name, Usage()), report)


def known_reference(wanted: Look) -> Reference | None:
    """Recall the reference of a model; None if no look has made it yet.

    Raises:
        UserError: If there is no such model.
    """
    _, digest, weights, _ = _origin(wanted)
    return remembered(wanted.state, digest, weights)


def write_page(verdict: Verdict, state: Path, out: Path | None) -> Path:
    """Write the report; where it has no place of its own, among the last ones."""
    folder = state / "reports"
    page = out or folder / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}-{verdict.status}.html"
    write_whole(page, report_page(verdict))
    if out is None:
        for old in sorted(folder.glob("*.html"))[:-_REPORTS]:
            old.unlink(missing_ok=True)
    return page


def _origin(wanted: Look) -> tuple[str, str, str, Callable[[], TrainingSplit]]:
    """Say which version a model is, what it was trained on, its weights, and how to get at the images."""
    if not wanted.model.startswith("models:"):
        here = split_here(wanted.root)
        return wanted.model, here.digest, sha256_of(find_model(wanted.model)[0]), lambda: here
    from pipelines.registry.trace import trace_version
    from pipelines.registry.versions import resolve

    registry, version = resolve(wanted.model)
    name, traced = f"models:/{version.name}/{version.number}", trace_version(registry, version)
    digest = traced["splits"]["train"]
    return name, digest, version.weights_sha256, partial(split_of_version, wanted.root, name, digest, traced["inputs"])

"""Run the expectations over tables with Great Expectations; the only import of great_expectations."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.validation.expectations import Expectation
from pipelines.validation.tables import FINDINGS, KEYS

if TYPE_CHECKING:
    import pandas as pd

# Data Docs print when they ran. A fixed time makes equal data give equal pages, which is what DVC caches by.
_WHEN = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Outcome:
    """Whether an expectation is met, and the names of those that fail it, with what was found where the table says so."""

    expectation: Expectation
    success: bool
    failing: tuple[str, ...]
    found: Mapping[str, str] = field(default_factory=dict)


def run_expectations(
    tables: Mapping[str, pd.DataFrame], expectations: Sequence[Expectation], docs: Path | None, label: str
) -> list[Outcome]:
    """Check the tables against the expectations and write Data Docs.

    Args:
        tables: By name; each has its key column of `KEYS`.
        expectations: What to check.
        docs: Folder for the Data Docs, as Great Expectations makes them; None for none.
        label: What the Data Docs call this run.
    Returns:
        An outcome for each expectation, in the same order.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    context.variables.data_docs_sites = {}
    if docs is not None:
        context.add_data_docs_site("tsernet", _site(docs))
    source = context.data_sources.add_pandas("dataset")
    outcomes: dict[str, Outcome] = {}
    for name, table in tables.items():
        own = [expectation for expectation in expectations if expectation.table == name]
        batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("all")
        suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=[_expectation(gx, expectation) for expectation in own]))
        definition = context.validation_definitions.add(gx.ValidationDefinition(name=name, data=batch, suite=suite))
        checkpoint = context.checkpoints.add(
            gx.Checkpoint(
                name=name,
                validation_definitions=[definition],
                result_format={"result_format": "COMPLETE", "unexpected_index_column_names": [KEYS[name]]},
            )
        )
        run = checkpoint.run(batch_parameters={"dataframe": table}, run_id=RunIdentifier(run_name=label, run_time=_WHEN))
        for result in next(iter(run.run_results.values())).results:
            outcome = _outcome(own, result, KEYS[name])
            outcomes[outcome.expectation.name] = outcome
    if docs is not None:
        with _rendering_fails_aloud():
            context.build_data_docs()
    return [outcomes[expectation.name] for expectation in expectations]


@contextmanager
def _rendering_fails_aloud() -> Iterator[None]:
    """Raise what Great Expectations only logs: a page that could not be written, for a full disk for instance."""
    logger = logging.getLogger("great_expectations.render.renderer.site_builder")
    caught = _Caught(level=logging.ERROR)
    logger.addHandler(caught)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(caught)
        logger.propagate = True
    if caught.error is not None:
        raise caught.error


class _Caught(logging.Handler):
    """Keep the first exception that was being handled when something was logged."""

    error: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        self.error = self.error or sys.exc_info()[1] or RuntimeError(record.getMessage())


def _site(docs: Path) -> Any:
    return {
        "class_name": "SiteBuilder",
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs.resolve())},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder", "show_cta_footer": False},
        "show_how_to_buttons": False,
    }


def _expectation(gx: Any, expectation: Expectation) -> Any:
    severity = "critical" if expectation.severity == "error" else "warning"
    kind = getattr(gx.expectations, expectation.kind)
    return kind(
        **expectation.arguments,
        severity=severity,
        notes=f"{expectation.name}: {expectation.description}",
        meta={"expectation": expectation.name},
    )


def _outcome(expectations: Sequence[Expectation], result: Any, key: str) -> Outcome:
    name = result.expectation_config.meta["expectation"]
    expectation = next(expectation for expectation in expectations if expectation.name == name)
    if result.exception_info.get("raised_exception"):
        raise RuntimeError(f"the expectation {name} could not be evaluated: {result.exception_info.get('exception_message')}")
    entries = result.result.get("unexpected_index_list") or []
    failing = {str(entry[key]) for entry in entries}
    column = expectation.arguments["column"]
    found = {str(entry[key]): str(entry[column]) for entry in entries if column in entry and column in FINDINGS}
    return Outcome(expectation, bool(result.success), tuple(sorted(failing)), found)

"""Stage validate: what is wrong with the data is said here, by file name, before a single training step."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.exit_codes import run_stage
from pipelines.validation import Outcome, failed, validate_data
from tsernet.config import load_params
from tsernet.data.prepare import describe_faults, read_manifest
from tsernet.errors import CheckError

PREPARED, SPLITS, TARGET = Path("data/prepared"), Path("data/splits"), Path("results/validation")
_NAMED = 5


def main(_: Sequence[str]) -> None:
    """Check the data, show every warning, and fail where an expectation of severity error is not met."""
    params = load_params()
    outcomes = validate_data(
        PREPARED,
        SPLITS,
        params.validate_,
        params.dataset.source,
        TARGET,
        one_depth=params.dataset.depths == "one",
        scale=params.train.augment.resize,
        window=params.train.window,
    )
    for outcome in failed(outcomes, "warning"):
        print(f"warning: {_line(outcome)}", file=sys.stderr)
    errors = failed(outcomes, "error")
    if errors:
        raise CheckError(f"{_errors(errors, outcomes)} (see {TARGET / 'data_docs' / 'findings.html'})")
    print(f"{len(outcomes)} expectations checked, {len(failed(outcomes, 'warning'))} warnings; {TARGET / 'data_docs' / 'index.html'}")


def _errors(errors: Sequence[Outcome], outcomes: Sequence[Outcome]) -> str:
    """Begin with the fault that most samples share; where no sample is usable, all else only follows from it."""
    rows = read_manifest(PREPARED / "manifest.csv")
    faults = describe_faults(rows)
    if faults and not any(row.usable for row in rows):
        return faults
    listed = f"the data fail {len(errors)} of {len(outcomes)} expectations: {'; '.join(map(_line, errors))}"
    return f"{faults}; {listed}" if faults else listed


def _line(outcome: Outcome) -> str:
    def named(name: str) -> str:
        return f"{name} ({outcome.found[name]})" if name in outcome.found else name

    more = f" and {len(outcome.failing) - _NAMED} more" if len(outcome.failing) > _NAMED else ""
    return f"{outcome.expectation.name} ({outcome.expectation.description}): {', '.join(map(named, outcome.failing[:_NAMED]))}{more}"


if __name__ == "__main__":
    run_stage(main)

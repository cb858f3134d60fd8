"""summary.json: what passed, what did not, and the digests that later stages trace data by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pipelines.validation.runner import Outcome
from tsernet.data.prepare.manifest import Row


def write_summary(outcomes: Sequence[Outcome], rows: Sequence[Row], splits: Mapping[str, Sequence[str]], path: Path) -> None:
    """Write summary.json; equal data under equal expectations gives equal bytes."""
    known = {row.name: row for row in rows}
    digests = {"dataset": _digest(rows)}
    digests |= {part: _digest(known[name] for name in names if name in known) for part, names in splits.items()}
    summary = {
        "passed": not failed(outcomes, "error"),
        "errors": len(failed(outcomes, "error")),
        "warnings": len(failed(outcomes, "warning")),
        "samples": len(rows),
        "splits": {part: len(names) for part, names in splits.items()},
        "expectations": [
            {
                "name": outcome.expectation.name,
                "description": outcome.expectation.description,
                "severity": outcome.expectation.severity,
                "success": outcome.success,
                "failing": list(outcome.failing),
            }
            for outcome in outcomes
        ],
        "digests": digests,
    }
    path.write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def failed(outcomes: Iterable[Outcome], severity: str) -> list[Outcome]:
    """Pick the failed expectations of one severity."""
    return [outcome for outcome in outcomes if not outcome.success and outcome.expectation.severity == severity]


def _digest(rows: Iterable[Row]) -> str:
    """Digest names and pixels of samples, whatever their order and whatever files they came from."""
    lines = sorted(f"{row.name},{row.image_digest or ''},{row.mask_digest or ''}" for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()

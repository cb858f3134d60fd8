"""Stage `register`: the model of one variant as a version of the registered model, and champion where it is better."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.exit_codes import run_stage
from tsernet.config import load_params
from tsernet.data.atomic import write_whole
from tsernet.errors import CheckError

OUT = Path("results/register.json")


def main(_: Sequence[str]) -> None:
    """Register the model of `register.variant` and the first seed: which seed is best on the test images must not choose among seeds.

    Raises:
        CheckError: If the gate refuses the model for a fault; a model below the floor is no fault, only no version.
    """
    from pipelines import tracking
    from pipelines.registry import Outcome, Registry, publish, read_candidate

    params = load_params()
    settings = params.register_
    with tracking.parent_run() as run:
        registry = Registry(settings.name)
        try:
            candidate = read_candidate(settings.variant, params.seeds[0])
            outcome = publish(registry, candidate, settings, params.evaluate, run.run_id)
        except CheckError as error:
            _write(registry, settings.variant, Outcome(None, False, f"no version: {error}"))
            raise
        _write(registry, settings.variant, outcome)
        run.log_artifact(OUT)
        run.set_tags({"tsernet.registered": outcome.version or "none", "tsernet.verdict": outcome.reason})
    where = f"models:/{settings.name}/{outcome.version}" if outcome.version else "no version"
    print(f"{where}{', now champion' if outcome.champion else ''}: {outcome.reason}")


def _write(registry: Any, variant: str, outcome: Any) -> None:
    from pipelines.redaction import redact_passwords

    place = {"name": registry.name, "tracking_uri": redact_passwords(registry.uri)}
    content = {**place, "variant": variant, **dataclasses.asdict(outcome)}
    write_whole(OUT, json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    run_stage(main)

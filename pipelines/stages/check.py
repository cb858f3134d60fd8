"""Stage `check`: the whole of params.yaml is valid, unknown top-level keys included.

The other stages validate the file too, but DVC runs them only when a section they name has changed.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.exit_codes import run_stage
from tsernet.config import load_params


def main(_: Sequence[str]) -> None:
    """Validate params.yaml and say which preset it came from."""
    params = load_params()
    variants, seeds = ", ".join(params.variants), ", ".join(map(str, params.seeds))
    print(f"params.yaml is valid (preset {params.preset}; variants: {variants}; seeds: {seeds})")


if __name__ == "__main__":
    run_stage(main)

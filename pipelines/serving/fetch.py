"""Fetches a registered version's weights and says where they are, for a process that keeps MLflow out of its memory.

python -m pipelines.serving.fetch models:/tsernet/5
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from pipelines.exit_codes import run_stage


def main(arguments: Sequence[str]) -> None:
    """Print one JSON object: `path`, and `input`, how the model is fed beyond what its file says."""
    from pipelines.registry import weights_file

    found = weights_file(arguments[0])
    print(json.dumps({"path": str(found.path.resolve()), "input": found.input}))


if __name__ == "__main__":
    run_stage(main)

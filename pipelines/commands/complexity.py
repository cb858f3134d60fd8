"""`tsernet complexity`: what every variant costs at several widths."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

WIDTHS = (1.0, 0.5, 0.25, 0.125)
SIZE = 224
_HEADING = f"""# What the variants cost

Trainable parameters, and multiply-accumulates of the convolutions for one image of {SIZE}×{SIZE}.
Made by `tsernet complexity --out docs/explanation/complexity.md --overwrite`; a test holds this file to the command.
"""


def register(app: typer.Typer) -> None:
    """Add the command `complexity`."""
    app.command()(complexity)


def complexity(
    out: Annotated[Path | None, typer.Option(help="Write the table to this Markdown file instead of printing it.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a variant and width.")] = False,
) -> None:
    """Count parameters and multiply-accumulates of every variant at widths 1, 1/2, 1/4 and 1/8."""
    from pipelines.outputs import require_new_file

    if out is not None:
        require_new_file(out, (), overwrite)
    from tsernet.models import VARIANTS
    from tsernet.models.complexity import complexity_of

    counts = {(variant, width): complexity_of(variant, width, SIZE) for width in WIDTHS for variant in VARIANTS}
    if as_json:
        for (variant, width), count in counts.items():
            print(json.dumps({"variant": variant, "width": width, "size": SIZE, "parameters": count.parameters, "macs": count.macs}))
        return
    lines = [_HEADING, "| width | variant | parameters | multiply-accumulates |", "| ---: | --- | ---: | ---: |"]
    lines += [f"| {width:g} | `{variant}` | {c.parameters:,} | {c.macs / 1e9:.3f} G |" for (variant, width), c in counts.items()]
    text = "\n".join(lines) + "\n"
    if out is None:
        print(text, end="")
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")

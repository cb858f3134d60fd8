"""Options that several commands have: which model, on what, and how an image is read."""

from __future__ import annotations

from typing import Annotated

import typer

Model = Annotated[
    str | None,
    typer.Option(
        help="A model of the registry, a .safetensors or exported file, `shipped` or `shipped-paper`;"
        " else the champion, or `shipped` without a registry"
    ),
]
Device = Annotated[str, typer.Option(help="auto | cpu | cuda; auto takes CUDA where there is one")]
Runtime = Annotated[
    str, typer.Option(help="auto | torch | onnx | openvino | mnn; auto: as exported, else ONNX Runtime on the CPU, PyTorch on CUDA")
]
Flips = Annotated[
    str | None,
    typer.Option(help="none | left_right | both: mean over mirror images, better and 2 or 4 times as slow; else the model's own"),
]
Levels = Annotated[str | None, typer.Option(help="BLACK,WHITE: samples that become 0 and 255, for a model of 8-bit images")]
MaxPixels = Annotated[int | None, typer.Option(min=1, help="A larger image is not decoded; by default 100 million, a TIFF 4,000 million")]

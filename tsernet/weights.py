"""Model files: safetensors with enough metadata to build the network and to feed it; nothing is ever unpickled."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from tsernet.digests import sha256_of
from tsernet.errors import UserError
from tsernet.methods.graph import graph_of
from tsernet.methods.interface import SaliencyNetwork
from tsernet.methods.registry import outline_network
from tsernet.model_files import FORMAT, GRAPH, KEYS, checked_metadata, require_file

__all__ = ["FORMAT", "KEYS", "WIDTHS", "load_model", "save_model", "sha256_of"]

WIDTHS = (0.0, 2.0)
"""Above the first, at most the second: as the params allow."""


def save_model(path: Path, model: SaliencyNetwork, metadata: Mapping[str, str], half: bool = False) -> None:
    """Write a model file; a reader sees the old one or the new one, whole.

    Args:
        path: Ends in .safetensors; its folder is made if need be.
        model: Saved as it is in memory, whatever device or memory format.
        metadata: `resize` (pixels), `scaling` (unit | own_max), `stretch` (true | false), and any more; `variant` and `width` are
            the model's own and may be left out.
        half: Round the convolutions' kernels to float16, half the bytes. What BatchNorm holds stays float32: it is next to
            nothing of the file, and a variance may be too small for 16 bits.
    Raises:
        ValueError: If a key is missing, or contradicts the model; or, with `half`, if a kernel does not fit into float16.
        UserError: If the network is made of layers that no runtime but PyTorch has.
    """
    own = {"format": FORMAT, "variant": model.variant, "width": repr(float(model.width))}
    if graph := graph_of(model):
        own[GRAPH] = graph
    full = {**own, **metadata}
    wrong = [key for key in own if full[key] != own[key] and not (key == "width" and _number(full[key]) == model.width)]
    missing = [key for key in KEYS if key not in full]
    if wrong or missing:
        raise ValueError(f"metadata must hold {', '.join(KEYS)} as the model has them; missing: {missing}, contradicting: {wrong}")
    tensors = {name: tensor.detach().to("cpu").contiguous() for name, tensor in model.state_dict().items()}
    if half:
        tensors = {name: _halved(name, tensor) for name, tensor in tensors.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        save_file(tensors, temporary, metadata=full)
        _sort_header(temporary)
        temporary.chmod(0o644)  # mkstemp makes it private; a model file is as readable as any other output
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _halved(name: str, tensor: Tensor) -> Tensor:
    if tensor.ndim < 2:
        return tensor
    half = tensor.half()
    if not half.isfinite().all():
        raise ValueError(f"{name} does not fit into float16: its largest value is {tensor.abs().max().item():g}, expected at most 65504")
    return half


def _sort_header(path: Path) -> None:
    """Put the file's header into a fixed order, so that equal models are equal bytes.

    The safetensors library writes the metadata in an order that changes from one call to the next. The format is eight bytes of
    header length (little-endian), then that much JSON, which may end in spaces.
    """
    with path.open("r+b") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        if len(text) > length:
            raise ValueError(f"{path}: the sorted header takes {len(text)} bytes, expected at most {length}")
        file.seek(8)
        file.write(text.ljust(length))


def load_model(path: Path) -> tuple[SaliencyNetwork, dict[str, str]]:
    """Build the network that a model file names and fill it.

    Returns:
        The model, on the CPU, in eval mode; and the file's metadata.
    Raises:
        UserError: If the file is not there, is no model file of this format, its tensors do not fit its metadata, or its method is of a
            package that is not installed.
    """
    require_file(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = checked_metadata(path, file.metadata())
            model = _shell(path, metadata)
            tensors = {name: _own(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118 - the handle is no mapping
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: not a safetensors file ({' '.join(str(error).split())})") from None
    _check_tensors(path, model, tensors)
    # Assigned, not copied into `to_empty`: that imports torch's whole compiler for the strides of what is on the meta device.
    model.load_state_dict(tensors, assign=True)
    return model.eval(), metadata


def _own(tensor: Tensor) -> Tensor:
    """Copy: the handle's tensors are the file's own pages and follow what is later written into it. Float16 is for files alone."""
    return tensor.float() if tensor.dtype == torch.float16 else tensor.clone()


def _shell(path: Path, metadata: Mapping[str, str]) -> SaliencyNetwork:
    """Build the network without memory, so that a file that lies about its width costs nothing."""
    width = _number(metadata["width"])
    if not WIDTHS[0] < width <= WIDTHS[1]:
        raise UserError(f"{path}: the metadata's width must be above {WIDTHS[0]} and at most {WIDTHS[1]}, got {metadata['width']}")
    try:
        return outline_network(metadata["variant"], width)
    except ValueError as error:
        raise UserError(f"{path}: variant: {error}") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _check_tensors(path: Path, model: SaliencyNetwork, tensors: Mapping[str, Tensor]) -> None:
    expected = {name: tensor.shape for name, tensor in model.state_dict().items()}
    given = {name: tensor.shape for name, tensor in tensors.items()}
    wrong = sorted(name for name in expected.keys() | given.keys() if expected.get(name) != given.get(name))
    if wrong:
        raise UserError(f"{path}: {len(wrong)} tensors do not fit a {model.variant} of width {model.width}, such as {wrong[0]}")

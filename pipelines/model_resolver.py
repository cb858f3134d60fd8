"""Whatever a user may name as a model, as a local weight file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tsernet.errors import UserError

if TYPE_CHECKING:
    from tsernet.methods.interface import SaliencyNetwork
    from tsernet.runtimes import ExportedSession, Session


SHIPPED, CHAMPION = "shipped", "models:/tsernet@champion"
"""The weights that come with the package; and the registry's own choice."""
SHIPPED_MODELS = (SHIPPED, "shipped-paper")


def default_model() -> str:
    """Name the model of a user who names none: the champion, or, where there is no registry at all, the shipped weights.

    A registry without a champion is never passed over: whoever keeps one expects its answer, or to hear that it has none.
    """
    from pipelines.tracking.location import is_anything_tracked

    if is_anything_tracked():
        return CHAMPION
    print("no registry here: the weights that come with the package (--model shipped)", file=sys.stderr)
    return SHIPPED


def read_model(name: str) -> tuple[SaliencyNetwork, dict[str, str], Path]:
    """Read the network of a model.

    Args:
        name: `models:/NAME/VERSION` or `models:/NAME@ALIAS` of the registry, a .safetensors file, `shipped` or `shipped-paper`.
    Returns:
        The network, on the CPU, in eval mode; how it is fed, in the words of a file's metadata (a version: as it was evaluated); the file.
    Raises:
        UserError: If there is no such model, or its weights are not those that were registered.
    """
    from tsernet.weights import load_model

    path, fed = find_weights(name)
    network, metadata = load_model(path)
    return network, metadata | fed, path


def open_model(name: str | None, runtime: str, device: str, callers: int = 1) -> tuple[Session | ExportedSession, dict[str, str], Path]:
    """Open a model where it is to compute.

    Args:
        name: As for `read_model`, or an exported file; None for the default.
        runtime: The option `--runtime`.
        device: The option `--device`; `auto` is the CPU for an exported file.
        callers: So many threads would call it at once.
    Returns:
        The session; how it is fed, in the words of a file's metadata; the file.
    Raises:
        UserError: As `read_model`, `choose_device` and `open_session`.
    """
    from tsernet.devices import choose_device
    from tsernet.runtimes import is_exported, open_session

    chosen = "cpu" if device == "auto" and name and is_exported(Path(name)) else choose_device(device, "--device")
    path, fed = find_model(name or default_model())
    session, metadata = open_session(path, preferred(runtime, path, chosen), chosen, callers)
    return session, metadata | fed, path


def preferred(runtime: str, path: Path, device: str) -> str:
    """Give what was measured to be the fastest in place of `auto`, for weights on the CPU; an exported file says itself what it is for.

    Only for what a person looks at. A stage computes the same whatever else was measured on the machine.
    """
    from tsernet.runtimes import is_exported
    from tsernet.runtimes.fastest import measured_runtime

    return measured_runtime() if runtime == "auto" and device == "cpu" and not is_exported(path) else runtime


def find_model(name: str) -> tuple[Path, dict[str, str]]:
    """Find a model's file, and what the registry says beyond it of how it is fed; names and errors as for `read_model`."""
    if name.startswith("models:"):
        from pipelines.registry import weights_file

        return weights_file(name)
    if name in SHIPPED_MODELS:
        from tsernet.shipped import shipped_model

        return shipped_model(name), {}
    path = Path(name)
    if not path.is_file():
        raise UserError(
            f"model {name!r}: no such file; expected a .safetensors or .onnx file, models:/NAME/VERSION or @ALIAS, shipped or shipped-paper"
        )
    return path, {}


def find_weights(name: str) -> tuple[Path, dict[str, str]]:
    """Find a model's file as `find_model` does, where an exported network does not do.

    Raises:
        UserError: As `find_model`, or if it is an exported network.
    """
    from tsernet.runtimes import is_exported

    path, fed = find_model(name)
    if is_exported(path):
        raise UserError(f"{path}: is an exported network, expected weights: the .safetensors file or the version that it was exported from")
    return path, fed

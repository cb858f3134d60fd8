"""Whatever a user may name as a model, as a local weight file."""

from __future__ import annotations

from pathlib import Path

from tsernet.errors import UserError


def model_file(name: str) -> Path:
    """Find the weights of a model.

    Args:
        name: `models:/NAME/VERSION` or `models:/NAME@ALIAS` of the registry, or a .safetensors file.
    Raises:
        UserError: If there is no such model, or its weights are not those that were registered.
    """
    if name.startswith("models:"):
        from pipelines.registry import weights_file

        return weights_file(name)
    path = Path(name)
    if not path.is_file():
        raise UserError(f"model {name!r}: no such file; expected a .safetensors file, models:/NAME/VERSION or models:/NAME@ALIAS")
    return path

"""A model as the command line names it, as a local file."""

from __future__ import annotations

from pathlib import Path


def model_file(model: str) -> Path:
    """Find the file that holds a model's weights.

    Args:
        model: A .safetensors file, or models:/NAME/VERSION or models:/NAME@ALIAS of the registry.
    Raises:
        UserError: If the registry has no such model, or its weights are not those that were registered.
    """
    if not model.startswith("models:"):
        return Path(model)
    from pipelines.registry.weights_file import weights_file

    return weights_file(model)

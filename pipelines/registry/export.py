"""A trained model as an MLflow model: code, weights and papers in one folder, loadable without this repository."""

from __future__ import annotations

import importlib
import importlib.metadata
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tsernet
from pipelines.registry.versions import WEIGHTS

CODE = Path(__file__).with_name("pyfunc_model.py")
LIBRARY = (
    *("__init__.py", "py.typed", "devices.py", "digests.py", "errors.py", "flips.py", "inference.py", "model_files.py", "protocol.py"),
    *("saliency.py", "weights.py"),
    *("data/__init__.py", "data/pixels.py", "defects", "images", "methods", "models", "runtimes", "tiles"),
)
"""What of `tsernet` goes into a version: all that loading and predicting import. The gate loads it and would find a gap."""
REQUIREMENTS = ("mlflow", "onnxruntime", "numpy", "pandas", "pillow", "safetensors", "scipy", "tifffile", "imagecodecs")


def exported_network(weights: Path, fed: Mapping[str, str], digest: str) -> bytes:
    """Write the network as `tsernet export --format onnx` does.

    Args:
        weights: model.safetensors.
        fed: How it was fed when it was evaluated, in the words of a model file's metadata, `protocol` among them.
        digest: Of the weights.
    """
    from tsernet.model_files import read_tensors
    from tsernet.runtimes.exported import exported_onnx

    tensors, own = read_tensors(weights)
    return exported_onnx(weights, tensors, {"licence": "not stated"} | own | dict(fed) | {"runtime": "onnx", "weights_sha256": digest})


def export_model(folder: Path, weights: Path, papers: Mapping[str, Path], config: Mapping[str, Any], example: Any) -> None:
    """Write the MLflow model.

    Args:
        folder: Made by this; must not exist.
        weights: model.safetensors.
        papers: Files that go along, by name: the exported network, per_image, metrics, model_card, params.
        config: For the model's code: `weights_sha256`, `batch_size`, `resize`, `stretch`, `flips` and, for the strip's, `protocol`.
        example: uint8 or uint16, (1, H, W) or (1, H, W, 3): the input example.
    """
    from mlflow.pyfunc import save_model

    with tempfile.TemporaryDirectory() as scratch, _without_comparing_requirements():
        save_model(
            str(folder),
            python_model=str(CODE),
            artifacts={WEIGHTS: str(weights), **{name: str(path) for name, path in papers.items()}},
            code_paths=[str(_library(Path(scratch)))],
            model_config=dict(config),
            signature=_signature(),
            input_example=example,
            pip_requirements=[f"{name}=={importlib.metadata.version(name).partition('+')[0]}" for name in REQUIREMENTS],
        )


@contextmanager
def _without_comparing_requirements() -> Iterator[None]:
    """Keep MLflow (3.17) from holding the requirements against what is installed: they are written from that.

    It reads the list of files of every package there is, which takes longer than all else that saving a model does.
    """
    # By name: its module does not list it among what it exports.
    environment: Any = importlib.import_module("mlflow.utils.environment")
    compare = environment.warn_dependency_requirement_mismatches
    environment.warn_dependency_requirement_mismatches = lambda _: None
    try:
        yield
    finally:
        environment.warn_dependency_requirement_mismatches = compare


def _library(scratch: Path) -> Path:
    """Copy the part of the library that a model needs."""
    source, target = Path(tsernet.__file__).parent, scratch / "tsernet"
    for name in LIBRARY:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source / name, target / name)
    return target


def _signature() -> Any:
    """Say what goes in and out.

    MLflow holds every input against one tensor's rank and type, which would allow either (N, H, W) or (N, H, W, 3), and no
    table. A one-dimensional tensor of objects is its word for anything; the model's code checks the input and says what is wrong.
    """
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import DataType, ParamSchema, ParamSpec, Schema, TensorSpec

    anything = TensorSpec(np.dtype("object"), (-1,))
    maps = TensorSpec(np.dtype("float32"), (-1, -1, -1))
    output = ParamSpec("output", DataType.string, "auto")  # auto | png | array | defects, see pyfunc_model.py
    return ModelSignature(inputs=Schema([anything]), outputs=Schema([maps]), params=ParamSchema([output]))

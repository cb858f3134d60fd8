"""Which extra of the package brings what a command needs beyond the base."""

from __future__ import annotations

_TRAIN = (
    *("torch", "torchvision", "lightning_fabric", "jinja2", "matplotlib", "filelock", "psutil", "cv2", "sklearn"),
    *("pycocotools", "ijson"),
)
_PIPELINE = (
    *("pandas", "pyarrow", "tenacity", "dvc", "prefect", "fastapi", "uvicorn", "werkzeug", "prometheus_client"),
    *("httpx", "mlflow", "great_expectations", "optuna"),
)
EXTRAS = {
    **dict.fromkeys(_TRAIN, "train"),
    **dict.fromkeys(_PIPELINE, "pipeline"),
    "openvino": "openvino",
    "MNN": "mnn",
    "py_sod_metrics": "dev",
}
"""By the module that is imported; pyproject.toml says the same of the packages."""


def extra_of(module: str | None) -> str | None:
    """Name the extra that brings a module that is missing; None for one that none of them brings."""
    return EXTRAS.get((module or "").partition(".")[0])

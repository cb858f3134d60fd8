"""What a run must say about where it came from: code, data, params, machine, flow."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import socket
import sys
from pathlib import Path
from typing import Any

from pipelines.git import decode, run_git
from tsernet.devices import cpu_name, has_cuda

PARAMS, LOCK, SUMMARY = Path("params.yaml"), Path("dvc.lock"), Path("results/validation/summary.json")
INPUTS = {"prepare": ("data/prepared/images", "data/prepared/masks", "data/prepared/edges"), "split": ("data/splits",)}
"""The stages' outputs that training reads, logged as inputs under the digests that DVC gave them."""
_PACKAGES = ("tsernet", "torch", "numpy", "mlflow", "dvc", "safetensors")
_PATCH_LIMIT = 2_000_000


def provenance_tags(workspace: Path, execution: str) -> dict[str, str]:
    """Gather what is known about an execution before it computes anything.

    Returns:
        Tags: `mlflow.source.git.commit`, `tsernet.git_dirty`, `tsernet.params_digest`, `tsernet.digest.{dataset,train,val,test}`,
        `tsernet.flow_run`, `tsernet.execution`, `tsernet.host`, `tsernet.device`, `tsernet.version.PACKAGE`. What is unknown is left out.
    """
    commit = _git(workspace, "rev-parse", "--verify", "--quiet", "HEAD").strip()
    tags = {
        "mlflow.source.git.commit": commit,
        "mlflow.source.name": f"{Path(sys.argv[0]).stem} {' '.join(sys.argv[1:])}".strip(),
        "mlflow.source.type": "JOB",
        "tsernet.git_dirty": str(bool(_changes(workspace))).lower() if commit else "",
        "tsernet.params_digest": params_digest(workspace / PARAMS),
        "tsernet.flow_run": flow_run(),
        "tsernet.execution": execution,
        "tsernet.host": socket.gethostname(),
        "tsernet.device": _device(),
        "tsernet.version.python": platform.python_version(),
        **{f"tsernet.version.{name}": version for name in _PACKAGES if (version := _version(name))},
        **{f"tsernet.digest.{name}": digest for name, digest in data_digests(workspace).items()},
    }
    return {key: value for key, value in tags.items() if value}


def flow_run() -> str:
    """Name the Prefect flow run that this process works for: TSERNET_FLOW_RUN, else what Prefect itself sets; empty if none."""
    return os.environ.get("TSERNET_FLOW_RUN") or os.environ.get("PREFECT__FLOW_RUN_ID", "")


def params_digest(path: Path) -> str:
    """Digest the params as DVC reads them: comments and order do not count; empty if there are none."""
    from ruamel.yaml import YAML

    if not path.is_file():
        return ""
    tree = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


def data_digests(workspace: Path) -> dict[str, str]:
    """Read the digests of the dataset and its splits that validation wrote down; empty before it has run."""
    path = workspace / SUMMARY
    digests: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))["digests"] if path.is_file() else {}
    return digests


def dataset_inputs(workspace: Path) -> list[Any]:
    """Describe the inputs of training for MLflow, under DVC's digests from dvc.lock."""
    from mlflow.entities import Dataset, DatasetInput, InputTag
    from ruamel.yaml import YAML

    if not (workspace / LOCK).is_file():
        return []
    stages = YAML(typ="safe", pure=True).load((workspace / LOCK).read_text(encoding="utf-8")).get("stages", {})
    inputs = []
    for stage, paths in INPUTS.items():
        for out in stages.get(stage, {}).get("outs", []):
            if out["path"] in paths and "md5" in out:
                source = json.dumps({"path": out["path"], "md5": out["md5"]})
                dataset = Dataset(name=out["path"], digest=out["md5"], source_type="dvc", source=source)
                inputs.append(DatasetInput(dataset, [InputTag("mlflow.data.context", "training")]))
    return inputs


def source_files(workspace: Path, folder: Path) -> list[Path]:
    """Write down what the commit alone does not say: the params as they were, and changes that were not committed.

    Args:
        folder: Where a patch may be written.
    Returns:
        Files to log.
    """
    files = [path for path in (workspace / PARAMS, workspace / LOCK) if path.is_file()]
    changed = "".join(f"{line}\n" for line in _changes(workspace))
    if changed:
        patch = folder / "uncommitted.patch"
        # As bytes: text would lose the carriage returns of files that have them, and the patch would then not apply.
        content = _git_bytes(workspace, "diff", "--binary", "HEAD", "--", ".", ":(exclude)dvc.lock")
        patch.write_bytes(content if len(content) <= _PATCH_LIMIT else f"# too large to keep; changed:\n{changed}".encode())
        files.append(patch)
    return files


def _changes(workspace: Path) -> list[str]:
    """List what differs from the commit; dvc.lock changes by the very run that asks, so it does not count."""
    return _git(workspace, "status", "--porcelain", "--", ".", ":(exclude)dvc.lock").splitlines()


def _device() -> str:
    """Name the GPU that torch would use, else the processor."""
    if has_cuda():
        import torch

        return f"cuda: {torch.cuda.get_device_name(0)}"
    return f"cpu: {cpu_name()} ({os.cpu_count()} cores)"


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # run from a checkout that was not installed
        return ""


def _git(folder: Path, *arguments: str) -> str:
    return decode(_git_bytes(folder, *arguments))


def _git_bytes(folder: Path, *arguments: str) -> bytes:
    try:
        return run_git(folder, *arguments).stdout
    except FileNotFoundError:  # no git at all: nothing to say
        return b""

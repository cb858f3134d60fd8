"""Which runtime was the fastest on this machine, as `tsernet benchmark infer --remember` found it."""

from __future__ import annotations

import importlib.metadata
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tsernet.data.atomic import write_whole
from tsernet.devices import cpu_name
from tsernet.runtimes import PACKAGES


def fastest_file() -> Path:
    """Name the file, in the user's cache: $XDG_CACHE_HOME, or ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tsernet/fastest-runtime.json"


def remember_fastest(images_per_second: Mapping[str, float]) -> str:
    """Keep the runtime that computed the most images of 32 bits in a second.

    Args:
        images_per_second: By runtime: `torch`, `onnx`, `openvino`, `mnn`; at least one.
    Returns:
        The fastest one.
    """
    fastest = max(images_per_second, key=lambda runtime: images_per_second[runtime])
    found = {"runtime": fastest, "images_per_second": dict(images_per_second), **_measured_on()}
    write_whole(fastest_file(), json.dumps(found, indent=2) + "\n")
    return fastest


def measured_runtime() -> str:
    """Give the runtime that was the fastest here, or `auto` if that was not measured with this processor and these versions."""
    try:
        found = json.loads(fastest_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):  # never measured, or not by us
        return "auto"
    if not isinstance(found, dict) or found.get("runtime") not in PACKAGES or any(found.get(k) != v for k, v in _measured_on().items()):
        return "auto"
    return str(found["runtime"])


def _measured_on() -> dict[str, Any]:
    """Say what a measurement is of: another processor or version may give another order."""
    versions = {}
    for runtime, (_, package) in PACKAGES.items():
        try:
            versions[runtime] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {"cpu": cpu_name(), "versions": versions}

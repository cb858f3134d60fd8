"""Libraries of the tools that own a format, installed for a test alone: none of them is a dependency of the project."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

DATUMARO = (
    "datumaro==1.13.12",
    "cachetools==7.0.0",
    "defusedxml==0.7.1",
    "imagesize==2.0.0",
    "json-stream==2.4.1",
    "json-stream-rs-tokenizer==0.5.1",
    "lxml==6.1.0",
    "orjson==3.11.5",
    "shapely==2.1.2",
)
CVAT_SDK = ("cvat-sdk==2.80.0",)
LABELME = ("labelme==6.3.1", "cmap==0.8.0", "imgviz==2.1.0", "loguru==0.7.3")
ULTRALYTICS = ("ultralytics==8.4.190",)
LABEL_STUDIO_SDK = ("label-studio-sdk==2.1.2", "lxml==6.1.0", "nltk==3.10.0", "pyjwt==2.13.0", "ujson==5.11.0")


def install(folder: Path, requirements: tuple[str, ...]) -> Path:
    """Install packages without what they depend on, of which the project's own packages are a part; skip the test where that fails."""
    words = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-compile",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--target",
        str(folder),
    ]
    done = subprocess.run([*words, "--disable-pip-version-check", *requirements], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"{requirements[0]} cannot be installed here: {done.stderr.strip().splitlines()[-1]}")
    return folder


def run(folder: Path, script: str, *arguments: object) -> None:
    """Run a script with the packages of a folder before the project's own."""
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONWARNINGS": "ignore"}
    environment |= {"DATUMARO_TELEMETRY": "0", "YOLO_CONFIG_DIR": str(folder)}
    words = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]

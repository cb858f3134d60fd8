"""A stage of the stand-in pipeline: notes what it was given, fails or waits where the test says so, writes what the real one would.

python stage.py STAGE [VARIANT SEED]
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

from PIL import Image
from ruamel.yaml import YAML

PLANT = Path(os.environ["STANDIN_PAUSE"])
stage, *item = sys.argv[1:]
params = YAML(typ="safe").load(Path("params.yaml").read_text(encoding="utf-8"))


def goes_on() -> bool:
    """Say whether an earlier training of the same number of iterations left its checkpoint."""
    return _checkpoint().exists()


def keep_checkpoint(*_: object) -> None:
    """Save one and stop, as a training does on SIGINT."""
    _checkpoint().parent.mkdir(parents=True, exist_ok=True)
    _checkpoint().touch()
    sys.exit(130)


def _checkpoint() -> Path:
    return Path(os.environ["TSERNET_CHECKPOINTS"]) / str(params["train"]["iterations"])


def wait_if_told() -> None:
    """Stay here, with a line for the process id added, as long as the test's file is there."""
    hold = PLANT / stage
    if hold.exists():
        with (PLANT / f"{stage}.pids").open("a", encoding="utf-8") as halted:
            halted.write(f"{os.getpid()}\n")
    while hold.exists():
        time.sleep(0.05)


def write_note() -> None:
    """Add a line to the journal."""
    note = {"stage": stage, "item": item, "iterations": params["train"]["iterations"], "folder": params["dataset"]["folder"]}
    for name in ("TSERNET_EXECUTION", "TSERNET_CHECKPOINTS", "MLFLOW_TRACKING_URI"):
        note[name] = os.environ[name]
    note["goes on"] = goes_on()
    note["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES")
    with Path(os.environ["STANDIN_JOURNAL"]).open("a", encoding="utf-8") as journal:
        journal.write(json.dumps(note | {"time": time.time()}) + "\n")


def write_outputs() -> None:
    """Write what later stages, and the run's page, read."""
    variant, seed = item or ("", "")
    expectation = {"name": "image", "description": "Every file is an image", "severity": "warning", "success": False, "failing": ["In_7"]}
    written: dict[str, dict[str, object]] = {
        "acquire": {"data/raw/images.json": {}},
        "prepare": {"data/prepared/manifest.csv": {}},
        "inherit": {"data/inherited/start/record.json": {}},
        "split": {"data/splits/test.csv": {}},
        "validate": {
            "results/validation/summary.json": {
                **{"passed": True, "errors": 0, "warnings": 1, "expectations": [expectation]},
                "digests": {"dataset": params["dataset"]["source"]},
            }
        },
        "train": {f"results/train/{variant}/{seed}/run.json": {"experiment_id": "1", "parent_run_id": "abc", "variant": variant}},
        "evaluate": {f"results/evaluate/{variant}/{seed}/metrics.json": {"variant": variant, "seed": seed, "mae": 0.02, "s_measure": 0.9}},
        "compare": {"results/report/report.html": {}},
        "register": {
            "results/register.json": {"name": "tsernet", "version": "3", "reason": "better", "figures": {"mae": {"champion": 0.031}}}
        },
    }.get(stage, {})
    for name, content in written.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content | {"iterations": params["train"]["iterations"]}), encoding="utf-8")
    if stage == "compare":
        figures = Path("results/report/figures")
        figures.mkdir(exist_ok=True)
        for name in ("pr_curves.png", "comparison.png"):
            Image.new("RGB", (64, 32), "navy").save(figures / name)


if __name__ == "__main__":
    password = os.environ["STANDIN_PASSWORD"]
    print(f"{stage} {item} begins, with http://plant:{password}@store and {password}", flush=True)
    fail = PLANT / "fail"
    if fail.exists() and fail.read_text(encoding="utf-8") == stage:
        sys.exit(f"error: manifest.csv: In_1.png is not an image ({password})")
    if stage == "train":
        signal.signal(signal.SIGINT, keep_checkpoint)
    wait_if_told()
    write_note()
    write_outputs()

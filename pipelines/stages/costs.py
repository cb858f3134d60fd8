"""What the networks of params.yaml cost: counted, timed in ONNX Runtime, and read from their trainings' records."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsernet.methods.names import TSERNET

if TYPE_CHECKING:
    from tsernet.config import Params
    from tsernet.report import Cost

TRAIN = Path("results/train")
_TIMED, _WARM = 20, 3


def costs_of(params: Params) -> dict[str, Cost]:
    """Say what each network costs, by name; nothing where all are TSERNet's variants, whose Tables II and III say it.

    Takes a second or two a network, on all cores, one after the other.
    """
    if all(name in TSERNET for name in params.variants):
        return {}
    return {name: _cost(name, params) for name in params.variants}


def _cost(name: str, params: Params) -> Cost:
    from tsernet.models.complexity import complexity_of
    from tsernet.report import Cost

    width, size = params.model.width_of(name), params.evaluate.resize
    here, whole = complexity_of(name, width, size), complexity_of(name, 1.0, size)
    records = [_record(TRAIN / name / str(seed) / "run.json") for seed in params.seeds]
    return Cost(
        width=width,
        parameters=here.parameters,
        macs=here.macs,
        full_parameters=whole.parameters,
        full_macs=whole.macs,
        milliseconds=_milliseconds(name, width, size),
        steps=params.train.iterations,
        step_seconds=tuple(float(record["step_seconds"]) for record in records if "step_seconds" in record),
    )


def _record(path: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return record


def _milliseconds(name: str, width: float, size: int) -> float:
    """Time one image in ONNX Runtime, the median; the weights are fresh, since no sum takes longer for its values."""
    import numpy as np

    from tsernet.methods.registry import build_network
    from tsernet.runtimes import ExportedSession, open_session
    from tsernet.weights import save_model

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        save_model(path, build_network(name, width), {"resize": str(size), "scaling": "unit", "stretch": "true"})
        session, _ = open_session(path, "onnx")
        assert not isinstance(session, ExportedSession)  # it is a .safetensors file
        image = np.random.default_rng(0).normal(size=(1, 3, size, size)).astype(np.float32)
        seconds = []
        for _ in range(_WARM + _TIMED):
            begin = time.perf_counter()
            session.logits(image)
            seconds.append(time.perf_counter() - begin)
    return 1000 * statistics.median(seconds[_WARM:])

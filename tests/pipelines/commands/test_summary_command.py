"""`tsernet summary` says over which images the scores are, and how MLflow is looked at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import build_app
from tsernet.config import load_params

_PARAMS = Path("params.yaml").resolve()


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("sqlite:////srv/mlflow.db", "MLflow   mlflow ui --backend-store-uri sqlite:////srv/mlflow.db"),
        ("http://127.0.0.1:5000", "MLflow   http://127.0.0.1:5000"),
    ],
)
def test_the_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uri: str, said: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    Path("params.yaml").write_bytes(_PARAMS.read_bytes())
    names = ("s_measure", "mae", "max_e_measure", "max_f_measure", "weighted_f_measure")
    for variant in load_params().variants:
        metrics = Path(f"results/evaluate/{variant}/0/metrics.json")
        metrics.parent.mkdir(parents=True)
        metrics.write_text(json.dumps(dict.fromkeys(names, 0.5) | {"variant": variant, "seed": 0, "count": 10, "clean_count": 5}))
    output = CliRunner().invoke(build_app(), ["summary"], catch_exceptions=False).output
    assert "10 test images, and 5 clean ones, which have no such scores" in " ".join(output.split())
    assert said in output.splitlines()

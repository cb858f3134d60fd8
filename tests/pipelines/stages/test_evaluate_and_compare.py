"""The stages evaluate and compare in a folder of their own, with an untrained network of the least width."""

import csv
import json
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from ruamel.yaml import YAML

from pipelines.stages import compare, evaluate
from pipelines.stages.operating import Remembered
from tsernet.config import load_params
from tsernet.devices import choose_device
from tsernet.errors import CheckError, UserError
from tsernet.metrics import read_grey
from tsernet.models import build_tsernet
from tsernet.protocol import Protocol
from tsernet.runtimes import open_session
from tsernet.saliency import StripMaps
from tsernet.weights import save_model

REPOSITORY = Path(__file__).parents[3]


class Run:
    """Stands for a run of pipelines.tracking and keeps what it is told."""

    def __init__(self):
        self.metrics, self.artifacts = {}, []

    def log_metrics(self, metrics):
        self.metrics |= metrics

    def log_artifact(self, path, folder=""):
        assert path.exists()
        self.artifacts.append(f"{folder}/{path.name}")


@pytest.fixture
def runs(monkeypatch):
    made = {}

    @contextmanager
    def child_run(variant, seed, *, resume=None):
        yield made.setdefault((variant, seed, resume), Run())

    @contextmanager
    def parent_run():
        yield made.setdefault("parent", Run())

    monkeypatch.setitem(sys.modules, "pipelines.tracking", SimpleNamespace(child_run=child_run, parent_run=parent_run))
    return made


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    reader = YAML(typ="safe", pure=True)
    params = reader.load((REPOSITORY / "presets/demo.yaml").read_text(encoding="utf-8"))
    params["variants"], params["compare"]["bootstrap"], params["evaluate"]["resize"] = ["full", "no_erm"], 100, 32
    params["evaluate"]["protocol"], params["operate"]["rule"], params["train"]["window"], params["train"]["clean_share"] = (
        "paper",
        "none",
        0,
        0.0,
    )
    with Path("params.yaml").open("w") as file:
        reader.dump(params, file)
    for folder in ("data/prepared/images", "data/prepared/masks", "data/splits", "results/validation", "results/train/full/0"):
        Path(folder).mkdir(parents=True)
    names = [f"{kind}_{number}" for kind in ("In", "Pa") for number in range(3)]
    generator = np.random.default_rng(3)
    for name in [*names, "In_9"]:
        mask = np.zeros((44, 52), np.uint8)
        mask[8:30, 10:25] = 255
        Image.fromarray(np.clip(mask * 0.4 + generator.normal(90, 9, mask.shape), 0, 255).astype(np.uint8)).save(
            f"data/prepared/images/{name}.png"
        )
        Image.fromarray(mask).save(f"data/prepared/masks/{name}.png")
    rows = "".join(f"{name},{'inclusion' if name[:2] == 'In' else 'patch'}\n" for name in names)
    Path("data/splits/test.csv").write_text(f"name,class\n{rows}")
    Path("data/splits/val.csv").write_text("name,class\nIn_9,inclusion\n")
    digests = {"dataset": "ab" * 32, "train": "ef" * 32, "val": "01" * 32, "test": "cd" * 32}
    summary = {"passed": True, "errors": 0, "splits": {"train": 9, "val": 1, "test": 6}, "digests": digests}
    Path("results/validation/summary.json").write_text(json.dumps(summary))
    Path("results/train/full/0/run.json").write_text(json.dumps({"run_id": "abc"}))
    model = build_tsernet(width=0.03125)
    save_model(Path("results/train/full/0/model.safetensors"), model, {"resize": "32", "scaling": "unit", "stretch": "true"})
    return names


def test_evaluate_writes_scores_curves_maps_and_logs_them_to_the_trainings_run(workspace, runs):
    evaluate.main(["full", "0"])
    out = Path("results/evaluate/full/0")
    metrics = json.loads((out / "metrics.json").read_text())
    assert (metrics["variant"], metrics["seed"], metrics["count"], metrics["test_digest"]) == ("full", 0, 6, "cd" * 32)
    assert metrics["parameters"] > 0
    assert metrics["seconds_per_image"] > 0
    assert metrics["validation_count"] == 1
    rows = list(csv.DictReader((out / "per_image.csv").read_text().splitlines()))
    assert [row["name"] for row in rows] == workspace
    assert {row["class"] for row in rows} == {"inclusion", "patch"}
    assert np.mean([float(row["max_f_measure"]) for row in rows]) == pytest.approx(metrics["max_f_measure"], abs=1e-12)
    assert sorted(path.stem for path in (out / "maps").iterdir()) == workspace
    assert read_grey(out / "maps/In_0.png").shape == (44, 52)
    run = runs["full", 0, "abc"]
    assert run.metrics["test/s_measure"] == metrics["s_measure"]
    assert {"test/mae", "test/max_e_measure", "test/max_f_measure", "test/weighted_f_measure"} <= run.metrics.keys()
    assert "evaluation/metrics.json" in run.artifacts


def test_without_a_validation_share_no_threshold_is_chosen(workspace, runs):
    Path("data/splits/val.csv").write_text("name,class\n")
    evaluate.main(["full", "0"])
    out = Path("results/evaluate/full/0")
    assert "validation_threshold" not in json.loads((out / "metrics.json").read_text())
    assert (out / "validation_curve.csv").read_text() == "threshold,precision,recall,f_measure,e_measure,iou\n"


def test_compare_reports_what_was_evaluated_and_what_is_missing(workspace, runs):
    evaluate.main(["full", "0"])
    compare.main([])
    report = Path("results/report")
    assert "Not evaluated, and shown as missing: w/o ERM" in (report / "report.html").read_text()
    card = (report / "model_card.md").read_text()
    assert f"| train | 9 | `{'ef' * 32}` |" in card
    assert "the dataset's own split" in card
    assert {"report/report.html", "report/model_card.md", "report/figures/pr_curves.png", "report/tables/table_1.csv"} <= set(
        runs["parent"].artifacts
    )


@pytest.mark.parametrize("words", [[], ["full"], ["full", "zero"]])
def test_evaluate_says_what_it_expects(words):
    with pytest.raises(UserError, match="expected a variant and a seed"):
        evaluate.main(words)


def test_a_lost_run_file_or_digest_is_named(workspace, runs):
    Path("results/train/full/0/run.json").unlink()
    with pytest.raises(UserError, match=r"run\.json"):
        evaluate.main(["full", "0"])
    Path("results/validation/summary.json").write_text("{}")
    with pytest.raises(UserError, match=r"summary\.json"):
        evaluate.main(["full", "0"])


def test_what_was_asked_before_is_answered_from_memory():
    asked = []

    def forward(inputs):
        asked.append(inputs.shape)
        return inputs[:, :1] * 2

    one, other = np.ones((1, 3, 32, 64), np.float32), np.ones((1, 3, 64, 32), np.float32)
    network = Remembered(forward, most=one[:, :1].nbytes)
    for inputs in (one, one.copy(), other, other, one):
        np.testing.assert_array_equal(network(inputs), inputs[:, :1] * 2)
    # The second did not fit any more.
    assert asked == [one.shape, other.shape, other.shape]


def test_maps_that_are_not_pytorchs_are_refused(workspace):
    path, protocol = Path("results/train/full/0/model.safetensors"), Protocol("strip", 32, 44)
    session, _ = open_session(path)
    assert "Onnx" in type(session).__name__
    trained = StripMaps(open_session(path, "torch")[0].logits, protocol)
    evaluate._hold_against_training(path, StripMaps(session.logits, protocol), trained, workspace)
    other = StripMaps(lambda inputs: session.logits(inputs) + 0.1, protocol)
    with pytest.raises(CheckError, match=r"model\.safetensors: on In_0 its maps differ from PyTorch's by up to 0\.0"):
        evaluate._hold_against_training(path, other, trained, workspace)


@pytest.mark.parametrize(("runtime", "session"), [("auto", "TorchSession"), ("onnx", "OnnxSession")])
def test_the_params_say_what_computes_the_papers_protocol(workspace, runtime, session):
    path, params = Path("results/train/full/0/model.safetensors"), load_params()
    assert params.evaluate.protocol == "paper"
    params = params.model_copy(update={"evaluate": params.evaluate.model_copy(update={"runtime": runtime})})
    maker, _ = evaluate._load(path, params)
    assert type(maker.session).__name__ == session
    on_gpu = params.train.hardware.model_copy(update={"accelerator": "cuda"})
    params = params.model_copy(update={"train": params.train.model_copy(update={"hardware": on_gpu})})
    if runtime == "onnx" and choose_device("auto", "here") == "cuda":
        with pytest.raises(UserError, match=r"evaluate\.runtime is 'onnx', which computes on the CPU"):
            evaluate._load(path, params)

"""`tsernet benchmark infer`: every way is timed by the same tasks; how long they take means nothing here."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import build_app
from pipelines.model_resolver import preferred
from tsernet.errors import UserError
from tsernet.runtimes.fastest import fastest_file, measured_runtime, remember_fastest

SMALL = ("--size", "40", "--strip", "96x64", "--repetitions", "1")


def run(*words: str):
    return CliRunner().invoke(build_app(), ["benchmark", "infer", *SMALL, *words])


def test_a_way_is_timed_beside_what_the_machine_can_do():
    result = run("--ways", "onnx int8", "--threads", "1", "--json")
    assert result.exit_code == 0, result.output
    tree = json.loads(result.stdout)
    assert [(row["way"], row["threads"]) for row in tree["rows"]] == [("onnx int8", 1)]
    for row in tree["rows"]:
        assert 0 < row["image_best_ms"] <= row["image_ms"] < 1e3 * row["start_s"]
        assert min(row["images_per_s"], row["strip_s"], row["strip_megapixels_per_s"], row["peak_mb"]) > 0
    assert tree["rates_g_per_s"].keys() == tree["floor_image_ms"].keys() == {"1"}
    assert tree["rates_g_per_s"]["1"].keys() == {"matrix", "convolution"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--ways", "tensorrt f16"), "--ways: 'tensorrt f16' is unknown or not installed, expected some of: .*onnx f32"),
        (("--threads", "1;2"), "--threads: expected such as 1,2, got '1;2'"),
        (("--strip", "96"), "--strip: expected such as 4096x1024, got '96'"),
        (("--model", "shipped-paper"), "shipped-paper is by the protocol 'paper', expected one by the strip's"),
    ],
)
def test_a_slip_is_named(words, said):
    with pytest.raises(UserError, match=said):
        CliRunner().invoke(build_app(), ["benchmark", "infer", *SMALL, *words], catch_exceptions=False)


def test_auto_is_what_was_fastest_with_this_processor_and_these_versions(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    weights = Path("model.safetensors")
    assert preferred("auto", weights, "cpu") == "auto"
    assert remember_fastest({"onnx": 16.0, "openvino": 17.5, "torch": 9.0}) == "openvino"
    assert preferred("auto", weights, "cpu") == "openvino"
    assert preferred("torch", weights, "cpu") == "torch"
    assert preferred("auto", weights, "cuda") == preferred("auto", Path("model.onnx"), "cpu") == "auto"
    found = json.loads(fastest_file().read_text())
    for other in (found | {"cpu": "another"}, found | {"versions": {}}, found | {"runtime": "tensorrt"}, []):
        fastest_file().write_text(json.dumps(other))
        assert measured_runtime() == "auto"
    fastest_file().write_text("{")
    assert measured_runtime() == "auto"


def test_the_benchmark_remembers_where_it_is_asked_to(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    result = run("--ways", "onnx f32", "--threads", "1", "--remember")
    assert result.exit_code == 0, result.output
    assert "--runtime auto is now 'onnx' on this machine" in result.stderr
    assert measured_runtime() == "onnx"

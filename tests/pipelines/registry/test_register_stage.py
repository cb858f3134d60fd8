"""The stage `register`, from files on disk to a version that a stranger can load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from clones import change

from pipelines.cli import build_app
from pipelines.registry import Registry, settle, weights_file
from pipelines.registry.trace import describe, trace_version, versions_from
from pipelines.stages import register
from pipelines.tracking.server import experiment_id
from tsernet.digests import sha256_of
from tsernet.errors import CheckError, UserError
from tsernet.runtimes import open_session
from tsernet.saliency import map_maker
from tsernet.weights import load_model

STRANGER = """
import sys, numpy, mlflow
model = mlflow.pyfunc.load_model("models:/tsernet@champion")
numpy.save(sys.argv[1], model.predict(numpy.load(sys.argv[2])))
"""


def _outcome() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path("results/register.json").read_text())
    return content


@pytest.mark.slow
@pytest.mark.long
def test_the_first_model_is_champion_and_a_stranger_gets_the_maps_of_predict(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, make_candidate: Callable[..., str]
) -> None:
    from pipelines.model_resolver import read_model
    from tsernet.inference import predictor_of
    from tsernet.runtimes.torch_session import TorchSession

    run_id = make_candidate()
    register.main([])
    outcome = _outcome()
    assert (outcome["version"], outcome["champion"]) == ("1", True)
    assert "no champion yet" in outcome["reason"]
    version = Registry().get("1")
    assert version.aliases == ("champion",)
    assert version.run_id == run_id
    assert version.tags["tsernet.params_digest"]
    assert len(version.tags) <= 8
    tags = Registry().provenance(version)
    assert tags["tsernet.training_run"] == run_id
    assert {"tsernet.test.max_f_measure", "tsernet.input.resize", "tsernet.identity", "tsernet.version.torch"} <= tags.keys()

    elsewhere = tmp_path_factory.mktemp("elsewhere")
    images = np.random.default_rng(1).integers(0, 256, (3, 50, 70), dtype=np.uint8)
    np.save(elsewhere / "in.npy", images)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment["MLFLOW_TRACKING_URI"] = f"sqlite:///{repository / 'mlflow.db'}"
    command = [sys.executable, "-c", STRANGER, "out.npy", "in.npy"]
    stranger = subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, text=True)
    assert stranger.returncode == 0, stranger.stderr
    assert "Warning" not in stranger.stderr
    network, metadata, _ = read_model("models:/tsernet@champion")
    # The file says how the model was trained, the version how it was evaluated.
    assert (load_model(weights_file("models:/tsernet@champion").path)[1]["resize"], metadata["resize"]) == ("96", "64")
    expected = np.stack(predictor_of(TorchSession(network), metadata).predict(list(images)))
    np.testing.assert_allclose(np.load(elsewhere / "out.npy"), expected, atol=1e-5)

    register.main([])  # the same model again is the same version
    assert [one.number for one in Registry().versions()] == ["1"]
    assert "already" in _outcome()["reason"]

    artifacts = Path(version.location.removeprefix("file://")) / "artifacts"
    exported = onnxruntime.InferenceSession(artifacts / "network.onnx", providers=["CPUExecutionProvider"]).get_modelmeta()
    assert exported.custom_metadata_map["weights_sha256"] == version.weights_sha256
    assert trace_version(Registry(), version)["network_sha256"] == sha256_of(artifacts / "network.onnx")
    maps = map_maker(*open_session(artifacts / "network.onnx")).predict(list(images))
    np.testing.assert_allclose(maps, expected, atol=1 / 255)
    content = bytearray((artifacts / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (artifacts / "model.safetensors").write_bytes(content)
    stranger = subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, text=True)
    assert stranger.returncode != 0
    assert "was changed after registration" in stranger.stderr
    for kept in (repository / ".tsernet" / "models").iterdir():
        kept.unlink()
    with pytest.raises(UserError, match="changed after registration"):
        weights_file("models:/tsernet/1")


@pytest.mark.slow
@pytest.mark.long
def test_another_method_becomes_a_version_and_the_full_network_challenges_it(
    repository: Path, make_candidate: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    change(repository, None, "variants", ["full", "unet"])
    change(repository, "register", "variant", "unet")
    # Flips too: the gate holds what a stranger and the exported network make of them against the maps that were scored.
    change(repository, "evaluate", "flips", "both")
    make_candidate(variant="unet")
    register.main([])
    version = Registry().get("1")
    assert (_outcome()["variant"], _outcome()["champion"], version.aliases) == ("unet", True, ("champion",))
    assert trace_version(Registry(), version)["variant"] == describe(Registry(), version, settle(Registry()))["variant"] == "unet"
    assert load_model(weights_file("models:/tsernet@champion").path)[1]["variant"] == "unet"
    network = Path(version.location.removeprefix("file://")) / "artifacts/network.onnx"
    assert (weights_file("models:/tsernet@champion").input["flips"], open_session(network)[1]["flips"]) == ("both", "both")

    change(repository, "register", "variant", "full")
    make_candidate(gain=0.05)
    register.main([])
    assert (_outcome()["variant"], _outcome()["version"], _outcome()["champion"]) == ("full", "2", True)
    assert "champion" in _outcome()["figures"]["max_f_measure"]

    for variant in ("full", "unet"):
        metrics = Path(f"results/evaluate/{variant}/0/metrics.json")
        metrics.write_text(json.dumps(json.loads(metrics.read_text()) | {"variant": variant, "seed": 0, "count": 40}))
    build_app()(["summary"], standalone_mode=False)
    assert "models:/tsernet@champion is version 2 (full): " in capsys.readouterr().out


def test_below_the_floor_no_version_is_made(repository: Path, make_candidate: Callable[..., str]) -> None:
    change(repository, None, "variants", ["unet"])
    change(repository, "register", "variant", "unet")
    make_candidate(gain=-0.75, variant="unet")
    register.main([])
    assert (_outcome()["version"], _outcome()["variant"]) == (None, "unet")
    assert "below the floor" in _outcome()["reason"]
    assert Registry().versions() == []


def test_weights_changed_after_training_are_refused(repository: Path, make_candidate: Callable[..., str]) -> None:
    make_candidate()
    with Path("results/train/full/0/model.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x55")
    with pytest.raises(CheckError, match="was changed after training"):
        register.main([])
    assert "was changed after training" in _outcome()["reason"]
    assert Registry().versions() == []


def test_a_version_must_give_the_maps_that_were_scored(repository: Path, make_candidate: Callable[..., str]) -> None:
    from PIL import Image

    make_candidate()
    scored = Path("results/evaluate/full/0/maps/p20.png")
    with Image.open(scored) as image:
        pixels = np.array(image)
    pixels[3, 5] ^= 4
    Image.fromarray(pixels).save(scored)
    with pytest.raises(CheckError, match=r"differ from those that evaluate scored, by up to 0\.0[12]"):
        register.main([])
    assert Registry().versions() == []
    scored.unlink()
    with pytest.raises(UserError, match=r"expected .*p20\.png; run 'dvc repro' first"):
        register.main([])


def test_a_pickle_with_the_right_name_is_refused_and_not_executed(repository: Path, make_candidate: Callable[..., str]) -> None:
    import pickle

    from tsernet.weights import sha256_of

    class Trap:
        def __reduce__(self) -> Any:
            return (Path.touch, (repository / "executed",))

    make_candidate()
    model, run = Path("results/train/full/0/model.safetensors"), Path("results/train/full/0/run.json")
    model.write_bytes(pickle.dumps(Trap()))
    run.write_text(json.dumps(json.loads(run.read_text()) | {"weights_sha256": sha256_of(model)}))
    with pytest.raises(UserError, match="not a safetensors file"):
        register.main([])
    assert not (repository / "executed").exists()
    assert Registry().versions() == []


def test_a_version_of_an_earlier_release_still_says_all_of_itself(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Until release 0.2.0 everything was a tag of the version, and its run knew less."""
    registry = Registry()
    registry.ensure()
    run = registry.client.create_run(experiment_id(registry.client, registry.uri, repository))
    tags = {"tsernet.identity": "cd" * 32, "tsernet.digest.test": "ab" * 32, "tsernet.test.max_f": "0.5", "tsernet.training_run": "gone"}
    tags["tsernet.test.clean_images"] = "5"
    registry.client.create_model_version("tsernet", f"{run.info.artifact_uri}/model", run_id=run.info.run_id, tags=tags)

    (version,) = registry.versions()

    assert trace_version(registry, version)["run"] == "gone"
    assert [one.number for one in versions_from(registry, "abababab")] == ["1"]
    assert describe(registry, version, settle(registry))["scores"] == {"max_f": 0.5, "clean_images": 5}
    for command in (["show", "models:/tsernet/1"], ["list"]):
        build_app()(["models", *command], standalone_mode=False)
    said = capsys.readouterr().out
    assert "  clean_images: 5" in said.splitlines()  # a count is no score
    assert "5.0000" not in said

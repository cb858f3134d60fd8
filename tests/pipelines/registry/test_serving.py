"""`mlflow models serve` over HTTP: arrays and base64, and what is no image."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.slow
REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def image() -> Any:
    """A grey image, uint8 (40, 50)."""
    return np.random.default_rng(3).integers(0, 256, (40, 50), dtype=np.uint8)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, image: Any) -> tuple[Path, Path]:
    """The MLflow model of a tiny network, and its weights."""
    import torch

    from pipelines.registry.export import export_model
    from tsernet.models import build_tsernet
    from tsernet.weights import save_model, sha256_of

    folder = tmp_path_factory.mktemp("served")
    torch.manual_seed(0)
    weights = folder / "model.safetensors"
    save_model(weights, build_tsernet("full", 0.0625), {"resize": "64", "scaling": "unit", "stretch": "true"})
    config = {"weights_sha256": sha256_of(weights), "batch_size": 4, "resize": 64, "stretch": True, "runtime": "auto"}
    export_model(folder / "model", weights, {}, config, image[None])
    return folder / "model", weights


@pytest.fixture(scope="module")
def address(exported: tuple[Path, Path]) -> Iterator[str]:
    """A real server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "models",
        "serve",
        "-m",
        str(exported[0]),
        "--env-manager",
        "local",
        "-p",
        str(port),
        "-h",
        "127.0.0.1",
    ]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    }
    with (exported[0].parent / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=exported[0].parent, env=environment, start_new_session=True, stdout=log, stderr=log)
    try:
        _wait(f"http://127.0.0.1:{port}/ping", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)  # by SIGKILL it would leave its temporary files
        server.wait(30)


@pytest.fixture(scope="module")
def ask(address: str) -> Callable[[Any], tuple[int, Any]]:
    """Ask the server with a JSON body, get status and answer."""

    def ask(body: Any) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"{address}/invocations", data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    return ask


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert server.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(url)


def _encoded(image: Any, form: str = "PNG") -> str:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(image).save(stream, form)
    return base64.b64encode(stream.getvalue()).decode()


def _decoded(png: str) -> Any:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png)))) / 255.0


def test_arrays_and_base64_give_the_maps_of_predict(ask: Callable[[Any], tuple[int, Any]], exported: tuple[Path, Path], image: Any) -> None:
    from tsernet.inference import load_predictor

    expected = load_predictor(exported[1]).predict([image])[0]
    colour = np.stack([image] * 3, axis=-1)
    bodies = [
        {"inputs": image[None].tolist()},
        {"instances": image[None].tolist()},
        {"inputs": colour[None].tolist()},
        {"dataframe_split": {"columns": ["image"], "data": [[_encoded(image)]]}, "params": {"output": "array"}},
        {"dataframe_records": [{"image": _encoded(image, "BMP")}], "params": {"output": "array"}},
        {"inputs": [_encoded(image)], "params": {"output": "array"}},
    ]
    for body in bodies:
        status, answer = ask(body)
        assert status == 200, answer
        np.testing.assert_allclose(np.array(answer["predictions"][0]), expected, atol=1e-5)
    # Encoded images are answered with PNG, of a thousandth of the size; arrays where they are asked for.
    two = {"dataframe_split": {"columns": ["image"], "data": [[_encoded(image)], [_encoded(image[:33, :21].copy())]]}}
    answers = [_decoded(one) for one in ask(two)[1]["predictions"]]
    assert [one.shape for one in answers] == [(40, 50), (33, 21)]
    np.testing.assert_allclose(answers[0], expected, atol=0.502 / 255)
    (png,) = ask({"inputs": image[None].tolist(), "params": {"output": "png"}})[1]["predictions"]
    assert png == ask(two)[1]["predictions"][0]
    status, answer = ask({**two, "params": {"output": "jpeg"}})
    assert status == 400
    assert "got output 'jpeg'; expected one of auto, png, array" in answer


def test_a_large_images_answer_is_a_fiftieth_of_the_bytes(exported: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, as the server makes its answers: before, and now."""
    import mlflow
    from mlflow.pyfunc.scoring_server import predictions_to_json

    monkeypatch.setattr(sys, "path", list(sys.path))  # MLflow puts the model's code before all else, for every later process too
    strip = np.tile(np.random.default_rng(3).integers(0, 256, (80, 100), dtype=np.uint8), (10, 10))
    model = mlflow.pyfunc.load_model(str(exported[0]))
    sizes, seconds = {}, {}
    for output in ("array", "png"):
        began, answer = time.process_time(), io.StringIO()
        predictions_to_json(model.predict(pd.DataFrame({"image": [_encoded(strip)]}), params={"output": output}), answer)
        seconds[output], sizes[output] = time.process_time() - began, len(answer.getvalue())
    assert sizes["png"] <= 0.02 * sizes["array"], sizes
    assert seconds["png"] <= 0.5 * seconds["array"], seconds


def test_a_version_computes_by_the_runtime_that_is_asked_for(exported: tuple[Path, Path], image: Any, monkeypatch: Any) -> None:
    import mlflow

    monkeypatch.setattr(sys, "path", list(sys.path))
    expected = mlflow.pyfunc.load_model(str(exported[0])).predict(image[None])
    by_torch = mlflow.pyfunc.load_model(str(exported[0]), model_config={"runtime": "torch"}).predict(image[None])
    assert 0 < np.abs(by_torch - expected).max() <= 1 / 255  # the digits of another library
    monkeypatch.setenv("TSERNET_RUNTIME", "tensorrt")
    with pytest.raises(Exception, match="--runtime is 'tensorrt', expected one of: auto, torch, onnx, openvino, mnn"):
        mlflow.pyfunc.load_model(str(exported[0]))


def test_what_is_no_image_gets_a_sentence_and_the_server_lives_on(ask: Callable[[Any], tuple[int, Any]], image: Any) -> None:
    no_image = base64.b64encode(b"no image at all").decode()
    wrong = [
        ({"dataframe_split": {"columns": ["image"], "data": [["%%%"]]}}, "row 0: text that is not base64"),
        ({"dataframe_split": {"columns": ["image"], "data": [[no_image]]}}, "15 bytes that are no usable image"),
        ({"dataframe_split": {"columns": ["image"], "data": [[_encoded(image)[:80]]]}}, "that are no usable image"),
        ({"dataframe_records": [{"image": 7}]}, "one encoded image"),
        ({"dataframe_records": [{"image": None}]}, ""),
        ({"dataframe_records": [{"a": 1, "b": 2}]}, ""),
        ({"inputs": image.tolist()}, "an array of shape (40, 50)"),
        ({"inputs": [[[0, 300]]]}, "not all whole and within 0…255"),
        ({"inputs": [[[0.5, 1]]]}, "not all whole and within 0…255"),
        ({"inputs": [[["a", {}]]]}, ""),
        ({"inputs": []}, ""),
        ({"inputs": {"image": [[1]]}}, ""),
        (b"\x89PNG", ""),
        ({}, ""),
    ]
    for body, sentence in wrong:
        status, answer = ask(body)
        assert 400 <= status < 500, (body, status, answer)
        assert sentence in json.loads(answer).get("message", "") if sentence else answer, (body, answer)
    assert ask({"inputs": image[None].tolist()})[0] == 200


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_documents_curl_line_sends_an_image_of_any_size(address: str, tmp_path: Path) -> None:
    # A block's lines with what continues them.
    text = "\n".join(page.read_text(encoding="utf-8") for page in (REPOSITORY / "docs").rglob("*.md"))
    lines = re.findall(r"^    (?:.*[|\\]\n +)*.*/invocations.*(?:(?<=[|\\])\n.*)*", text, re.MULTILINE)
    assert lines
    # Noise does not compress: 250 KB of PNG, and one argument of a program may have 128 KB.
    (tmp_path / "image.png").write_bytes(base64.b64decode(_encoded(np.random.default_rng(0).integers(0, 256, (500, 500), dtype=np.uint8))))
    for line in lines:
        command = re.sub(r"http://127\.0\.0\.1:\d+", address, line)
        done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert _decoded(json.loads(done.stdout)["predictions"][0]).shape == (500, 500)

"""The API of a real service: what it answers, what it refuses and by which status, and that it goes on."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import tifffile
from PIL import Image
from servers import TLS, ended
from standin import ROOT
from steel import png_of, steel

from pipelines.serving import connections
from pipelines.serving.guard import TOKEN
from pipelines.serving.inspecting import Wanted, inspect_image, listed
from pipelines.serving.limits import Limits, RefusedError
from pipelines.serving.loaded import Usage, load
from pipelines.serving.log import read_log
from pipelines.serving.reading import Upload
from pipelines.serving.server import Served
from tsernet.defects import runs_of_rows
from tsernet.errors import UserError

Client = tuple[httpx.Client, Path]
GOOD = png_of(steel())


def _json(**image: object) -> dict[str, Any]:
    return {"content": json.dumps({"images": [image]}), "headers": {"Content-Type": "application/json"}}


def test_several_images_at_once_their_verdicts_and_what_the_log_keeps(served: Client) -> None:
    client, log = served
    deep = io.BytesIO()
    tifffile.imwrite(deep, steel(160, 200).astype(np.uint16) * 16)
    clean = png_of(np.random.default_rng(0).normal(110, 3, (96, 96)).clip(0, 255).astype(np.uint8))
    files = [("images", (name, data)) for name, data in (("a.png", GOOD), ("b.tif", deep.getvalue()), ("c.txt", b"text"), ("d.png", clean))]
    before = len(list(read_log(log)))
    answer = client.post("/v1/inspect?map=true&image=true&levels=0,4095", files=files)
    assert answer.status_code == 200, answer.text
    a, b, c, d = answer.json()["images"]
    assert [a["verdict"], b["verdict"], d["verdict"]] == ["defective", "defective", "clean"]
    assert a["warnings"] == b["warnings"] == []
    assert (c["status"], c["detail"]) == (415, "c.txt: is not PNG, BMP, JPEG, TIFF or JPEG 2000")
    assert a["defects"][0]["left"] == pytest.approx(100, abs=2)
    with Image.open(io.BytesIO(base64.b64decode(a["map"]))) as saliency:
        assert (saliency.mode, saliency.size) == ("L", (240, 200))
    rows = list(read_log(log))[before:]
    assert {(row["name"], row["defects"], row["bits"]) for row in rows} == {("a.png", 1, 8), ("b.tif", 1, 16), ("d.png", 0, 8)}
    assert all(row["model"] == "shipped" and row["seconds"] > 0 and 0 < row["brightness"] < 1 for row in rows)
    assert all(max(Image.open(io.BytesIO(row["thumbnail"])).size) == 32 for row in rows)


@pytest.mark.parametrize(("levels", "words"), [("0,255", "became black or white"), ("0,65535", "a camera of 12 bits has 0,4095")])
def test_levels_that_make_all_steel_white_or_dark_are_said(served: Client, levels: str, words: str) -> None:
    deep = io.BytesIO()
    tifffile.imwrite(deep, steel(160, 200).astype(np.uint16) * 16)
    files = [("images", ("deep.tif", deep.getvalue())), ("images", ("grey.png", GOOD))]
    one, other = served[0].post(f"/v1/inspect?levels={levels}", files=files).json()["images"]
    assert (len(one["warnings"]), words in one["warnings"][0], other["warnings"]) == (1, True, [])


def test_json_means_the_same_and_a_map_alone_can_be_asked_again(served: Client) -> None:
    client, _ = served
    answer = client.post("/v1/inspect?map=true", **_json(name="a.png", data=base64.b64encode(GOOD).decode())).json()["images"][0]
    saliency = {"content": base64.b64decode(answer["map"]), "headers": {"Content-Type": "image/png"}}
    again = client.post(f"/v1/defects?threshold={answer['threshold']}&min_area={answer['min_area']}", **saliency).json()
    assert [one["area"] for one in again["defects"]] == pytest.approx([one["area"] for one in answer["defects"]], abs=2)
    higher = client.post("/v1/defects?threshold=0.6", **saliency).json()
    assert higher["defects"][0]["area"] < answer["defects"][0]["area"]
    labelme = client.post(f"/v1/annotations?threshold={answer['threshold']}&name=a.png", **saliency).json()
    assert (labelme["imagePath"], labelme["imageWidth"], len(labelme["shapes"])) == ("a.png", 240, 1)


def _bomb() -> bytes:
    """A PNG that claims 20,000×20,000 pixels of one colour, and holds few bytes."""
    stream = io.BytesIO()
    Image.new("1", (20000, 20000)).save(stream, format="PNG")
    return stream.getvalue()


def _jpeg() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(steel()).save(stream, format="JPEG", quality=95)
    return stream.getvalue()[:3000]


def _part(content: bytes) -> dict[str, Any]:
    return {"files": {"images": ("x.png", content)}}


# Made when asked for: every process of the tests reads this file.
BAD: dict[str, tuple[int, Callable[[], dict[str, Any]]]] = {
    "no image": (415, lambda: _part(b"GIF89a" + bytes(100))),
    "nothing": (415, lambda: _part(b"")),
    "20,000×20,000 of one colour": (413, lambda: _part(_bomb())),
    "noise, more than a body may have": (413, lambda: _part(np.random.default_rng(0).bytes(3 * 2**20))),
    "a JPEG cut off": (422, lambda: _part(_jpeg())),
    "a 16-bit image without levels": (422, lambda: _part(png_of(steel().astype(np.uint16) * 256))),
    "too many": (413, lambda: {"files": [("images", (f"{index}.png", GOOD)) for index in range(5)]}),
    "a field that is no file": (422, lambda: {"files": {"images": ("x.png", GOOD), "threshold": (None, "0.5")}}),
    "no part": (422, lambda: {"content": b"--x--\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}),
    "a form cut off": (422, lambda: {"content": b"--x\r\nContent-", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}),
    "a form without boundary": (422, lambda: {"content": GOOD, "headers": {"Content-Type": "multipart/form-data"}}),
    "another kind": (415, lambda: {"content": GOOD, "headers": {"Content-Type": "image/png"}}),
    "JSON of the wrong shape": (422, lambda: {"json": {"image": "x"}}),
    "JSON with something more": (422, lambda: _json(name="a", data="aGk=", mask="x")),
    "JSON deeper than deep": (422, lambda: {"content": b"[" * 100000, "headers": {"Content-Type": "application/json"}}),
    "not base64": (422, lambda: _json(name="a", data="*")),
    "no image in base64": (415, lambda: _json(name="a", data="aGVsbG8=")),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_its_status_and_one_sentence(served: Client, case: str) -> None:
    client, log = served
    status, make_request = BAD[case]
    before = len(list(read_log(log)))
    answer = client.post("/v1/inspect", **make_request())
    assert answer.status_code == status, answer.text
    detail = answer.json()["detail"]
    assert isinstance(detail, str)
    assert "\n" not in detail
    assert len(list(read_log(log))) == before
    assert client.get("/health").json() == {"status": "ok"}


@pytest.mark.parametrize("query", ["threshold=2", "threshold=nan", "min_area=0", "levels=5", "levels=9,3", "model=other", "map=perhaps"])
def test_a_bad_option_is_named(served: Client, query: str) -> None:
    answer = served[0].post(f"/v1/inspect?{query}", files={"images": ("a.png", GOOD)})
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.json()["detail"]


def test_foreign_hosts_and_pages_are_refused(served: Client) -> None:
    client, _ = served
    assert client.get("/health", headers={"Host": "evil.example"}).status_code == 421
    assert client.get("/health", headers={"Host": "localhost:9"}).status_code == 200
    assert client.post("/v1/inspect", files={"images": ("a.png", GOOD)}, headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.get("/health", headers={"Origin": "http://[", "Host": "localhost"}).status_code == 403
    assert "default-src 'self'" in client.get("/").headers["content-security-policy"]


def test_metrics_and_the_openapi_document_tell_what_there_is(served: Client) -> None:
    client, _ = served
    client.post("/v1/inspect", files={"images": ("a.png", GOOD)})
    client.get("/somewhere/else")
    text = client.get("/metrics").text
    assert 'tsernet_requests_total{path="/v1/inspect",status="200"}' in text
    assert 'path="other",status="404"' in text
    assert 'tsernet_model{name="shipped",role="champion"' in text
    document = client.get("/openapi.json").json()
    assert {"/v1/inspect", "/v1/models", "/v1/defects", "/v1/annotations", "/health", "/metrics"} == set(document["paths"])
    body = document["paths"]["/v1/inspect"]["post"]["requestBody"]["content"]
    assert set(body) == {"multipart/form-data", "application/json"}


def test_silent_connections_are_closed_and_a_body_that_stops_is_answered(served: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client, _ = served
    monkeypatch.setattr(connections, "HEAD_SECONDS", 1.0)
    address = (client.base_url.host, client.base_url.port)
    silent = [socket.create_connection(address) for _ in range(200)]
    slow = socket.create_connection(address)
    slow.sendall(b"GET /health HT")
    stuck = socket.create_connection(address)
    stuck.sendall(b"POST /v1/inspect HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{")
    started = time.monotonic()
    assert client.post("/v1/inspect", files={"images": ("a.png", GOOD)}).status_code == 200
    for one in (*silent, slow):
        one.settimeout(10)
        assert one.recv(1) == b""
        one.close()
    assert time.monotonic() - started < 8
    stuck.settimeout(10)
    assert stuck.recv(100).startswith(b"HTTP/1.1 408")
    stuck.close()


def test_more_at_once_than_may_be_is_answered_429_at_once(served: Client) -> None:
    client, _ = served
    head = b"POST /v1/inspect HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
    with ExitStack() as held:
        for _ in range(8):
            held.enter_context(socket.create_connection((client.base_url.host, client.base_url.port))).sendall(head)
        deadline = time.monotonic() + 5
        while "tsernet_requests_in_work 8.0" not in client.get("/metrics").text:
            assert time.monotonic() < deadline
        answer = client.post("/v1/inspect", files={"images": ("a.png", GOOD)})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    deadline = time.monotonic() + 10
    while client.post("/v1/inspect", files={"images": ("a.png", GOOD)}).status_code != 200:
        assert time.monotonic() < deadline


def test_an_image_that_takes_too_long_is_given_up_and_of_many_defects_the_largest_are_listed() -> None:
    model = load("shipped", Usage())
    with pytest.raises(RefusedError, match="longer than") as refused:
        inspect_image(Upload("a.png", GOOD), model, Wanted(), Limits(work_seconds=0.0))
    assert refused.value.status == 413
    saliency = np.zeros((40, 60), dtype=np.float32)
    for index in range(10):
        saliency[4 * index, : index + 1] = 1.0
    rows, total = listed(runs_of_rows(saliency, 0.5), saliency.shape, 1.0, None, 3)
    assert (total, [row["area"] for row in rows], [row["id"] for row in rows]) == (10, [8, 9, 10], [1, 2, 3])


@pytest.mark.slow
def test_the_command_writes_nothing_and_ends_by_a_signal(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW", TOKEN))} | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pipelines.cli", "serve", "--port", "0", "--no-log", "--model", "shipped"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)
    with ended(process):
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        answer = httpx.post(f"{address}/v1/inspect?map=true", files={"images": ("a.png", GOOD)}, verify=TLS, trust_env=False, timeout=60)
        assert answer.json()["images"][0]["verdict"] == "defective"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        process.stdout.close()
    assert list(tmp_path.iterdir()) == []


def test_beyond_loopback_a_token_is_demanded(running: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN, raising=False)
    with pytest.raises(UserError, match=TOKEN), running(Served(model="shipped", host="0.0.0.0", port=0)):
        pass
    monkeypatch.setenv(TOKEN, "short")
    with pytest.raises(UserError, match="at least 16"), running(Served(model="shipped", port=0)):
        pass
    monkeypatch.setenv(TOKEN, "0123456789abcdef")
    with running(Served(model="shipped", port=0)) as client:
        assert (client.get("/").status_code, client.get("/health").status_code) == (200, 200)
        refused = client.get("/v1/models")
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert client.get("/v1/models", headers={"Authorization": "Bearer 0123456789abcdef"}).status_code == 200


def test_a_port_that_is_taken_is_named(running: Callable[..., Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"--port {port}"), running(Served(model="shipped", port=port)):
            pass

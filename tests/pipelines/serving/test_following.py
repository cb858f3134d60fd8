"""Which version answers: it follows the alias, and goes on with what it has where the next one does not load."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from steel import png_of, steel

from pipelines.serving import loaded, models
from pipelines.serving.limits import RefusedError
from pipelines.serving.loaded import Usage
from pipelines.serving.models import Models
from pipelines.serving.server import Served
from tsernet.errors import UserError
from tsernet.shipped import shipped_model
from tsernet.weights import load_model, save_model


@pytest.fixture
def aliases(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """The aliases of a registry whose versions 1 to 3 are the shipped weights and whose 4th is a file cut off."""
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(shipped_model().read_bytes()[:100_000])
    for number in "123":
        shutil.copyfile(shipped_model(), tmp_path / f"{number}.safetensors")
    files = {"4": broken, **{number: tmp_path / f"{number}.safetensors" for number in "123"}}
    monkeypatch.setattr(loaded, "_fetched", lambda name: (files[name.rpartition("/")[2]], {}))
    monkeypatch.setattr(models, "LOOK_SECONDS", 0.05)
    known: dict[str, str] = {}
    monkeypatch.setattr(models, "look_up", lambda name: dict(known))
    return known


def wait_until(client: httpx.Client, role: str, name: str) -> dict[str, Any]:
    """Ask until a version answers in a role."""
    deadline = time.monotonic() + 10
    while (found := client.get("/v1/models").json())[role] is None or found[role]["name"] != name:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def test_promotion_rollback_and_a_version_that_does_not_load(running: Callable[..., Any], aliases: dict[str, str]) -> None:
    request: dict[str, Any] = {"files": {"images": ("a.png", png_of(steel(64, 128)))}}
    with running(Served(model="models:/tsernet@champion", port=0)) as client:
        assert client.post("/v1/inspect", **request).status_code == 503
        assert client.get("/health").json()["status"] == "no-model"

        aliases.update(champion="1", challenger="2")
        wait_until(client, "challenger", "models:/tsernet/2")
        assert client.get("/health").json() == {"status": "ok"}
        assert client.post("/v1/inspect?model=challenger", **request).json()["model"]["version"] == "2"

        aliases.pop("challenger")
        aliases["champion"] = "2"
        assert wait_until(client, "champion", "models:/tsernet/2")["challenger"] is None
        assert client.post("/v1/inspect?model=challenger", **request).status_code == 422

        aliases["champion"] = "4"
        deadline = time.monotonic() + 10
        while client.get("/health").json()["status"] == "ok" and time.monotonic() < deadline:
            time.sleep(0.05)
        health, told = client.get("/health").json(), client.get("/v1/models").json()
        assert health["status"] == "degraded"
        assert health["problem"] == told["problem"]
        assert "models:/tsernet/4, which does not load" in told["problem"]
        assert "models:/tsernet/2 goes on" in told["problem"]
        assert client.post("/v1/inspect", **request).json()["model"]["version"] == "2"

        aliases["champion"] = "1"
        wait_until(client, "champion", "models:/tsernet/1")
        assert client.get("/health").json() == {"status": "ok"}


def test_a_registry_that_cannot_be_read_changes_nothing() -> None:
    answers: list[dict[str, str] | Exception] = [{}, UserError("the tracking store cannot be reached")]

    def aliases(_: str) -> dict[str, str]:
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    followed = Models("models:/tsernet@champion", "shipped", Usage(), aliases)
    followed.look()
    assert "no such version yet" in followed.problem
    followed.look()
    assert "cannot be reached" in followed.problem
    with pytest.raises(RefusedError, match="cannot be reached") as refused:
        followed.get("champion")
    assert refused.value.status == 503


def test_a_model_that_is_no_alias_must_load_at_once(running: Callable[..., Any], tmp_path: Path) -> None:
    without_scale = tmp_path / "without-scale.safetensors"
    network, metadata = load_model(shipped_model())
    save_model(without_scale, network, {key: value for key, value in metadata.items() if key != "window"})
    for path, said in ((tmp_path / "none.safetensors", "no such file"), (without_scale, "does not know its scale")):
        with pytest.raises(UserError, match=said), running(Served(model=str(path), port=0)):
            pass

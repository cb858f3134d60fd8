"""Images are read, predicted and written by several threads at once, and nothing shows it but the time."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipelines.cli import build_app
from pipelines.map_files import MOST_CALLERS, _overlapped, callers_for
from tsernet import devices
from tsernet.errors import CheckError
from tsernet.runtimes import PACKAGES, open_session
from tsernet.shipped import shipped_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    for index in range(7):
        Image.fromarray(rng.integers(90, 150, (40 + index, 60), dtype=np.uint8)).save(tmp_path / "images" / f"{index}.png")
    return tmp_path / "images"


@pytest.mark.parametrize("protocol", ["strip", "paper"])
def test_maps_are_the_same_however_many_compute_at_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    (folder / "3b.png").write_bytes(b"no image")
    (folder / "5b.png").write_bytes(b"none either")
    for threads in ("1", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        arguments = [str(folder), "--out", str(tmp_path / threads), "--model", "shipped", "--protocol", protocol, "--batch-size", "2"]
        with pytest.raises(CheckError, match=r"2 of 9 files could not be used: .*3b\.png, .*5b\.png: "):
            CliRunner().invoke(build_app(), ["predict", *arguments], catch_exceptions=False)
    maps = sorted((tmp_path / "1").iterdir())
    assert len(maps) == 7
    for path in maps:
        one, other = (np.asarray(Image.open(place), dtype=int) for place in (path, tmp_path / "3" / path.name))
        assert np.abs(one - other).max() <= 1


def test_so_many_work_at_once_and_no_more_and_answers_keep_their_order() -> None:
    together, most, now = threading.Barrier(3, timeout=20), 0, 0
    lock = threading.Lock()

    def work(item: int) -> int:
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        if item < 3:
            together.wait()  # passes if the first three are in work at once
        time.sleep(0.01 * (item % 3))
        with lock:
            now -= 1
        return item

    assert list(_overlapped(work, range(12), 3)) == list(range(12))
    assert most == 3


def test_after_a_failure_nothing_more_is_begun() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        if item == 1:
            raise OSError("no space left")
        time.sleep(0.05)
        return item

    with pytest.raises(OSError, match="no space left"):
        list(_overlapped(work, range(1000), 2))
    assert len(begun) < 10


def test_the_cores_are_shared_among_the_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(devices, "available_cores", lambda: 64)
    assert [callers_for(images) for images in (1, 5, 1000)] == [1, 5, MOST_CALLERS]
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert [callers_for(images) for images in (1, 5, 1000)] == [1, 2, 2]


@pytest.mark.parametrize("runtime", ["onnx", "openvino", "mnn"])
def test_a_session_answers_several_callers_at_once(runtime: str) -> None:
    pytest.importorskip(PACKAGES[runtime][1])
    session, _ = open_session(shipped_model(), runtime, callers=3)
    assert session.callers == 3
    assert open_session(shipped_model(), "torch", callers=3)[0].callers == 1
    inputs = np.random.default_rng(0).normal(size=(9, 1, 3, 64, 64)).astype(np.float32)
    alone = [session.maps(one, [(64, 64)], False)[0] for one in inputs]
    together = list(_overlapped(lambda one: session.maps(one, [(64, 64)], False)[0], inputs, 3))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)

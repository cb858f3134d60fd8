"""The data stages as processes: exit codes, one line, and a full disk that costs nothing."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]

DEMO_SET = "{per_class: 40, size: 200, seed: 0, clean: 20, wide: 15}"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    text = (REPOSITORY / "presets/demo.yaml").read_text()
    (tmp_path / "params.yaml").write_text(text.replace(DEMO_SET, "{per_class: 5, size: 48, seed: 0}"))
    return tmp_path


def _run(place: Path, stage: str, largest_file: int | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        if largest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    return subprocess.run(
        [sys.executable, "-m", f"pipelines.stages.{stage}"],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=limit,
    )


def _files(place: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}


def _error(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


def test_a_full_disk_is_one_line_and_leaves_earlier_outputs_whole(place: Path) -> None:
    stages = {"acquire": "data/raw", "prepare": "data/prepared", "split": "data/splits"}
    for stage in stages:
        assert _run(place, stage).returncode == 0
    before = _files(place)
    for stage, target in stages.items():
        done = _run(place, stage, largest_file=64)
        assert done.returncode == 2
        assert (
            _error(done)
            == f"error: {target}: cannot be written, the largest allowed file size is reached; what was there before is untouched"
        )
    assert _files(place) == before


def test_validate_on_a_full_disk_says_so_in_one_line(place: Path) -> None:
    for stage in ("acquire", "prepare", "split"):
        assert _run(place, stage).returncode == 0
    done = _run(place, "validate", largest_file=2048)
    assert done.returncode == 2
    assert _error(done).startswith("error: results/validation: cannot be written")
    assert not list((place / "results").glob("*validation*"))


def test_bad_data_end_with_1_and_name_the_files_and_where_to_look(place: Path) -> None:
    assert _run(place, "acquire").returncode == 0
    (place / "data/raw/masks/Pa_2.png").unlink()
    for stage in ("prepare", "split"):
        assert _run(place, stage).returncode == 0
    done = _run(place, "validate")
    assert done.returncode == 1
    assert "mask-missing (Every image has its mask): Pa_2" in _error(done)
    assert (place / "results/validation/data_docs/index.html").exists()
    assert '"passed": false' in (place / "results/validation/summary.json").read_text()


def test_a_folder_that_is_not_there_ends_with_2(place: Path) -> None:
    text = (place / "params.yaml").read_text()
    (place / "params.yaml").write_text(text.replace("source: synthetic", "source: sd-saliency-900"))
    done = _run(place, "acquire", SD_SALIENCY_900="/nowhere/at/all")
    assert done.returncode == 2
    assert "SD_SALIENCY_900: /nowhere/at/all is not a folder" in _error(done)
    assert not (place / "data").exists() or not list((place / "data").iterdir())

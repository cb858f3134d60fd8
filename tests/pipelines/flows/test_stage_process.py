"""A command's output, failure and end, without any server."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from servers import wait_for

from pipelines.flows.gpus import reserve_gpu
from pipelines.flows.stage_process import last_error_line, run_command, stage_environment
from tsernet.errors import CheckError

SLEEPER = "import os, time; open('pid', 'w').write(str(os.getpid())); print('sleeping', flush=True); time.sleep(300)"


def test_lines_come_one_by_one_without_colours(tmp_path: Path) -> None:
    lines: list[str] = []
    run_command([sys.executable, "-c", "print('\\x1b[31mred\\x1b[0m'); print(); print('end')"], tmp_path, os.environ, lines.append)
    assert lines == ["red", "end"]


def test_a_failure_carries_the_stages_last_error_line(tmp_path: Path) -> None:
    code = "import sys; print('error: In_1.png is not an image', file=sys.stderr); print('ERROR: failed to reproduce'); sys.exit(2)"
    with pytest.raises(CheckError, match=r"^error: In_1\.png is not an image$"):
        run_command([sys.executable, "-c", code], tmp_path, os.environ, lambda _: None)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["a", "error: first", "ERROR: failed to reproduce 'x'"], "error: first"),
        (["Traceback (most recent call last):", "ValueError: shapes differ", "ERROR: failed"], "ValueError: shapes differ"),
        (["torch.cuda.OutOfMemoryError: 12 GB"], "torch.cuda.OutOfMemoryError: 12 GB"),
        (["ERROR: no dvc.yaml"], "ERROR: no dvc.yaml"),
        (["plain"], "plain"),
        ([], ""),
    ],
)
def test_the_line_that_says_why(lines: list[str], expected: str) -> None:
    assert last_error_line(lines) == expected


def test_an_exception_ends_the_command_with_its_children(tmp_path: Path) -> None:
    def stop(_: str) -> None:
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_command(["sh", "-c", f'{sys.executable} -c "{SLEEPER}"; true'], tmp_path, os.environ, stop)

    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))
    assert time.monotonic() - started < 10


def test_a_killed_parent_takes_the_command_along(tmp_path: Path) -> None:
    code = "import os, sys; from pathlib import Path; from pipelines.flows.stage_process import run_command\n"
    code += f"run_command([sys.executable, '-c', {SLEEPER!r}], Path.cwd(), os.environ, print)"
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), 60, "the command")
    parent.kill()
    parent.wait()
    wait_for(lambda: not psutil.pid_exists(int((tmp_path / "pid").read_text())), 10, "the end of the command")


def test_a_stage_knows_nothing_of_prefect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "secret")
    environment = stage_environment({"TSERNET_EXECUTION": "1"})
    assert not [name for name in environment if name.startswith("PREFECT")]
    assert environment["TSERNET_EXECUTION"] == "1"
    assert environment["PATH"].startswith(str(Path(sys.executable).parent))


def test_two_trainings_get_a_gpu_each(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TSERNET_LOCKS", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
    with reserve_gpu(1) as first, reserve_gpu(1) as second:
        assert [first, second] == [{"CUDA_VISIBLE_DEVICES": "2"}, {"CUDA_VISIBLE_DEVICES": "5"}]
    with reserve_gpu(2) as both:
        assert both == {}
    assert list(tmp_path.iterdir()) == []

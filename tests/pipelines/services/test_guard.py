"""Whatever of a chain of processes is killed, nothing below it lives on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from servers import living, wait_for
from standin import ROOT

from pipelines.services.guard_command import guarded_command

# A service with a child, which has a child in a session of its own; each ends with the one below it.
_SERVICE = """
import subprocess, sys, time
depth = int(sys.argv[1])
open(f"service {depth}", "w").close()
if depth < 2:
    subprocess.call([sys.executable, "-S", "service.py", str(depth + 1)], start_new_session=depth == 1)
else:
    time.sleep(300)
"""
_SUPERVISOR = """
import os, sys, time
from pathlib import Path
from pipelines.services.service import Service
service = Service("stand in", [sys.executable, "-S", "service.py", "0"], Path.cwd(), os.environ, Path.cwd())
while service.lives():
    time.sleep(0.1)
service.stop()
"""
# From the top: the supervisor, its guard, the guard's warden, the service and what the service has started.
LINKS = ("supervisor", "guard", "warden", "service", "child", "grandchild")
_DRILL = pytest.param(10, marks=pytest.mark.drill)


@contextmanager
def chain(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], list[psutil.Process]]]:
    """Start the supervisor, and give it with all processes of the chain from the top."""
    (folder / "service.py").write_text(_SERVICE, encoding="utf-8")
    (folder / "service 2").unlink(missing_ok=True)
    supervisor = subprocess.Popen([sys.executable, "-c", _SUPERVISOR], cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)})
    family = []
    try:
        wait_for((folder / "service 2").exists, 30, "the grandchild")
        family = [top := psutil.Process(supervisor.pid), *top.children(recursive=True)]
        yield supervisor, family
    finally:
        for process in family:  # of a failed test
            if process.is_running():
                process.kill()
        supervisor.wait()


@pytest.mark.parametrize("times", [1, _DRILL])
@pytest.mark.parametrize("link", LINKS)
def test_nothing_outlives_a_killed_link(tmp_path: Path, link: str, times: int) -> None:
    for _ in range(times):
        with chain(tmp_path) as (supervisor, family):
            assert len(family) == len(LINKS)
            family[LINKS.index(link)].kill()
            if link == "supervisor":
                supervisor.wait()
            wait_for(lambda: not living(family[1:]), 10, f"the end of all below the {link}")
            supervisor.wait(10)


def test_the_exit_code_and_the_strays_of_a_command_that_ends(tmp_path: Path) -> None:
    code = "import subprocess, sys; stray = subprocess.Popen(['sleep', '300'], start_new_session=True); print(stray.pid); sys.exit(7)"
    done = subprocess.Popen(guarded_command([sys.executable, "-c", code], 5), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert done.stdout is not None
    stray = int(done.stdout.readline())
    assert done.wait(10) == 7
    done.stdout.close()
    assert done.stdin is not None
    done.stdin.close()
    assert not psutil.pid_exists(stray)

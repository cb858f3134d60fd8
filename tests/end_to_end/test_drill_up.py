"""Drills on `tsernet up` at rest: what it weighs beside an earlier commit, and what is left when any process of its tree is killed."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest
from servers import living, wait_for
from stacks import Up, running_up
from standin import ROOT, make_repository

pytestmark = [pytest.mark.drill, pytest.mark.timeout(6000)]

# The commit whose memory is the measure, and the most that may be needed of it.
EARLIER, MOST = "488b215", 0.45
# TSERNET_TEST_KILLS=1 is enough for a look.
KILLS = int(os.environ.get("TSERNET_TEST_KILLS", "10"))
# A word of each service's command.
_SERVICES = {"mlflow": "mlflow", "prefect": "uvicorn", "worker": "worker", "page": "serve"}


def proportional(pid: int) -> float:
    """Read a process's proportional set size: what it shares counts by its share. MiB."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError):  # a short-lived one, such as git
        return 0.0
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="the kernel does not say")
def test_it_needs_less_than_half_of_the_memory(tmp_path: Path) -> None:
    earlier = tmp_path / "code"
    if subprocess.run(["git", "rev-parse", "--verify", "--quiet", f"{EARLIER}^{{commit}}"], cwd=ROOT, capture_output=True).returncode:
        pytest.skip(f"the commit {EARLIER} is not in this clone")
    subprocess.run(["git", "clone", "--quiet", "--local", "--no-checkout", str(ROOT), str(earlier)], check=True)
    subprocess.run(["git", "checkout", "--quiet", EARLIER], cwd=earlier, check=True)
    total, processes = {}, {}
    for name, code in (("earlier", earlier), ("now", ROOT)):
        (tmp_path / name).mkdir()
        repository = make_repository(tmp_path / name / "repository")
        (repository / "pipelines").unlink()
        (repository / "pipelines").symlink_to(code / "pipelines")
        with running_up(repository, code) as up:
            time.sleep(20)  # until the consumers of MLflow's jobs, where there are any, stand too
            family = [psutil.Process(up.process.pid), *psutil.Process(up.process.pid).children(recursive=True)]
            total[name], processes[name] = sum(proportional(process.pid) for process in family), len(family)
    print(f"\n{EARLIER}: {total['earlier']:.0f} MiB in {processes['earlier']} processes; now: {total['now']:.0f} MiB in {processes['now']}")
    print(f"share: {total['now'] / total['earlier']:.3f}")
    assert total["now"] < MOST * total["earlier"]


def test_whatever_process_is_killed_nothing_of_it_is_left(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repository")
    left: dict[str, int] = {}
    with ExitStack() as stack:
        up = stack.enter_context(running_up(repository, ROOT))
        depths = {service: len(branch(up, service)) for service in _SERVICES}
        roles = [*(f"{service} {depth}" for service in _SERVICES for depth in range(depths[service])), "up"]
        for role in roles * KILLS:
            if up.process.poll() is not None:  # it has been killed, or has given a service up that was killed too often
                stack.close()
                up = stack.enter_context(running_up(repository, ROOT))
            service, _, depth = role.partition(" ")
            below = psutil.Process(up.process.pid).children(recursive=True) if service == "up" else branch(up, service)
            victim = psutil.Process(up.process.pid) if service == "up" else below[int(depth)]
            victim.kill()
            left[role] = left.get(role, 0) + remaining(below)
            if service == "up":
                up.process.wait()
            else:
                wait_for(partial(settled, up, depths), 120, "the service again, or up's end")
    print(f"\nleft behind after {KILLS} kills each: {left}")
    assert set(left.values()) == {0}


def branch(up: Up, service: str) -> list[psutil.Process]:
    """List a service's processes from its guard down; none while it is being started."""
    guards = [process for process in psutil.Process(up.process.pid).children() if _SERVICES[service] in process.cmdline()]
    return [process for guard in guards for process in (guard, *guard.children(recursive=True))]


def remaining(processes: list[psutil.Process]) -> int:
    """Wait for their end; count those that do not."""
    deadline = time.monotonic() + 30
    while (still := living(processes)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return len(still)


def settled(up: Up, depths: dict[str, int]) -> bool:
    """Say whether it has ended, or all services are there, as deep as before, and answer."""
    if up.process.poll() is not None:
        return True
    try:
        deep = all(len(branch(up, service)) >= depth for service, depth in depths.items())
        health = (f"{up.prefect}/api/health", f"{up.mlflow}/health", f"{up.inspect}/health")
        return deep and all(httpx.get(address).is_success for address in health)
    except (httpx.HTTPError, psutil.Error):
        return False

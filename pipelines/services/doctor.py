"""What `tsernet doctor` looks at: what is reachable, what is missing, and the line that mends it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from pipelines.dvc_recovery import cut_off_files
from pipelines.flows.stage_process import dvc, stage_environment
from pipelines.flows.workspace.orphans import find_orphans
from pipelines.flows.workspace.worktree import find_repository
from pipelines.services.names import LIMIT, RETRAIN, REVIEW
from pipelines.services.provision import POOL, SILENT_RUNS
from pipelines.services.service import answers
from tsernet.config import load_params
from tsernet.errors import UserError

_LEAST_FREE_BYTES = 5 * 2**30
_UP = "tsernet up"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        name: What.
        good: Whether it is as it should be.
        detail: What was found.
        mend: The line that mends it; empty if good.
    """

    name: str
    good: bool
    detail: str
    mend: str = ""


def run_checks() -> list[Finding]:
    """Look at the repository, the tools, the records and the servers; never changes anything."""
    try:
        repository = find_repository()
    except UserError as error:
        _, _, mend = str(error).partition("; mend it with: ")
        return [Finding("repository", False, str(error), mend or "cd into the repository, or export TSERNET_REPOSITORY=FOLDER")]
    local = [Finding("repository", True, str(repository)), _params(repository), _dvc(repository), _room(repository), _orphans(repository)]
    return [*local, _mlflow(repository), *_prefect(), _browser()]


def _params(repository: Path) -> Finding:
    try:
        params = load_params(repository / "params.yaml")
    except UserError as error:
        return Finding("params.yaml", False, str(error), "tsernet preset demo")
    return Finding("params.yaml", True, f"preset {params.preset}, {len(params.variants)} variants")


def _dvc(repository: Path) -> Finding:
    done = subprocess.run(dvc("cache", "dir"), cwd=repository, env=stage_environment({}), capture_output=True, text=True)
    if done.returncode:
        return Finding("DVC", False, " ".join(done.stderr.split())[:200], "dvc init")
    if cut_off := cut_off_files(repository):
        return Finding("DVC", False, f"killed while it wrote {' and '.join(map(str, cut_off))}", " && ".join(cut_off.values()))
    return Finding("DVC", True, f"cache {(repository / done.stdout.strip()).resolve()}")


def _room(repository: Path) -> Finding:
    free = shutil.disk_usage(repository).free
    text = f"{free / 2**30:.1f} GiB free, {_LEAST_FREE_BYTES / 2**30:.0f} wanted"
    return Finding("disk", free >= _LEAST_FREE_BYTES, text, "" if free >= _LEAST_FREE_BYTES else "dvc gc --workspace --all-experiments")


def _orphans(repository: Path) -> Finding:
    orphans = find_orphans(repository)
    if orphans:
        return Finding("workspaces", False, f"left by dead runs: {', '.join(orphans)}", "tsernet doctor --clean")
    return Finding("workspaces", True, "none left by dead runs")


def _mlflow(repository: Path) -> Finding:
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    if uri.startswith(("http://", "https://")):
        shown = uri.rsplit("@", 1)[-1]
        good = answers(f"{uri.rstrip('/')}/health")
        return Finding(
            "MLflow", good, f"{shown} {'answers' if good else 'does not answer'}", "" if good else f"{_UP}, or unset MLFLOW_TRACKING_URI"
        )
    if uri and not uri.startswith("sqlite:"):
        return Finding("MLflow", True, f"a database, {uri.split(':', 1)[0]}")
    return Finding("MLflow", True, f"{repository / 'mlflow.db'}, made by the first run")


def _prefect() -> Iterator[Finding]:
    from prefect.settings import get_current_settings

    api = get_current_settings().api.url
    if not api:
        yield Finding("Prefect server", False, "PREFECT_API_URL is not set", f"{_UP}, then the export line that it prints")
        return
    if not answers(f"{api}/health"):
        yield Finding("Prefect server", False, f"{api} does not answer", f"{_UP}, then the export line that it prints")
        return
    yield Finding("Prefect server", True, api)
    with httpx.Client(base_url=api, timeout=10) as client:
        deploy = "prefect deploy --all"
        start = f"prefect worker start --pool {POOL} --type process"
        yield _there(
            client, "work pool", f"/work_pools/{POOL}", f"prefect work-pool create {POOL} --type process", lambda pool: pool["type"]
        )
        yield _workers(client, start)
        yield _there(client, f"limit {LIMIT}", f"/v2/concurrency_limits/{LIMIT}", deploy, _slots)
        yield _automation(client, deploy)
        for name in (RETRAIN, "watch/watch", REVIEW, "monitor/monitor"):
            yield _there(client, f"deployment {name}", f"/deployments/name/{name}", deploy, lambda deployment: deployment["status"])


def _there(client: httpx.Client, name: str, path: str, mend: str, describe: Callable[[dict[str, Any]], str]) -> Finding:
    answer = client.get(path)
    if answer.is_success:
        return Finding(name, True, describe(answer.json()))
    return Finding(name, False, "missing" if answer.status_code == httpx.codes.NOT_FOUND else f"HTTP {answer.status_code}", mend)


def _slots(limit: dict[str, Any]) -> str:
    return f"{limit['active_slots']} of {limit['limit']} slots taken"


def _workers(client: httpx.Client, mend: str) -> Finding:
    answer = client.post(f"/work_pools/{POOL}/workers/filter", json={"workers": {"status": {"any_": ["ONLINE"]}}})
    online = [worker["name"] for worker in answer.json()] if answer.is_success else []
    return Finding("worker", bool(online), ", ".join(online) or "none online", "" if online else mend)


def _automation(client: httpx.Client, mend: str) -> Finding:
    answer = client.post("/automations/filter", json={"automations": {"name": {"any_": [SILENT_RUNS]}}})
    rules = answer.json() if answer.is_success else []
    if rules and not any(rule["enabled"] for rule in rules):
        return Finding("rule for silent runs", False, "off", f"prefect automation resume {SILENT_RUNS!r}")
    return Finding("rule for silent runs", bool(rules), "on" if rules else "missing", "" if rules else mend)


def _browser() -> Finding:
    path = shutil.which("chromium")
    # Only the browser test wants it: its absence is worth a word and no failure.
    return Finding("chromium", True, path or "absent: the browser test will be skipped (apt-get install chromium)")

"""docs/site: each file by its own tool, as far as that goes without the service."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from standin import ROOT, run

from tsernet.config import parse_params

SITE = ROOT / "docs" / "site"


def _load(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


def test_ddp_fits_the_paper_preset() -> None:
    tree, changes = _load(ROOT / "presets/paper.yaml"), _load(SITE / "ddp.yaml")["train"]
    hardware = changes.pop("hardware")
    assert set(hardware) <= set(tree["train"]["hardware"])
    tree["train"]["hardware"] |= hardware

    params = parse_params(tree | {"train": tree["train"] | changes}, "ddp.yaml")

    assert params.train.hardware.devices == 4


def test_dvc_reads_the_remote(tmp_path: Path) -> None:
    run(["git", "init", "--quiet"], tmp_path)
    run([sys.executable, "-m", "dvc", "init", "--quiet"], tmp_path)
    (tmp_path / ".dvc/config").write_bytes((SITE / "dvc.config").read_bytes())

    assert run([sys.executable, "-m", "dvc", "remote", "list"], tmp_path).split() == ["plant", "s3://dvc/tsernet", "(default)"]


def test_prefect_reads_its_settings(tmp_path: Path) -> None:
    lines = [line for line in (SITE / "prefect.env").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    given = dict(line.split("=", 1) for line in lines)
    shown = "s.database.connection_url.get_secret_value(), s.analytics_enabled, s.concurrency.lease_storage"
    code = f"from prefect.settings import Settings; s = Settings().server; print({shown})"

    printed = run([sys.executable, "-c", code], tmp_path, PREFECT_HOME=str(tmp_path), **given)

    assert printed.split() == [given["PREFECT_API_DATABASE_CONNECTION_URL"], "False", given["PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"]]


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kubectl_builds_the_worker() -> None:
    built = run(["kubectl", "kustomize", str(SITE / "kubernetes")], ROOT)

    kinds = {document["kind"] for document in YAML(typ="safe", pure=True).load_all(built)}
    assert kinds == {"Namespace", "ConfigMap", "PersistentVolumeClaim", "Deployment"}


def test_docker_compose_reads_the_servers() -> None:
    if shutil.which("docker") is None or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker compose is not installed")
    secrets = {"POSTGRES_PASSWORD": "x", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    run(["docker", "compose", "--file", str(SITE / "compose.yaml"), "config", "--quiet"], ROOT, **(dict(os.environ) | secrets))


def test_compose_names_only_what_it_defines() -> None:
    tree = _load(SITE / "compose.yaml")
    assert {name for service in tree["services"].values() for name in service.get("depends_on", [])} <= set(tree["services"])
    published = [port for service in tree["services"].values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)

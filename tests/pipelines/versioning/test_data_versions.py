"""Versioning as DVC users expect, by the real DVC: what re-runs, what the diffs say, what a remote gives back."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from dvc_clone import Clone, add_images

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TRACKED = ("data/raw", "data/prepared", "data/splits", "results/validation")


def _bytes(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for room in TRACKED for path in (root / room).rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def first(clone: Clone) -> Clone:
    """The data stages have run and their lock is committed."""
    clone.dvc("repro", "-q", "validate")
    clone.commit("First version")
    return clone


@pytest.fixture(scope="module")
def grown(first: Clone) -> tuple[Clone, str, list[str]]:
    """Nine images more, of numbers 7 to 9, and what DVC printed about it."""
    names = add_images(first.root.parent / "plant", 7, 9)
    return first, first.dvc("repro", "validate"), names


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, str]]:
    """A real S3 endpoint, moto's, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-central-1"}
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **keys})
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                request = urllib.request.Request(f"{address}/images", method="PUT", data=b"")
                urllib.request.urlopen(request, timeout=5).close()
                break
            except OSError:
                assert server.poll() is None, "moto's server ended"
                time.sleep(0.2)
        yield {"endpoint": address, **keys}
    finally:
        server.terminate()
        server.wait(10)


def test_nothing_changed_nothing_runs(first: Clone) -> None:
    printed = first.dvc("repro", "validate")
    assert printed.count("didn't change, skipping") == 5
    assert "Running stage" not in printed


@pytest.mark.parametrize("kind", ["folder", pytest.param("s3", marks=pytest.mark.long)])
def test_a_remote_gives_back_raw_data_splits_and_results(first: Clone, tmp_path: Path, request: pytest.FixtureRequest, kind: str) -> None:
    s3: dict[str, str] = request.getfixturevalue("s3") if kind == "s3" else {}
    keys = {name: value for name, value in s3.items() if name.startswith("AWS")}
    if kind == "folder":
        first.dvc("remote", "add", "--local", kind, str(tmp_path / "store"))
    else:
        first.dvc("remote", "add", "--local", kind, "s3://images/tsernet")
        first.dvc("remote", "modify", "--local", kind, "endpointurl", s3["endpoint"])
    first.dvc("push", "-q", "-r", kind, environment=keys)
    other = Clone(tmp_path / "other")
    first.git("clone", "-q", ".", str(other.root))
    (other.root / ".dvc/config.local").write_bytes((first.root / ".dvc/config.local").read_bytes())
    assert not (other.root / "data/raw").exists()
    other.dvc("pull", "-q", "--allow-missing", "-r", kind, environment=keys)
    assert _bytes(other.root) == _bytes(first.root)
    assert other.dvc("repro", "validate").count("didn't change, skipping") == 5


def test_new_images_re_run_what_depends_on_them_and_nothing_else(grown: tuple[Clone, str, list[str]]) -> None:
    clone, printed, names = grown
    ran = [line.split("'")[1] for line in printed.splitlines() if line.startswith("Running stage")]
    assert ran == ["acquire", "prepare", "split", "validate"]
    added = {entry["path"] for entry in clone.dvc_json("diff", "--json", "HEAD")["added"]}
    assert {f"data/raw/images/{name}.png" for name in names} <= added
    assert {f"data/prepared/edges/{name}.png" for name in names} <= added
    changed = {entry["path"] for entry in clone.dvc_json("diff", "--json", "HEAD")["modified"]}
    assert {"data/prepared/manifest.csv", "data/splits/train.csv"} <= changed
    assert not any(path.startswith("data/raw/images/") and path.endswith(".png") for path in changed)


def test_metrics_params_and_plots_have_something_to_say_between_two_commits(grown: tuple[Clone, str, list[str]]) -> None:
    clone, _, _ = grown
    summary = clone.dvc_json("metrics", "diff", "--json", "HEAD")["results/validation/summary.json"]
    assert summary["samples"] == {"old": 18, "new": 27, "diff": 9}
    assert {"digests.dataset", "digests.train", "splits.test"} <= summary.keys()
    clone.params(prepare__edge_width=5)
    params = clone.dvc_json("params", "diff", "--json", "HEAD")["params.yaml"]
    assert params == {"prepare.edge_width": {"old": 3, "new": 5, "diff": 2}}
    page = clone.dvc_json("plots", "diff", "HEAD", "--show-vega", "--targets", "data/prepared/manifest.csv")
    drawn = {(point["rev"], point["name"]) for point in page["data"]["values"]}
    assert len([name for rev, name in drawn if rev == "HEAD"]) == 18
    assert len([name for rev, name in drawn if rev == "workspace"]) == 27
    clone.params(prepare__edge_width=3)

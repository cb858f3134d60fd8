"""Two people, two clones, one MLflow server: what their versions say of each other, who becomes champion, and one of them made again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from dvc_clone import Clone, add_images
from forks import Forks

from pipelines.cli import build_app

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(900)]

Ask = Callable[..., Any]


@dataclass(frozen=True)
class People:
    """Ann and Bob, their clones of one commit, each with the same images in data/own, and the server that both log to."""

    ann: Clone
    bob: Clone
    server: str
    forks: Forks

    def repro(self) -> list[str]:
        """Let both run `dvc repro` at once; give the stages that ran at Ann's."""
        printed, _ = self.forks.repro(self.ann.root, self.bob.root, MLFLOW_TRACKING_URI=self.server)
        return [line.split("'")[1].split("@")[0] for line in printed.splitlines() if line.startswith("Running stage")]


@dataclass(frozen=True)
class Later:
    """After their second `dvc repro`; `first`: the version that Ann had before, `ran`: the stages that ran at Ann's."""

    ann: Clone
    bob: Clone
    first: str
    ran: list[str]


def _registered(clone: Clone) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((clone.root / "results/register.json").read_text())
    return content


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real `mlflow server`."""
    from servers import TLS, ended, free_port, wait_for

    folder, address = tmp_path_factory.mktemp("server"), f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", address.rpartition(":")[2], "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "artifacts")]

    def answers() -> bool:
        try:
            return httpx.get(f"{address}/health", timeout=1, verify=TLS).is_success
        except httpx.TransportError:
            return False

    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            env=os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            start_new_session=True,
            stdout=log,
            stderr=log,
        )
    with ended(process):
        wait_for(answers, 120, "the MLflow server")
        yield address


@pytest.fixture(scope="module")
def people(clone: Path, server: str, forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> People:
    """Both have run `dvc repro` of the same commit and images, a short training, at the same time."""
    base = tmp_path_factory.mktemp("people")
    made = People(Clone(base / "ann"), Clone(base / "bob"), server, forks)
    Clone(base).git("clone", "-q", str(clone), "ann")
    made.ann.params(dataset__source="folder", split__method="stratified", split__validation=0.0, variants=["full"], train__iterations=2)
    # All small squares: nothing to choose an operating point on, and nothing clean.
    made.ann.params(evaluate__protocol="paper", operate__rule="none", train__window=0, train__clean_share=0.0)
    made.ann.commit("Our images")
    Clone(base).git("clone", "-q", "ann", "bob")
    for person in (made.ann, made.bob):
        add_images(person.root / "data/own", 1, 15)
    made.repro()
    return made


@pytest.fixture(scope="module")
def later(people: People) -> Later:
    """Ann has got ten images more, Bob has begun anew on the old ones from weights that know steel."""
    first = _registered(people.ann)["version"]
    own = people.ann.root / "data/own"
    for name in add_images(own, 16, 19)[10:]:
        for room in ("images", "masks"):
            (own / room / f"{name}.png").unlink()
    people.bob.params(model__start_from="shipped-paper", train__iterations=4)
    return Later(people.ann, people.bob, first, people.repro())


@pytest.fixture
def ask(people: People, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Ask:
    """Ask `tsernet models … --json` in Ann's clone."""
    monkeypatch.chdir(people.ann.root)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", people.server)
    monkeypatch.setenv("TSERNET_LOCKS", str(people.ann.root / ".tsernet/locks"))

    def ask(*arguments: str) -> Any:
        capfd.readouterr()
        build_app()(["models", *arguments, "--json"], standalone_mode=False)
        return json.loads(capfd.readouterr().out)

    return ask


def test_the_same_inputs_on_two_clones_make_two_versions_of_one_lineage(people: People, ask: Ask) -> None:
    numbers = {_registered(people.ann)["version"], _registered(people.bob)["version"]}
    assert numbers == {"1", "2"}
    one, two = (ask("trace", f"models:/tsernet/{number}") for number in sorted(numbers))
    assert {key for key in one if one[key] != two[key]} == {"model", "aliases", "run", "parent_run"}
    assert one["uncommitted_changes"] is False
    assert all(one["splits"][part] for part in ("train", "test"))
    assert sorted(one["inputs"]) == ["data/prepared/edges", "data/prepared/images", "data/prepared/masks", "data/splits"]
    shown = {trace["model"]: trace for trace in ask("trace", "--data", one["data"])}
    assert [shown["models:/tsernet/1"], shown["models:/tsernet/2"]] == [one, two]


def test_an_equal_challenger_is_not_promoted(people: People, ask: Ask) -> None:
    # Both registered at once: which of the two was decided first is chance.
    kept, champion = sorted((_registered(people.ann), _registered(people.bob)), key=lambda outcome: bool(outcome["champion"]))
    assert (kept["champion"], champion["champion"]) == (False, True)
    assert "not better than the champion: gain in max_f_measure +0.0000" in kept["reason"]
    decisions = ask("show", f"models:/tsernet/{kept['version']}")["decisions"]  # an earlier one may have been overtaken
    decision = [one for one in decisions if one["about"] == kept["version"]][-1]
    assert (decision["action"], decision["from"], decision["to"]) == ("keep", champion["version"], champion["version"])
    assert decision["reason"] == kept["reason"]


def test_ten_more_images_run_what_depends_on_them_and_show_in_the_lineage_alone(later: Later, ask: Ask) -> None:
    assert later.ran == ["acquire", "prepare", "split", "validate", "train", "evaluate", "compare", "register"]
    before, after = (ask("trace", f"models:/tsernet/{number}") for number in (later.first, _registered(later.ann)["version"]))
    # The digest of the data, and what follows from it: the splits and inputs that are parts of it, the run, its weights.
    follows = {"splits", "inputs", "run", "parent_run", "weights_sha256", "network_sha256"}
    assert {key for key in before if before[key] != after[key]} - {"model", "aliases"} == {"data", *follows}
    assert "the test set is not the champion's" in _registered(later.ann)["reason"]


def test_a_truly_better_challenger_is_promoted(later: Later, ask: Ask) -> None:
    outcome = _registered(later.bob)
    assert outcome["champion"], outcome["reason"]
    assert "better than the champion: gain in max_f_measure" in outcome["reason"]
    assert ask("show", "models:/tsernet@champion")["model"] == f"models:/tsernet/{outcome['version']}"


def test_a_version_is_made_again_to_the_same_bits(later: Later, ask: Ask) -> None:
    rebuilt = ask("rebuild", f"models:/tsernet/{later.first}")  # its folder holds other images by now
    assert (rebuilt["same_weights"], rebuilt["same_data"], rebuilt["largest_difference"]) == (True, True, 0.0)
    assert later.ann.git("worktree", "list").count("\n") == 1
    assert later.ann.git("status", "--porcelain").splitlines() == ["?? dvc.lock"]

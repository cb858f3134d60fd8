"""Alias and record agree: after promotions, rollbacks, a death between the two writes, eight processes at once, and other tools."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.cli import build_app
from pipelines.registry import CHALLENGER, CHAMPION, Registry, promote, rollback, settle
from pipelines.registry.decisions import read_record
from tsernet.errors import CheckError, UserError

REPOSITORY = Path(__file__).parents[3]
DIES = """
import os, signal
from pipelines import registry as rooms
rooms.Registry.set_alias = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
rooms.promote(rooms.Registry(), "2", "dies before the alias is moved")
"""


def promote_elsewhere(number: str, folder: str, uri: str) -> None:
    """Promote, in a process and folder of its own."""
    os.chdir(folder)
    os.environ["MLFLOW_TRACKING_URI"] = uri
    promote(Registry(), number, "at once")


def test_without_a_champion_there_is_nothing_to_roll_back_to(bare_versions: Callable[[int], None]) -> None:
    bare_versions(1)
    with pytest.raises(CheckError, match="there is no champion, and was none to roll back to"):
        rollback(Registry(), "test")


def test_promote_three_times_and_roll_back_twice(bare_versions: Callable[[int], None]) -> None:
    bare_versions(3)
    registry = Registry()
    registry.set_alias(CHALLENGER, "3")
    for number in ("1", "2", "3"):
        promote(registry, number, "test")
    assert registry.alias(CHALLENGER) == ""
    assert registry.alias(CHAMPION) == "3"
    rollback(registry, "test")
    record = rollback(registry, "test")
    assert registry.alias(CHAMPION) == record.champion == "1"
    assert [(one.action, one.champion_before, one.version) for one in record.decisions][-2:] == [
        ("rollback", "3", "2"),
        ("rollback", "2", "1"),
    ]
    assert all("@" in one.who and one.when and one.reason == "test" for one in record.decisions)
    with pytest.raises(CheckError, match="no champion before 1 to roll back to"):
        rollback(registry, "test")
    with pytest.raises(UserError, match="there are: 1, 2, 3"):
        promote(registry, "9", "test")


def test_killed_between_the_two_writes_is_repaired_at_the_next_call(
    repository: Path, bare_versions: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    bare_versions(2)
    registry = Registry()
    promote(registry, "1", "test")
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    died = subprocess.run([sys.executable, "-c", DIES], cwd=repository, env=environment, timeout=120)
    assert died.returncode == -signal.SIGKILL
    assert registry.alias(CHAMPION) == "1"
    build_app()(["models", "show", "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["model"] == "models:/tsernet/2"
    assert registry.alias(CHAMPION) == read_record(registry).champion == "2"


@pytest.mark.slow
@pytest.mark.long
def test_eight_processes_at_once_get_one_order_and_none_is_lost(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, bare_versions: Callable[[int], None]
) -> None:
    bare_versions(8)
    registry = Registry()
    # Folders of their own: no lock of one machine helps, only the store.
    folders = [tmp_path_factory.mktemp("person") for _ in range(8)]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mlflow.store.tracking.sqlalchemy_store", "mlflow.store.model_registry.sqlalchemy_store"])
    arguments = [(str(number), str(folder), registry.uri) for number, folder in enumerate(folders, start=1)]
    processes = [context.Process(target=promote_elsewhere, args=each) for each in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join(300)
    assert [process.exitcode for process in processes] == [0] * 8
    record = read_record(registry)
    assert sorted(one.version for one in record.decisions) == list("12345678")
    assert [one.number for one in record.decisions] == list(range(1, 9))
    befores = [one.champion_before for one in record.decisions]
    assert befores == ["", *[one.version for one in record.decisions[:-1]]]
    assert registry.alias(CHAMPION) == record.champion == record.decisions[-1].version


def test_an_alias_moved_by_other_tools_is_written_down(bare_versions: Callable[[int], None]) -> None:
    bare_versions(2)
    registry = Registry()
    promote(registry, "1", "test")
    registry.client.set_registered_model_alias("tsernet", CHAMPION, "2")
    record = settle(registry)
    assert record.champion == "2"
    assert (record.decisions[-1].action, record.decisions[-1].champion_before) == ("adopt", "1")
    registry.client.delete_model_version("tsernet", "2")
    assert settle(registry).champion == ""
    assert rollback(registry, "the version is gone").champion == "1"


def test_the_commands_print_json_and_lines(bare_versions: Callable[[int], None], capsys: pytest.CaptureFixture[str]) -> None:
    bare_versions(2)
    app = build_app()
    for command in (["promote", "models:/tsernet/1"], ["promote", "models:/tsernet@2", "--reason", "it is better"]):
        app(["models", *command], standalone_mode=False)
    assert capsys.readouterr().out.splitlines()[-1] == "models:/tsernet@champion is now version 2"
    app(["models", "rollback", "--json"], standalone_mode=False)
    answer = json.loads(capsys.readouterr().out)
    assert (answer["champion"], answer["decision"]["from"], answer["decision"]["to"]) == ("1", "2", "1")
    app(["models", "list", "--json"], standalone_mode=False)
    versions = json.loads(capsys.readouterr().out)
    assert [one["aliases"] for one in versions] == [["champion"], []]
    assert versions[1]["decisions"][0]["reason"] == "it is better"
    app(["models", "show", "models:/tsernet/2"], standalone_mode=False)
    assert "promote 2 (champion 1 → 2)" in capsys.readouterr().out
    app(["models", "trace", "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["model"] == "models:/tsernet/1"


@pytest.mark.parametrize("uri", ["models:/tsernet@nobody", "models:/other/1", "tsernet", "models:/tsernet/x"])
def test_a_model_that_does_not_exist_is_one_line(bare_versions: Callable[[int], None], uri: str) -> None:
    bare_versions(1)
    with pytest.raises(UserError) as caught:
        build_app()(["models", "show", uri], standalone_mode=False)
    assert uri in str(caught.value) or "models:/other/1" in str(caught.value)
    assert "\n" not in str(caught.value)

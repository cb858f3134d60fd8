"""`tsernet monitor`: from a log to a verdict, a page and an exit code."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from click.testing import Result
from inspections import inspected, made_up, make_working_copy, write_log
from numpy.typing import NDArray
from steel import steel
from typer.testing import CliRunner

from pipelines.cli import build_app
from pipelines.exit_codes import DRIFTED
from pipelines.monitoring.figures import figures_of
from pipelines.monitoring.monitor import Look, look, reference_of
from pipelines.monitoring.reference import Reference, remember, remembered
from pipelines.monitoring.seen import seen_until
from pipelines.monitoring.verdict import Verdict, judge
from pipelines.monitoring.window import last_images, parse_moment
from pipelines.serving.loaded import Usage, load
from pipelines.serving.log import read_log
from tsernet.digests import sha256_of
from tsernet.errors import UserError
from tsernet.shipped import shipped_model

RATE = 0.01
OTHER = {"model": "models:/tsernet/2", "weights_sha256": "2" * 64}


def reference(**same: Any) -> Reference:
    """The reference of made-up training images."""
    return Reference(figures_of(list(made_up(200, 0, **same))), "split", str(same.get("weights_sha256", "1" * 64)), 200)


def judged(log: Path, count: int = 100) -> Verdict:
    """Judge the last images of a log."""
    return judge(last_images(log, count), reference(), count, RATE)


def test_the_same_kind_is_steady_and_every_column_is_compared(tmp_path: Path) -> None:
    verdict = judged(write_log(tmp_path, made_up(100, 1)))
    assert (verdict.status, verdict.moved, len(verdict.compared), verdict.notes) == ("steady", [], 13, ())


def test_a_window_too_small_for_saliency_and_features_says_so(tmp_path: Path) -> None:
    verdict = judged(write_log(tmp_path, made_up(49, 1)), count=49)
    assert (verdict.status, len(verdict.compared)) == ("steady", 4)
    assert verdict.notes == ("saliency and features were not compared: that takes 50 images, and the window has 49",)


def test_darker_images_are_drift_of_brightness_alone(tmp_path: Path) -> None:
    verdict = judged(write_log(tmp_path, made_up(100, 1, brightness=0.4)))
    assert (verdict.status, verdict.moved) == ("drifted", ["brightness"])


def test_challengers_and_repeated_files_are_no_images_of_their_own(tmp_path: Path) -> None:
    write_log(tmp_path, made_up(60, 1))
    write_log(tmp_path, made_up(60, 1, role="challenger"))
    write_log(tmp_path, [row | {"at": f"2026-01-03{row['at'][10:]}"} for row in made_up(30, 1)])
    window = last_images(tmp_path, 100)
    assert (len(window), window.repeated) == (60, 30)
    assert judge(window, None, 100, RATE).status == "waiting"


@pytest.mark.parametrize(("of_other", "kinds", "said"), [(40, 13, "over these alone"), (70, 4, "were not compared")])
def test_what_another_version_made_of_the_images_is_not_compared(tmp_path: Path, of_other: int, kinds: int, said: str) -> None:
    write_log(tmp_path, made_up(100 - of_other, 1))
    # Another network: other maps, and features of another length.
    write_log(tmp_path, made_up(of_other, 2, saliency_mean=0.9, features=b"\0" * 64, **OTHER))
    verdict = judged(tmp_path)
    assert (verdict.status, len(verdict.compared)) == ("steady", kinds)
    assert said in verdict.notes[0]
    assert f"{100 - of_other} of 100" in verdict.notes[0]


def test_images_without_features_are_compared_by_the_rest(tmp_path: Path) -> None:
    verdict = judged(write_log(tmp_path, made_up(100, 1, features=None)))
    assert (verdict.status, len(verdict.compared)) == ("steady", 8)
    assert "features were not compared" in verdict.notes[0]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working copy with a remembered reference of the shipped weights, and no registry."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    digest, weights = make_working_copy(tmp_path, {"a": steel(64, 64)}), sha256_of(shipped_model())
    remember(tmp_path / ".tsernet/monitor", Reference(reference(weights_sha256=weights).figures, digest, weights, 200))
    return tmp_path


def command(*arguments: str) -> Result:
    return CliRunner().invoke(build_app(), ["monitor", "--model", "shipped", "--rate", str(RATE), *arguments])


def logged(repository: Path, seed: int, **same: Any) -> None:
    weights = {"weights_sha256": sha256_of(shipped_model()), "model": "shipped"}
    write_log(repository / ".tsernet/inspections", made_up(100, seed, **weights, **same))


def test_the_command_says_what_moved_and_ends_with_4(repository: Path) -> None:
    logged(repository, 1, brightness=0.4)
    done = command("--out", "page.html")
    assert done.exit_code == DRIFTED == 4
    assert re.search(r"drifted: 1 of 13.*\n  brightness +median 0\.4\d+ → 0\.3\d+; distance", done.stdout)
    page = (repository / "page.html").read_text(encoding="utf-8")
    assert "Drifted: Brightness" in page
    # Nothing is loaded from anywhere.
    assert not re.findall(r"(?:src|href)=\"(?!data:)|@import|url\(", page)
    refused = command("--out", "page.html")
    assert (refused.exit_code, type(refused.exception)) == (1, UserError)
    assert command("--exit-zero").exit_code == 0


def test_only_new_images_are_compared_again(repository: Path) -> None:
    def status() -> str:
        done = command("--new-only", "--json")
        found: Mapping[str, Any] = json.loads(done.stdout)
        assert done.exit_code == (DRIFTED if found["moved"] else 0)
        return f"{found['status']} {found['images']}"

    assert status() == "waiting 0"
    logged(repository, 1)
    assert [status(), status()] == ["steady 100", "waiting 0"]
    logged(repository, 2, brightness=0.4)
    assert [status(), status()] == ["drifted 100", "waiting 0"]
    assert command().exit_code == DRIFTED  # without the option the last images count each time
    assert len(list((repository / ".tsernet/monitor/reports").glob("*.html"))) >= 2


def test_a_moment_is_compared_as_the_log_spells_it(repository: Path) -> None:
    assert parse_moment("2026-11-29T01:10:00+01:00") == "2026-11-29T00:10:00.000+00:00"
    assert parse_moment("2026-11-29") == "2026-11-29T00:00:00.000+00:00"
    assert parse_moment("") == ""
    # As text it is behind every moment of the log: nothing would ever be compared, and nothing said.
    with pytest.raises(UserError, match="'yesterday': expected a moment or a day"):
        parse_moment("yesterday")
    assert isinstance(command("--since", "yesterday").exception, UserError)


def test_a_window_whose_answer_did_not_get_out_is_compared_again(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logged(repository, 2, brightness=0.4)
    with monkeypatch.context() as patch:
        patch.setattr("pipelines.monitoring.monitor.write_page", Mock(side_effect=OSError("killed")))
        assert "killed" in str(command("--new-only").exception)
    (mark := repository / ".tsernet/monitor").mkdir(exist_ok=True)
    assert seen_until(mark) == ""
    found = json.loads(command("--new-only", "--json").stdout)
    assert (found["status"], found["last"]) == ("drifted", seen_until(mark))


def test_the_flow_counts_a_window_as_seen_after_its_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flow = import_module("pipelines.flows.monitor")
    found = {"status": "drifted", "sentence": "…", "last": "2026-01-01T00:00:00.000+00:00"}
    monkeypatch.setattr(flow, "flow_workspace", lambda: nullcontext((tmp_path, "run")))
    monkeypatch.setattr(flow, "compare_window", lambda *_: found)
    monkeypatch.setattr(flow, "show", Mock(side_effect=OSError("the server is away")))
    with pytest.raises(OSError, match="away"):
        flow.monitor.fn()
    assert seen_until(tmp_path / ".tsernet/monitor") == ""
    monkeypatch.setattr(flow, "show", Mock())
    assert flow.monitor.fn().name == "Drifted"
    assert seen_until(tmp_path / ".tsernet/monitor") == found["last"]


def test_training_images_that_are_not_here_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    logged(tmp_path, 1)
    done = command()
    assert isinstance(done.exception, UserError)
    assert "'dvc repro validate' makes it" in str(done.exception)


def test_the_reference_is_what_serving_writes_down_and_is_made_once(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    images: dict[str, NDArray[np.uint8]] = {f"t{index}": np.roll(steel(64, 128), int(rng.integers(64)), 1) for index in range(3)}
    make_working_copy(tmp_path, images)
    log = write_log(tmp_path / "log", inspected(images.items(), load("shipped", Usage())))
    said: list[str] = []
    wanted = Look("shipped", log, tmp_path / "state", tmp_path)
    made, again = (reference_of(wanted, said.append) for _ in range(2))
    assert len(said) == 1
    for one in (made, again):
        served = figures_of(list(read_log(log)))
        assert served.features.shape == one.figures.features.shape == (3, 64)
        np.testing.assert_allclose(served.features, one.figures.features, rtol=1e-5)
        for key, values in served.columns.items():
            np.testing.assert_array_equal(values, one.figures.columns[key], err_msg=key)


def test_a_look_without_a_log_says_who_writes_one(tmp_path: Path) -> None:
    said: list[str] = []
    assert look(Look("shipped", tmp_path / "none", tmp_path, tmp_path), said.append).status == "waiting"
    assert "tsernet serve" in said[0]


@pytest.mark.parametrize(
    ("arguments", "said"), [(("--log", "nosuch"), "--log nosuch: no such folder"), (("--model", "nosuch"), "model 'nosuch': no such file")]
)
def test_a_slip_of_the_pen_does_not_wait_for_images(repository: Path, arguments: tuple[str, str], said: str) -> None:
    """With fewer images than a window has nothing is compared, and neither would be looked for."""
    with pytest.raises(UserError, match=said):
        CliRunner().invoke(build_app(), ["monitor", *arguments], catch_exceptions=False)


def test_what_a_power_cut_left_of_a_reference_is_made_again(tmp_path: Path) -> None:
    remember(tmp_path, reference())
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 30):
        file.write_bytes(whole[:length])
        assert remembered(tmp_path, "split", "1" * 64) is None
    file.write_bytes(whole[:200] + bytes(len(whole) - 400) + whole[-200:])
    assert remembered(tmp_path, "split", "1" * 64) is None


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '"x"'])
def test_a_damaged_mark_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "until.json").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"until\.json: is damaged"):
        seen_until(tmp_path)

"""The local record of a run: in order, whole, and never said twice."""

from __future__ import annotations

from pathlib import Path

from pipelines.tracking.outbox.spool import Spool, last_steps


def _metric(step: int) -> dict[str, object]:
    return {"kind": "metrics", "step": step, "time": step, "values": {"train/loss": 1.0}}


def test_what_was_sent_is_not_waiting_any_more(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "run")
    for step in range(3):
        spool.append(_metric(step))
    first = next(iter(spool.waiting()))
    spool.mark_sent(first.end)
    assert [placed.record["step"] for placed in spool.waiting()] == [1, 2]
    assert [record["step"] for record in Spool(tmp_path / "run").everything()] == [0, 1, 2]


def test_a_half_written_line_of_a_killed_process_is_dropped(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "run")
    spool.append(_metric(0))
    with (tmp_path / "run" / "records.jsonl").open("a") as file:
        file.write('{"kind": "metr')
    again = Spool(tmp_path / "run")
    again.append(_metric(1))
    assert [record["step"] for record in again.everything()] == [0, 1]


def test_the_last_step_of_each_metric_is_known_sent_or_not(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "run")
    spool.append(_metric(4))
    spool.mark_sent(next(iter(spool.waiting())).end)
    spool.append(_metric(7))
    assert last_steps(spool) == {"train/loss": 7}


def test_an_artifact_is_kept_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text("old")
    spool = Spool(tmp_path / "run")
    kept = spool.keep_file(path)
    path.write_text("new")
    assert (spool.folder / kept).read_text() == "old"
    assert Path(kept).name == "history.csv"

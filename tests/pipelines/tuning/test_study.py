"""A study: its name, who runs which trial, pruning; with trainings that are made up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from optuna.trial import TrialState

from pipelines.tuning import study as module
from pipelines.tuning.space import Range
from pipelines.tuning.study import Search, open_study, run_search
from pipelines.tuning.training import Job, PrunedError, Scores
from tsernet.config import Params
from tsernet.errors import CheckError

SPACE = {"train.optimiser.lr": Range(low=0.001, high=0.1, log=True)}


@pytest.fixture
def search(tmp_path: Path, make_params: Callable[..., Params]) -> Search:
    return Search(tmp_path, make_params(), "", SPACE, "max_f_measure", [1, 2], 4, "digest")  # type: ignore[arg-type]


class Trainings:
    """Scores that fall with the rate; asks at each validation whether to go on."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.before: Callable[[Job], None] = lambda job: None

    def __call__(self, job: Job, is_hopeless: Callable[[Scores], bool]) -> tuple[Scores, str]:
        self.jobs.append(job)
        self.before(job)
        scores: Scores = []
        for number in range(1, 5):
            scores.append((number, number / 4 - job.changes["train.optimiser.lr"]))
            if is_hopeless(list(scores)):
                raise PrunedError
        return scores, job.name


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> Trainings:
    made = Trainings()
    monkeypatch.setattr(module, "run_training", made)
    return made


def test_trials_run_on_each_fold_and_the_worse_are_cut_short(search: Search, trainings: Trainings) -> None:
    study = open_study(search)
    run_search(search, study, 14)
    states = [trial.state for trial in study.trials]
    assert len(states) == 14
    assert states[:4] == [TrialState.COMPLETE] * 4
    assert TrialState.PRUNED in states[4:]
    best = study.best_trial
    assert best.value == pytest.approx(1 - best.params["train.optimiser.lr"])
    assert [job.changes["split.fold"] for job in trainings.jobs[:4]] == [1, 2, 1, 2]
    assert trainings.jobs[0].changes["train.validate_every"] == search.params.train.iterations // 4
    assert best.user_attrs["experiment 2"].endswith(f"-{best.number}-fold-2")
    run_search(search, study, 14)
    assert len(study.trials) == 14


def test_a_trial_that_a_killed_process_has_left_is_gone_on_with_where_it_stood(search: Search, trainings: Trainings) -> None:
    class Killed(BaseException):
        pass

    def kill(job: Job) -> None:
        if job.changes["split.fold"] == 2:
            raise Killed

    trainings.before = kill
    with pytest.raises(Killed):
        run_search(search, open_study(search), 1)
    trainings.before = lambda job: None
    study = open_study(search)
    assert [trial.state for trial in study.trials] == [TrialState.RUNNING]
    run_search(search, study, 1)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE]
    assert [job.changes["split.fold"] for job in trainings.jobs] == [1, 2, 2]
    assert trainings.jobs[1].changes == trainings.jobs[2].changes
    assert trainings.jobs[1].checkpoints == trainings.jobs[2].checkpoints


def test_two_at_once_share_the_trials(search: Search, trainings: Trainings) -> None:
    together = threading.Barrier(2, timeout=60)
    first: dict[int, bool] = {}

    def wait(job: Job) -> None:
        if not first.setdefault(threading.get_ident(), False):
            first[threading.get_ident()] = True
            together.wait()

    trainings.before = wait
    both = [threading.Thread(target=run_search, args=(search, open_study(search), 6)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(60)
    study = open_study(search)
    assert len(first) == 2
    assert [trial.number for trial in study.trials] == list(range(6))
    assert all(trial.state.is_finished() for trial in study.trials)
    assert len({job.name for job in trainings.jobs}) == len(trainings.jobs)


def test_trainings_that_fail_are_kept_and_end_the_search(search: Search, trainings: Trainings) -> None:
    def fail(job: Job) -> None:
        raise CheckError("the loss is not finite")

    trainings.before = fail
    with pytest.raises(CheckError, match="not finite"):
        run_search(search, open_study(search), 9)
    study = open_study(search)
    assert [trial.state for trial in study.trials] == [TrialState.FAIL] * 3
    assert study.trials[0].user_attrs["error"] == "the loss is not finite"


def test_another_space_base_dataset_or_judgement_is_another_study(search: Search, make_params: Callable[..., Params]) -> None:
    def other(**changes: Any) -> str:
        return Search(**{**vars(search), **changes}).name

    names = [
        search.name,
        other(space={"train.optimiser.lr": Range(low=0.001, high=0.2, log=True)}),
        other(params=make_params({"train.iterations": 99})),
        other(dataset="another"),
        other(folds=[1]),
        other(measure="s_measure"),
    ]
    assert len(set(names)) == len(names)
    assert other() == search.name


def test_nobody_waits_for_the_journal_of_a_killed_process(search: Search) -> None:
    open_study(search)
    lock = FileLock(search.folder / "journal.lock")
    lock.acquire()
    lock.release()
    assert len(open_study(search).trials) == 0

"""The study: trials in a journal that outlives the process, each owned by one process at a time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import optuna
from filelock import FileLock
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import Trial, TrialState

from pipelines.tuning.space import Space, suggest
from pipelines.tuning.training import Job, PrunedError, Scores, run_training
from tsernet.errors import CheckError
from tsernet.locks import try_to_take

if TYPE_CHECKING:
    from tsernet.config import Params

_FAILURES = 3
"""So many trials in a row that fail end the search."""


@dataclass(frozen=True)
class Search:
    """What is searched, and how a trial is judged.

    Attributes:
        repository: The person's.
        params: The base, and its text.
        space: What may change.
        measure: Of the validation split: a column of history.csv without its `val_`.
        folds: A trial trains once for each of these; its value is the mean.
        validations: How often each training is scored, evenly spaced; the last score counts.
        dataset: Digest of the data.
    """

    repository: Path
    params: Params
    text: str
    space: Space
    measure: str
    folds: Sequence[int]
    validations: int
    dataset: str

    @property
    def name(self) -> str:
        """The study's: another space, base, dataset or way to judge is another study."""
        parts = {
            "params": self.params.model_dump(mode="json", by_alias=True),
            "space": {key: one.model_dump(mode="json") for key, one in self.space.items()},
            "judged": [self.measure, list(self.folds), self.validations],
            "dataset": self.dataset,
        }
        return f"tune-{hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:10]}"

    @property
    def folder(self) -> Path:
        """Where the journal and the checkpoints of trials lie, which git ignores."""
        return self.repository / ".tsernet" / "tune" / self.name

    def changes(self, sampled: Mapping[str, Any], fold: int) -> dict[str, Any]:
        """All that a training's params differ in from the base."""
        every = max(sampled.get("train.iterations", self.params.train.iterations) // self.validations, 1)
        fixed = {"variants": [self.params.register_.variant], "seeds": [self.params.seeds[0]], "split.fold": fold}
        return fixed | {"train.validate_every": every, "train.checkpoint_every": every} | dict(sampled)


class _Lock(JournalFileOpenLock):
    """The system's own file lock, which ends with its holder; Optuna's would hold everybody up for half a minute after a kill."""

    def __init__(self, path: Path) -> None:
        self._lock = FileLock(path)

    def acquire(self) -> bool:
        self._lock.acquire()
        return True

    def release(self) -> None:
        self._lock.release()


def open_study(search: Search) -> optuna.Study:
    """Open the search's study, or begin it."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    search.folder.mkdir(parents=True, exist_ok=True)
    storage = JournalStorage(JournalFileBackend(str(search.folder / "journal.log"), _Lock(search.folder / "journal.lock")))
    with FileLock(search.folder / "ask.lock"):
        return optuna.create_study(
            study_name=search.name,
            storage=storage,
            direction="minimize" if search.measure == "mae" else "maximize",
            sampler=optuna.samplers.TPESampler(n_startup_trials=5),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=4),
            load_if_exists=True,
        )


def run_search(search: Search, study: optuna.Study, trials: int) -> None:
    """Run trials until the study has so many, those of other processes counted; first those that a killed process has left.

    Raises:
        CheckError: If several in a row fail.
    """
    failed = 0
    while failed < _FAILURES:
        with ExitStack() as held:
            trial = _next_trial(search, study, trials, held)
            if trial is None:
                return
            try:
                value = _run_trial(search, trial)
            except PrunedError:
                study.tell(trial, state=TrialState.PRUNED)
                print(f"trial {trial.number}: pruned", flush=True)
            except CheckError as error:
                failed += 1
                trial.set_user_attr("error", str(error))
                study.tell(trial, state=TrialState.FAIL)
                print(f"trial {trial.number}: failed: {error}", flush=True)
                if failed == _FAILURES:
                    raise
                continue
            else:
                study.tell(trial, value)
                print(f"trial {trial.number}: {search.measure} {value:.4f}", flush=True)
            failed = 0


def _next_trial(search: Search, study: optuna.Study, trials: int, held: ExitStack) -> Trial | None:
    """Take over a trial that nobody runs, else ask for a new one; `held` keeps its lock, which the system frees if this process dies."""
    with FileLock(search.folder / "ask.lock"):
        known = study.get_trials(deepcopy=False)
        for old in known:
            lock = FileLock(search.folder / f"trial-{old.number}.lock")
            if old.state == TrialState.RUNNING and try_to_take(lock, 0):
                held.callback(lock.release)
                print(f"trial {old.number}: going on", flush=True)
                return Trial(study, old._trial_id)
        if len(known) >= trials:
            return None
        trial = study.ask()
        lock = FileLock(search.folder / f"trial-{trial.number}.lock")
        lock.acquire()
        held.callback(lock.release)
        return trial


def _run_trial(search: Search, trial: Trial) -> float:
    """Train on each fold that has no value yet, and give the mean over all."""
    sampled = suggest(search.space, trial)
    values: list[float] = []
    for index, fold in enumerate(search.folds):
        done = trial.user_attrs.get(f"fold {fold}")
        if done is None:
            name = f"{search.name}-{trial.number}-fold-{fold}"
            checkpoints = search.folder / f"trial-{trial.number}-fold-{fold}"
            changes, seed = search.changes(sampled, fold), search.params.seeds[0]
            variant = search.params.register_.variant
            job = Job(search.repository, name, search.text, changes, variant, seed, search.measure, checkpoints)
            scores, experiment = run_training(job, _Judge(trial, index, values))
            done = scores[-1][1]
            trial.set_user_attr(f"fold {fold}", done)
            trial.set_user_attr(f"experiment {fold}", experiment)
        values.append(done)
    return fmean(values)


class _Judge:
    """Reports what a trial has reached, one step for each validation of each fold, and asks whether it is worth going on with."""

    def __init__(self, trial: Trial, fold: int, before: Sequence[float]) -> None:
        self._trial, self._fold, self._before = trial, fold, list(before)
        self._reported = set(trial.storage.get_trial(trial._trial_id).intermediate_values)

    def __call__(self, scores: Scores) -> bool:
        for number, (_, score) in enumerate(scores):
            step = self._fold * 1000 + number
            if step not in self._reported:
                self._trial.report(fmean([*self._before, score]), step)
                self._reported.add(step)
        return bool(scores) and self._trial.should_prune()

"""`tsernet tune`: search params by trainings on folds of the training part."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tsernet.errors import UserError
from tsernet.measures import MEASURES

if TYPE_CHECKING:
    import optuna

    from pipelines.tuning.study import Search


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("tune")(tune)


def tune(
    space: Annotated[Path, typer.Option(help="Keys of params.yaml, each with low, high and log, or choices")] = Path("tune.yaml"),
    trials: Annotated[int, typer.Option(min=1, help="The study ends with so many, earlier calls' and other processes' counted")] = 20,
    folds: Annotated[str, typer.Option(help="Of split.folds, those that each trial trains on: 1 or 1,2,3")] = "1",
    measure: Annotated[str, typer.Option(help=f"Of the fold's validation images: {', '.join(MEASURES)}")] = "max_f_measure",
    validations: Annotated[int, typer.Option(min=1, help="How often a training is scored; the last score counts")] = 5,
    table_only: Annotated[bool, typer.Option("--table", help="Only show the trials so far")] = False,
) -> None:
    """Search params.yaml's values for the best validation score.

    Each trial trains the committed code in a working tree of its own, and is a DVC experiment and an MLflow run.
    Trials that are worse than the median at a validation end there. Killed and called again it goes on, in the midst of a trial too;
    several at once share the trials. Another space, another params.yaml or other data begin another study.
    """
    from pipelines.flows.workspace.janitor import janitor
    from pipelines.flows.workspace.orphans import clean_orphans
    from pipelines.flows.workspace.worktree import find_repository
    from pipelines.tuning.study import open_study, run_search

    search = _make_search(find_repository(), space, _numbers(folds), measure, validations)
    study = open_study(search)
    print(f"{search.name}: {len(study.trials)} trials so far, {search.folder}", flush=True)
    if not table_only:
        clean_orphans(search.repository)
        with janitor(search.repository):
            run_search(search, study, trials)
    _print_table(search, study)


def _make_search(repository: Path, space: Path, folds: list[int], measure: str, validations: int) -> Search:
    from pipelines.tuning.space import read_space
    from pipelines.tuning.study import Search
    from pipelines.validation_summary import SUMMARY, read_summary
    from tsernet.config import PARAMS_FILE, load_params

    if measure not in MEASURES:
        raise UserError(f"--measure is {measure!r}, expected one of: {', '.join(MEASURES)}")
    path = repository / PARAMS_FILE
    params = load_params(path)
    if wrong := [fold for fold in folds if fold > params.split.folds]:
        raise UserError(f"--folds: {wrong[0]}, but params.yaml: split.folds is {params.split.folds}")
    dataset = read_summary(repository / SUMMARY).digests["dataset"]
    text = path.read_text(encoding="utf-8")
    return Search(repository, params, text, read_space(space, path), measure, folds, validations, dataset)


def _numbers(given: str) -> list[int]:
    words = given.split(",")
    if not all(word.isdecimal() and int(word) for word in words) or len(set(words)) != len(words):
        raise UserError(f"--folds is {given!r}, expected numbers from 1, such as 1,2,3")
    return [int(word) for word in words]


def _print_table(search: Search, study: optuna.Study) -> None:
    """Print all trials, the best first, and the line that repeats the best."""
    from optuna.trial import TrialState
    from rich.console import Console
    from rich.table import Table

    sign = 1 if search.measure == "mae" else -1
    finished = [trial for trial in study.trials if trial.state == TrialState.COMPLETE]
    ranked = sorted(finished, key=lambda trial: sign * (trial.value or 0.0)) + [one for one in study.trials if one not in finished]
    table = Table("trial", "state", search.measure, *_short(list(search.space)), "experiments", title=search.name)
    for trial in ranked:
        reached = trial.value if trial.value is not None else next(reversed(trial.intermediate_values.values()), None)
        names = [str(name) for key, name in trial.user_attrs.items() if key.startswith("experiment ")]
        cells = [str(trial.params.get(key, "")) for key in search.space]
        table.add_row(str(trial.number), trial.state.name.lower(), "" if reached is None else f"{reached:.4f}", *cells, "\n".join(names))
    Console(width=max(120, Console().width)).print(table)
    if finished:
        words = [word for key, value in ranked[0].params.items() for word in ("-S", f"{key}={_value(value)}")]
        item = f"train@{search.params.register_.variant}-{search.params.seeds[0]}"
        print("the best, on all of the training part:", shlex.join(["dvc", "exp", "run", *words, item]))


def _short(keys: list[str]) -> list[str]:
    """Leave of each key as much of its end as no other one has: six whole keys side by side are cut off where they begin alike."""
    ends = [[key.split(".", part)[-1] for part in range(key.count("."), -1, -1)] for key in keys]
    return [next(end for end in own if sum(end in other for other in ends) == 1) for own in ends]


def _value(value: object) -> str:
    """Spell a value as `-S` reads it; choices are kept as JSON."""
    return _spelt(json.loads(value) if isinstance(value, str) else value)


def _spelt(plain: object) -> str:
    if isinstance(plain, dict):
        return "{" + ", ".join(f"{key}: {_spelt(one)}" for key, one in plain.items()) + "}"
    if isinstance(plain, list):
        return f"[{', '.join(map(_spelt, plain))}]"
    return plain if isinstance(plain, str) else json.dumps(plain)

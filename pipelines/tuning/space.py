"""What a search may change: tune.yaml, for each key of params.yaml its bounds or its choices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipelines.changed_params import change_params
from tsernet.errors import UserError

if TYPE_CHECKING:
    from optuna.trial import Trial


class Range(BaseModel):
    """From `low` to `high`, both included; whole numbers where both are, evenly over the logarithm where `log` says so."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
    low: int | float
    high: int | float
    log: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> Range:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError(f"expected low below high{' and above 0' if self.log else ''}, got {self.low} and {self.high}")
        return self

    def ends(self) -> list[Any]:
        """The values that the params must take."""
        return [self.low, self.high]

    def suggest(self, trial: Trial, key: str) -> Any:
        """Ask for a value."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return trial.suggest_int(key, self.low, self.high, log=self.log)
        return trial.suggest_float(key, self.low, self.high, log=self.log)


class Choices(BaseModel):
    """One of several values, of any kind that YAML has."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    choices: list[Any] = Field(min_length=2)

    def ends(self) -> list[Any]:
        """The values that the params must take."""
        return self.choices

    def suggest(self, trial: Trial, key: str) -> Any:
        """Ask for a value; as text, since a study keeps no lists or sections."""
        return json.loads(trial.suggest_categorical(key, [json.dumps(choice) for choice in self.choices]))


Space = dict[str, Range | Choices]


def read_space(path: Path, params: Path) -> Space:
    """Read a search space and hold its bounds and choices, each by itself, against the params.

    Raises:
        UserError: If the file cannot be read or is no space, or a value is none that the params take.
    """
    try:
        tree = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); expected lines such as 'train.optimiser.lr: {{low: 0.001, high: 0.01}}'"
        ) from None
    except (UnicodeDecodeError, YAMLError) as error:
        raise UserError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(tree, dict) or not tree:
        raise UserError(f"{path}: expected keys of params.yaml, each with low and high, or choices")
    space: Space = {}
    for key, given in tree.items():
        kind: type[Range | Choices] = Choices if isinstance(given, dict) and "choices" in given else Range
        try:
            space[str(key)] = TypeAdapter(kind).validate_python(given)
        except ValidationError as error:
            found = error.errors()[0]
            where = ".".join(map(str, (key, *found["loc"])))
            raise UserError(f"{path}: {where}: {found['msg'].removeprefix('Value error, ').lower()}, got {given}") from None
        for value in space[str(key)].ends():
            change_params(params, {str(key): value})
    return space


def suggest(space: Space, trial: Trial) -> dict[str, Any]:
    """Ask for a value of each key."""
    return {key: one.suggest(trial, key) for key, one in space.items()}

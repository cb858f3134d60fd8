"""What `validate` found, as later stages read it; apart from `pipelines.validation`, whose Great Expectations takes seconds to import."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from tsernet.data import SPLITS
from tsernet.errors import UserError

SUMMARY = Path("results/validation/summary.json")


class Summary(BaseModel):
    """What later stages need of summary.json; `pipelines.validation.summary` writes it.

    Attributes:
        passed: Whether no expectation of severity error is broken.
        errors: How many are.
        splits: Samples in each split.
        digests: Of the `dataset` and of each split.
    """

    model_config = ConfigDict(frozen=True)

    passed: bool
    errors: int
    splits: dict[str, int]
    digests: dict[str, str]

    @model_validator(mode="after")
    def _is_traceable(self) -> Summary:
        missing = {"dataset", *SPLITS, *self.splits} - self.digests.keys()
        if missing:
            raise ValueError(f"no digest of {', '.join(sorted(missing))}")
        return self


def read_summary(path: Path = SUMMARY) -> Summary:
    """Read summary.json.

    Raises:
        UserError: If it is not there or not what validate writes; one line that names it.
    """
    try:
        return Summary.model_validate_json(path.read_bytes())
    except OSError as error:
        reason = str(error.strerror)
    except ValidationError as error:
        reason = "; ".join(": ".join([*map(str, found["loc"]), found["msg"]]) for found in error.errors())
    raise UserError(f"{path}: expected what validate writes, cannot be read: {reason}; 'dvc repro validate' writes it")

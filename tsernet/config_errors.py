"""A pydantic error as one line that names the key, what it holds and what is allowed."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel, ValidationError

_EXPECTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "finite_number": "a finite number",
}


def explain(error: ValidationError, model: type[BaseModel], source: str) -> str:
    """Put the first problem of a validation error, and the number of further ones, into one line."""
    problems = error.errors(include_url=False, include_context=True)
    # A misspelt key is both unknown and missing under its right name: the first says more.
    first = next((problem for problem in problems if problem["type"] == "extra_forbidden"), problems[0])
    key = ".".join(str(part) for part in first["loc"])
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    where = f"{source}: {key}" if key else source
    return f"{where}: {_sentence(first, model)}{more}"


def _sentence(problem: Any, model: type[BaseModel]) -> str:
    kind, given = problem["type"], problem["input"]
    if kind == "extra_forbidden":
        return f"unknown key; allowed here: {', '.join(_allowed_keys(model, problem['loc'][:-1]))}"
    if kind == "missing":
        return "missing"
    if kind == "value_error":
        return str(problem["ctx"]["error"])
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, got {given!r}"
    return f"{_lower_first(problem['msg'])}, got {given!r}"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _allowed_keys(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Walk from the model to the section at `path` and list its keys as written in the file."""
    for part in path:
        for name, field in model.model_fields.items():
            if part in (name, field.alias):
                model = _section_of(field.annotation)
    return sorted(field.alias or name for name, field in model.model_fields.items())


def _section_of(annotation: Any) -> type[BaseModel]:
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    raise TypeError(f"no section in {annotation!r}")

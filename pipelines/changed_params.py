"""Params of a file with some keys set to other values, as `dvc exp run -S` sets them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from tsernet.config import Params, load_params, parse_params
from tsernet.errors import UserError


def read_changes(pairs: Iterable[str]) -> dict[str, Any]:
    """Read KEY=VALUE pairs; a value is YAML, as in params.yaml.

    Raises:
        UserError: If one is not such a pair.
    """
    changes = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not key or not sign:
            raise UserError(f"{pair!r}: expected KEY=VALUE, such as train.iterations=100")
        try:
            changes[key] = YAML(typ="safe", pure=True).load(value)
        except YAMLError as error:
            raise UserError(f"{pair!r}: the value is not YAML: {' '.join(str(error).split())}") from None
    return changes


def change_params(path: Path, changes: Mapping[str, Any]) -> Params:
    """Read params from a file and set keys, whose parts are joined by dots.

    Raises:
        UserError: If the file or the result is not valid; the line names the key.
    """
    load_params(path)  # says what is wrong with the file itself
    tree = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    for key, value in changes.items():
        *sections, last = key.split(".")
        place = tree
        for section in sections:
            if not isinstance(place, dict) or section not in place:
                raise UserError(f"{key}: {path} has no section {section!r}")
            place = place[section]
        if not isinstance(place, dict):
            raise UserError(f"{key}: {path} has a value where the section {'.'.join(sections)} was expected")
        place[last] = value
    return parse_params(tree, f"{path} with {', '.join(f'{key}={value}' for key, value in changes.items()) or 'no change'}")

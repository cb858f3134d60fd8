"""From a name to a network, whoever's it is."""

from __future__ import annotations

import hashlib
import importlib
import inspect
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path

import torch

from tsernet.errors import UserError
from tsernet.methods.interface import Method, SaliencyNetwork
from tsernet.methods.names import GROUP, METHODS, TSERNET, added_methods, require_name

_TSERNET_SOURCE = "Han, Li, Liu, TIM 2022"


def method_of(name: str) -> Method:
    """Find a method by a name of `network_names`; TSERNet's variants are methods like any other.

    Raises:
        ValueError: If there is none of that name.
        UserError: If another package's cannot be had.
    """
    require_name(name)
    if name in TSERNET:
        from tsernet.models.network import TSERNet

        return Method(partial(TSERNet, name), _TSERNET_SOURCE)
    if name in METHODS:
        method = importlib.import_module(f"tsernet.methods.{name}").METHOD
        assert isinstance(method, Method)
        return method
    return _load(added_methods()[name])


def build_network(name: str, width: float = 1.0) -> SaliencyNetwork:
    """Build a network with fresh weights.

    Args:
        name: One of `network_names`.
        width: Multiplier of every channel count, above 0.
    Raises:
        ValueError: If the name is unknown or the width not positive.
        UserError: If another package's method cannot be had.
    """
    network = method_of(name).build(width)
    network.variant = name
    return network


def outline_network(name: str, width: float = 1.0) -> SaliencyNetwork:
    """Build a network's outline: names and shapes on the meta device, no memory and no time spent on fresh weights.

    Raises:
        ValueError: If the name is unknown or the width not positive.
        UserError: If another package's method cannot be had.
    """
    with torch.device("meta"):
        return build_network(name, width)


def added_code(name: str) -> str | None:
    """Digest of the code of a method of another package, None of what is here: that is digested with all else.

    Of a package all its Python files count, of a module that file.
    """
    if name in TSERNET or name in METHODS:
        return None
    module = importlib.import_module(added_methods()[name].module)
    path = Path(inspect.getfile(module))
    files = sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else [path]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.relative_to(path.parent).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _load(point: EntryPoint) -> Method:
    try:
        method = point.load()
    except (ImportError, AttributeError) as error:
        raise UserError(f"the method {point.name!r}: {point.value} cannot be imported ({error}); see the package that adds it") from error
    if not isinstance(method, Method):
        raise UserError(f"the method {point.name!r}: {point.value} of {GROUP} must be a tsernet Method, got {type(method).__name__}")
    return method

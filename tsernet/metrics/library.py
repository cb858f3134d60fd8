"""The parts of PySODMetrics that are used here, without the rest of it.

Its package imports scikit-learn for a measure of camouflage: three quarters of the seconds that `tsernet score` would take to start. So
its modules are imported under a package of another name, which does not run its `__init__`; the real one stays there for who wants it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

_ALIAS = "tsernet.metrics.py_sod_metrics"


def _module(name: str) -> Any:  # the library has no types
    if _ALIAS not in sys.modules:
        found = find_spec("py_sod_metrics")
        if found is None or found.submodule_search_locations is None:
            raise ModuleNotFoundError("No module named 'py_sod_metrics'", name="py_sod_metrics")
        package = ModuleType(_ALIAS)
        package.__path__ = found.submodule_search_locations
        sys.modules[_ALIAS] = package
    return import_module(f"{_ALIAS}.{name}")


sod = _module("sod_metrics")
fmeasure = _module("fmeasurev2")
prepare_data = _module("utils").prepare_data

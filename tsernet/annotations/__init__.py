"""Annotations of other tools as masks: one module a format, one rule of rasterising each."""

from __future__ import annotations

from tsernet.annotations.dataset import FORMATS, ImportOptions, ImportReport, import_dataset

__all__ = ["FORMATS", "ImportOptions", "ImportReport", "import_dataset"]

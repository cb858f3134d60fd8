"""Inspection: for each image a verdict and its defects, as tables and as overlays to look at."""

from tsernet.inspection.frames import StackedRows
from tsernet.inspection.numbers import first_gap
from tsernet.inspection.overlay import draw_overlay
from tsernet.inspection.resume import Kept, inspect_rows
from tsernet.inspection.statistics import ImageStatistics, SaliencyStatistics, image_statistics, saliency_statistics
from tsernet.inspection.tables import Inspected, write_tables

__all__ = [
    "ImageStatistics",
    "Inspected",
    "Kept",
    "SaliencyStatistics",
    "StackedRows",
    "draw_overlay",
    "first_gap",
    "image_statistics",
    "inspect_rows",
    "saliency_statistics",
    "write_tables",
]

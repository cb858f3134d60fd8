"""Inspection: for each image a verdict and its defects, as tables and as overlays to look at."""

from tsernet.inspection.frames import StackedRows
from tsernet.inspection.overlay import draw_overlay
from tsernet.inspection.resume import Kept, inspect_rows
from tsernet.inspection.tables import Inspected, write_tables

__all__ = ["Inspected", "Kept", "StackedRows", "draw_overlay", "inspect_rows", "write_tables"]

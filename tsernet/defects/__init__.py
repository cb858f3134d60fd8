"""From saliency to a list of defects: connected groups of marked pixels, measured."""

from tsernet.defects.measure import Defect, measure
from tsernet.defects.runs import Runs, runs_of_rows
from tsernet.defects.verdict import Found, find_defects, large_enough

__all__ = ["Defect", "Found", "Runs", "find_defects", "large_enough", "measure", "runs_of_rows"]

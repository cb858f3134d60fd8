"""Drift: whether a window of inspected images is still of the kind that the model was made from, and which figures have moved."""

from tsernet.drift.columns import COLUMNS, IMAGE, MODEL, Column, keys_of
from tsernet.drift.compare import Compared, compare
from tsernet.drift.projection import Projection, fit_projection

__all__ = ["COLUMNS", "IMAGE", "MODEL", "Column", "Compared", "Projection", "compare", "fit_projection", "keys_of"]

"""Images of any size at the training's scale: read in rows, put through the network in overlapping tiles, blended."""

from tsernet.tiles.grid import TileGrid
from tsernet.tiles.predictor import StripPredictor
from tsernet.tiles.rows import ArrayRows, RowSource, open_rows

__all__ = ["ArrayRows", "RowSource", "StripPredictor", "TileGrid", "open_rows"]

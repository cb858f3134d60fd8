"""PR curves, comparison sheets, overlays."""

from __future__ import annotations

from tsernet.figures.plots import Line, pr_plot, reliability_plot, threshold_plot
from tsernet.figures.sheets import Sheet, comparison_sheet, overlay, strip

__all__ = ["Line", "Sheet", "comparison_sheet", "overlay", "pr_plot", "reliability_plot", "strip", "threshold_plot"]

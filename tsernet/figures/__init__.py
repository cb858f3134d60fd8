"""PR curves, comparison sheets, overlays."""

from __future__ import annotations

from tsernet.figures.plots import Line, froc_plot, pr_plot, reliability_plot, threshold_plot
from tsernet.figures.sheets import Sheet, comparison_sheet, overlay, strip

__all__ = ["Line", "Sheet", "comparison_sheet", "froc_plot", "overlay", "pr_plot", "reliability_plot", "strip", "threshold_plot"]

"""The report: the paper's tables and figures for our own models, beside the paper's."""

from __future__ import annotations

from tsernet.report.build import ReportInputs, build_report
from tsernet.report.equal_budget import Cost
from tsernet.report.page import Share

__all__ = ["Cost", "ReportInputs", "Share", "build_report"]

"""Scores of saliency maps against masks, equal to PySODMetrics'."""

from __future__ import annotations

from tsernet.metrics.export import write_csv, write_curves, write_per_image
from tsernet.metrics.files import read_grey, read_pair
from tsernet.metrics.folder import score_folder
from tsernet.metrics.measures import BETA_SQUARED, MEASURES, THRESHOLDS, Measure, mask_digest
from tsernet.metrics.scores import Curves, ImageScore, Scores, collect, digest_of_masks, score_pairs
from tsernet.names import read_names

__all__ = [
    "BETA_SQUARED",
    "MEASURES",
    "THRESHOLDS",
    "Curves",
    "ImageScore",
    "Measure",
    "Scores",
    "collect",
    "digest_of_masks",
    "mask_digest",
    "read_grey",
    "read_names",
    "read_pair",
    "score_folder",
    "score_pairs",
    "write_csv",
    "write_curves",
    "write_per_image",
]

"""Whether two variants differ by more than the choice of test images would explain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tsernet.metrics.measures import Floats
from tsernet.report.evaluations import Evaluation

_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Difference:
    """A variant's figure less `full`'s, its 95 % interval, and the two-sided p of no difference."""

    value: float
    low: float
    high: float
    p: float


def paired_bootstrap(variant: Sequence[Evaluation], full: Sequence[Evaluation], measure: str, resamples: int, seed: int = 0) -> Difference:
    """Compare a variant with `full` over resampled test images.

    The same images are drawn for both, so that hard images do not count as noise. max F and max E are peaks of the mean curve and
    their threshold is sought anew in every resample, as it would be on another test set. Several seeds are averaged.

    Args:
        variant: The variant's evaluations, one a seed, all over the same images.
        full: The same of `full`.
        measure: A key of metrics.json.
        resamples: How often to draw.
        seed: Of the draws.
    Raises:
        ValueError: If the images are not the same.
    """
    names = full[0].names
    for evaluation in (*variant, *full):
        if evaluation.names != names:
            raise ValueError(f"{evaluation.folder}: expected the images of {full[0].folder}, got others")
    ours, theirs = _per_image(variant, measure), _per_image(full, measure)
    generator = np.random.default_rng(seed)
    whole = np.full((1, len(names)), 1 / len(names))
    value = float((_figure(whole, ours) - _figure(whole, theirs))[0])
    draws = _draws(generator, len(names), resamples)
    differences = np.concatenate([_figure(weights, ours) - _figure(weights, theirs) for weights in draws])
    low, high = np.quantile(differences, (0.025, 0.975))
    # One is added to the count: a finite number of draws never proves a chance of nothing.
    rarer = min(np.count_nonzero(differences <= 0), np.count_nonzero(differences >= 0))
    return Difference(value, float(low), float(high), min(1.0, 2 * (rarer + 1) / (resamples + 1)))


def _per_image(evaluations: Sequence[Evaluation], measure: str) -> list[Floats]:
    if measure == "max_f_measure":
        return [evaluation.resampling.f_curves.astype(np.float64) for evaluation in evaluations]
    if measure == "max_e_measure":
        return [evaluation.resampling.e_curves.astype(np.float64) for evaluation in evaluations]
    return [evaluation.images[measure][:, None] for evaluation in evaluations]


def _figure(weights: Floats, per_seed: Sequence[Floats]) -> Floats:
    # Each seed is a model of its own with a threshold of its own; the mean comes last.
    peaks: Floats = np.mean([(weights @ per_image).max(axis=1) for per_image in per_seed], axis=0)
    return peaks


def _draws(generator: np.random.Generator, count: int, resamples: int) -> Iterator[Floats]:
    chunks = [_CHUNK] * (resamples // _CHUNK) + ([resamples % _CHUNK] if resamples % _CHUNK else [])
    return (generator.multinomial(count, np.full(count, 1 / count), size=size) / count for size in chunks)

"""Platt scaling of a network's logits, pixel by pixel."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tsernet.protocol import Calibration

_PIXELS = 2_000_000
_EVERY = 40
_SEED = 20_220_801


def fit_calibration(pairs: Iterable[tuple[NDArray[np.float32], NDArray[np.uint8]]]) -> Calibration:
    """Fit the scale and the offset that make a saliency of 0.8 mean a defect in eight of ten pixels.

    Args:
        pairs: Logits (H, W) and the mask (H, W), anything but 0 is defect, of every validation image. Of all pixels together two million
            are taken at random, by a fixed seed.
    Returns:
        The identity where the pixels are all of one kind: there is nothing to fit.
    Source: Platt 1999; scikit-learn's logistic regression without a penalty.
    """
    from sklearn.linear_model import LogisticRegression

    logits, marks = [], []
    for logit, mask in pairs:
        logits.append(logit.ravel())
        marks.append((mask > 0).ravel())
    everything, defect = np.concatenate(logits).astype(np.float64), np.concatenate(marks)
    if everything.size > _PIXELS:
        chosen = np.random.default_rng(_SEED).choice(everything.size, _PIXELS, replace=False)
        everything, defect = everything[chosen], defect[chosen]
    if defect.all() or not defect.any():
        return Calibration()
    # A few pixels far out, surely wrong, would else decide the slope of all.
    inputs = everything.clip(-20.0, 20.0)[:, None]
    fitted = LogisticRegression(C=np.inf, max_iter=1000, solver="newton-cholesky", warm_start=True)
    few = slice(None, None, _EVERY)
    if defect[few].any() and not defect[few].all():
        fitted.fit(inputs[few], defect[few])  # from there all pixels need one or two of Newton's steps instead of six
    fitted.fit(inputs, defect)
    scale, offset = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    return Calibration(scale, offset) if scale > 0 else Calibration()

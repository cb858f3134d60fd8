"""Which images are worth a person's time: signals of each, and a choice that does not take one thing fifty times."""

from __future__ import annotations

from tsernet.review.choose import Chosen, choose, descriptor
from tsernet.review.drift import Reference, drift, reference_of
from tsernet.review.signals import SIGNALS, Signals, disagreement, uncertainty

__all__ = ["SIGNALS", "Chosen", "Reference", "Signals", "choose", "descriptor", "disagreement", "drift", "reference_of", "uncertainty"]

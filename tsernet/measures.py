"""Names of the measures by which a model is chosen and judged: what `register.measure` may be, and columns of every table of scores."""

from __future__ import annotations

from typing import Literal, get_args

Measure = Literal["s_measure", "mae", "max_e_measure", "max_f_measure", "weighted_f_measure"]
MEASURES: tuple[str, ...] = get_args(Measure)

#!/usr/bin/env bash
# manufacturing's run rule for mixtures can never fire, and its "2 out of 3 in zone A" wants all three
#
# Seen: 2026-11-29 with manufacturing 1.6.0, numpy 2.3.4, scipy 1.17.1, pandas 3.1.1, matplotlib 3.11.2.
# Expected: by their documentation control_zone_mixture gives eight consecutive points with none in zone C, control_zone_a two of three points in zone A or beyond
# Happens: the first asks for points that are above the upper and below the lower border of zone C at once, so that it is empty for every series. The
#   second fires for three points of three only: two of three points beyond 2.5 deviations, again and again, give nothing. Rule b, four
#   of five in zone B, does what it says
# Hurt: who watches a line's brightness or defect share by these rules: two lamps or two gauges that alternate, and a level on its way out, are both "in control"
# Here: no control charts; drift is the distance from the median in robust deviations.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check manufacturing==1.6.0 numpy==2.3.4 scipy==1.17.1 pandas==3.1.1 matplotlib==3.11.2
cd "$folder"
MPLBACKEND=Agg MPLCONFIGDIR="$folder" "$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import numpy as np
from manufacturing import analysis

limits = {"upper_control_limit": 3.0, "lower_control_limit": -3.0}
noise = np.random.default_rng(0).normal(0, 0.05, 60)
series = {
    "alternating between -2 and 2": np.tile([-2.0, 2.0], 30) + noise,
    "two of three points at 2.5": np.tile([2.5, 2.5, 0.0], 20) + noise,
    "three of three points at 2.5": 2.5 + noise,
    "four of five points at 1.5": np.tile([1.5, 1.5, 1.5, 1.5, 0.0], 12) + noise,
}
seen = {}
for name, values in series.items():
    for rule in ("mixture", "a", "b"):
        seen[name, rule] = len(getattr(analysis, f"control_zone_{rule}")(values.copy(), **limits))
    print(f"{name}:", ", ".join(f"rule {rule} marks {seen[name, rule]} of 60" for rule in ("mixture", "a", "b")))
never = all(count == 0 for (_, rule), count in seen.items() if rule == "mixture")
all_three = [seen[name, "a"] > 0 for name in series] == [False, False, True, False]
sys.exit(not (never and all_three and seen["four of five points at 1.5", "b"] > 50))
PYTHON

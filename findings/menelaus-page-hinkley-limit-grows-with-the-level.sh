#!/usr/bin/env bash
# menelaus' Page-Hinkley test has its threshold multiplied by the mean: around 2000 no step is seen, around 0 the noise alone alarms
#
# Seen: 2026-11-30 with menelaus 0.2.0, numpy 1.26.4, pandas 2.2.3.
# Expected: the same alarms wherever zero lies, since the test is of differences from the mean; threshold is documented as the test's lambda
# Happens: the sum of differences is compared with threshold times the running mean. A step of 20 levels, with noise of one, is found at once at a
#   level of 1, late at 100, and never in 300 values at 2000; around 0 and below, the limit is near zero or negative, and each time that
#   the burn-in is over there is an alarm, whether anything changed or not
# Hurt: who watches mean grey levels of 12-bit frames (silent for good), or differences from a reference, which lie around 0 (an alarm every
#   hour), with a threshold that was tuned on something else
# Here: drift is the distance from the median in robust deviations.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check --no-deps menelaus==0.2.0 numpy==1.26.4 pandas==2.2.3 scipy==1.14.1 scikit-learn==1.5.2 joblib==1.4.2 threadpoolctl==3.5.0 python-dateutil==2.9.0.post0 pytz==2024.2 tzdata==2024.2 six==1.16.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from menelaus.change_detection import PageHinkley


def alarms(values):
    detector = PageHinkley()
    places = []
    for place, value in enumerate(values):
        detector.update(np.array([[value]]))
        if detector.drift_state == "drift":
            places.append(place)
    return places


noise = np.random.default_rng(0).normal(0, 1, 600)
step = 20 * (np.arange(600) >= 300)
seen = {}
for level in (-100, 0, 1, 100, 2000):
    quiet, risen = alarms(level + noise), alarms(level + noise + step)
    seen[level] = len(quiet), [place for place in risen if place >= 300][:1]
    print(f"level {level}: {len(quiet)} alarms without a change; 20 levels up at 300: alarms at {risen[:5]}{' and more' if len(risen) > 5 else ''}")
false = all(seen[level][0] >= 10 for level in (-100, 0)) and all(seen[level][0] == 0 for level in (1, 100, 2000))
sys.exit(not (false and 300 <= seen[1][1][0] < 310 and seen[100][1][0] > 380 and seen[2000][1] == []))
PYTHON

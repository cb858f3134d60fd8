#!/usr/bin/env bash
# After its first alarm menelaus' CUSUM judges the oldest values of the stream again, instead of the new ones
#
# Seen: 2026-11-30 with menelaus 0.2.0, numpy 1.26.4, pandas 2.2.3.
# Expected: after an alarm the mean and the deviation are taken from the last values, as documented, and the values that follow are judged by them
# Happens: the count of values starts again at the alarm, the list of values does not: at the n-th value after the alarm the n-th value of the
#   whole stream is judged. After an alarm at 403 what comes next has no influence for 404 values: a step of 50 deviations, up or down, gives
#   no alarm in the 240 values that follow it
# Hurt: who lets it run on: a line that gave one alarm in the night is watched, for as long again, by its values of the day before
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
from menelaus.change_detection import CUSUM

random = np.random.default_rng(0)
before, settled = random.normal(100, 1, 400), random.normal(103, 1, 300)
ways = {
    "settled at the new level": settled,
    "a step of 50 deviations up after 60": settled + 50 * (np.arange(300) >= 60),
    "a step of 50 deviations down after 60": settled - 50 * (np.arange(300) >= 60),
}


def alarms(values, target):
    detector = CUSUM(target=target, sd_hat=1, delta=0.5, threshold=8)
    places = []
    for place, value in enumerate(values):
        detector.update(np.array([[value]]))
        if detector.drift_state == "drift":
            places.append(place)
    return places


good = True
for name, values in ways.items():
    seen = alarms(np.concatenate([before, settled[:60], values[60:]]), 100)
    alone = alarms(values, 103)
    print(f"level 100, from 400 on 103, {name}: alarms at {seen}; a fresh one, told the level 103: first at {alone[:1] or 'none'}")
    good &= seen == [403] and alone[:1] == ([] if values is settled else [60])
sys.exit(not good)
PYTHON

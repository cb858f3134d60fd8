#!/usr/bin/env bash
# ruptures' Pelt and BottomUp report one step of a level as two changes
#
# Seen: 2026-11-29 with ruptures 1.1.10, numpy 2.3.4, scipy 1.17.1.
# Expected: one change near the step; by the documentation "jump", whose default is 5, thins out the places where a change may lie
# Happens: where the step is not at a multiple of five, the five samples around it fit neither side, and for a high step it pays to give them a segment
#   of their own: [100, 105] for a step at 103, and so for 12 of 16 places of a step of ten deviations. With jump=1, and with KernelCPD,
#   which ignores jump, it is [103]
# Hurt: who counts changes of a line's level (a new coil, a lamp exchanged, a roll changed): the clearer the step, the surer it is counted twice, while
#   weak steps are counted once
# Here: no change points are looked for; drift is the distance from the median in robust deviations.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check ruptures==1.1.10 numpy==2.3.4 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import ruptures

methods = {
    "Pelt": lambda signal: ruptures.Pelt("l2").fit(signal).predict(pen=10),
    "BottomUp": lambda signal: ruptures.BottomUp("l2").fit(signal).predict(pen=10),
    "Pelt, jump=1": lambda signal: ruptures.Pelt("l2", jump=1).fit(signal).predict(pen=10),
    "KernelCPD": lambda signal: ruptures.KernelCPD("linear").fit(signal).predict(pen=10),
}
seen = {}
for name, method in methods.items():
    for height in (2, 10):
        found = []
        for place in range(95, 111):
            noise = np.random.default_rng(place).normal(0, 1, 200)
            found.append([int(index) for index in method(noise + height * (np.arange(200) >= place))[:-1]])
        seen[name, height] = float(np.mean([len(changes) == 2 for changes in found]))
        print(f"{name}, one step of {height} deviations: {seen[name, height]:.0%} of 16 places reported as two changes; a step at 103 as {found[8]}")
doubled = all(seen[name, 10] >= 0.7 and seen[name, 2] == 0 for name in ("Pelt", "BottomUp"))
sys.exit(not (doubled and seen["Pelt, jump=1", 10] == seen["KernelCPD", 10] == 0))
PYTHON

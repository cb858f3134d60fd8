#!/usr/bin/env bash
# panoptica takes a diagonal scratch one pixel wide for as many defects as it has pixels, and for one where the same frame is a stack of one
#
# Seen: 2026-11-30 with panoptica 2.1.7, connected-components-3d 3.29.0, numpy 2.2.6, scipy 1.16.3.
# Expected: the same instances for a frame and for a stack of that one frame; the documentation names two backends, scipy for two dimensions and
#   cc3d for three, as implementations of the same thing
# Happens: scipy joins pixels by their sides only, cc3d by their corners too. A scratch of 30 pixels across the strip is 30 instances of a frame
#   and one of a stack; marked two pixels wide, it is not found and a false alarm by the one, and a match by the other
# Hurt: who counts scratches found and missed: those along the strip are one each, those across it thirty misses each, and a model that marks
#   them a little wider, as all do, has a recognition quality of 0
# Here: defects are joined by corners too.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check panoptica==2.1.7 connected-components-3d==3.29.0 numpy==2.2.6 scipy==1.16.3
cd "$folder"
PANOPTICA_CITATION_REMINDER=false "$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from panoptica import ConnectedComponentsInstanceApproximator, InputType, NaiveThresholdMatching, Panoptica_Evaluator

evaluator = Panoptica_Evaluator(
    expected_input=InputType.SEMANTIC,
    instance_approximator=ConnectedComponentsInstanceApproximator(),
    instance_matcher=NaiveThresholdMatching(),
)
straight, diagonal = (np.zeros((60, 60), np.uint8) for _ in range(2))
straight[20, 10:40] = 1
diagonal[range(10, 40), range(10, 40)] = 1
seen = {}
for name, truth in (("straight", straight), ("diagonal", diagonal)):
    found = truth | np.roll(truth, 1, axis=0)  # the same, two pixels wide
    for shape in ((60, 60), (1, 60, 60)):
        result = evaluator.evaluate(found.reshape(shape), truth.reshape(shape), verbose=False)
        result = result["ungrouped"] if isinstance(result, dict) else result
        seen[name, len(shape)] = int(result.n_ref_instances), int(result.tp), float(result.rq)
        print(f"{name} scratch, shape {shape}: {result.n_ref_instances} instances, {result.tp} found, recognition quality {result.rq:.2f}")
one = 1, 1, 1.0
sys.exit(seen != {("straight", 2): one, ("straight", 3): one, ("diagonal", 2): (30, 0, 0.0), ("diagonal", 3): one})
PYTHON

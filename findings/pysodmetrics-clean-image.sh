#!/usr/bin/env bash
# SURPRISE: on a clean image PySODMetrics gives a perfect, empty map adaptive E 0 and F 0, a uniformly grey map a better adaptive E, and max E above 1.
# HURTS: who averages scores over a test set in which most images show no defect: the worse map wins, and a mean can exceed 1.
# VERSIONS: pysodmetrics 1.6.2, numpy 2.3.5, Python 3.11; seen 2026-11-27
# Expected: either no value for a measure that divides by the defect's pixels, or the best value for the perfect map.
# Here: tsernet/metrics/scores.py scores clean images apart, by marked area and mean absolute error.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check pysodmetrics==1.6.2 numpy==2.4.6
cat > "$work/try.py" <<'PY'
import numpy as np
import py_sod_metrics as sod

clean = np.zeros((40, 40), np.uint8)
maps = {"perfect, empty map": clean, "grey all over": np.full((40, 40), 90, np.uint8)}
seen = {}
for name, saliency in maps.items():
    e, f = sod.Emeasure(), sod.Fmeasure()
    e.step(saliency, clean)
    f.step(saliency, clean)
    em, fm = e.get_results()["em"], f.get_results()["fm"]
    seen[name] = {"max E": float(em["curve"].max()), "adaptive E": float(em["adp"]), "max F": float(fm["curve"].max())}
    print(f"{name}: {seen[name]}")
perfect, grey = seen.values()
assert perfect["max E"] > 1, "max E is at most 1 now"
assert perfect["adaptive E"] == 0 < grey["adaptive E"], "the perfect map has the better adaptive E now"
assert perfect["max F"] == 0, "F of a perfect map of a clean image is not 0 any more"
PY
"$work/venv/bin/python" -W ignore "$work/try.py"

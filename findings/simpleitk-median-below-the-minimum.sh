#!/usr/bin/env bash
# SimpleITK's median grey level of a defect can be below the darkest of its pixels
#
# Seen: 2026-11-29 with simpleitk 2.5.7, numpy 2.4.6.
# Expected: the median, as np.median gives it: the measure stands beside minimum, maximum and mean, which are exact
# Happens: both label statistics filters take the median from a histogram that spans the grey levels of the whole image, in 128 bins
#   (LabelIntensityStatistics) or 256 (LabelStatistics), and give the middle of a bin. A defect of levels 1000 to 1010 in a 12-bit frame with a dead
#   and a saturated pixel has the median 1007.8 in one and 999.8 in the other; without the two pixels it is right within half a level.
#   LabelIntensityStatistics with 4096 bins is right within half a level, too; LabelStatistics has nothing to set
# Hurt: who tells inclusions from scale by the median grey level of a defect: two wild pixels anywhere in the frame move it by
#   levels, and a weak defect differs by no more
# Here: nothing is measured with SimpleITK.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check simpleitk==2.5.7 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import SimpleITK as sitk

frame = np.random.default_rng(0).integers(1000, 1011, (100, 100)).astype(np.uint16)
defect = np.zeros((100, 100), np.uint8)
defect[20:60, 20:60] = 1
wild = frame.copy()
wild[0, :2] = 0, 4095
seen = {}
for name, image in (("quiet frame", frame), ("with a dead and a saturated pixel", wild)):
    label, grey = sitk.GetImageFromArray(defect), sitk.GetImageFromArray(image)
    intensity, fine, statistics = sitk.LabelIntensityStatisticsImageFilter(), sitk.LabelIntensityStatisticsImageFilter(), sitk.LabelStatisticsImageFilter()
    fine.SetNumberOfBins(4096)
    intensity.Execute(label, grey)
    fine.Execute(label, grey)
    statistics.Execute(grey, label)
    inside = image[defect > 0]
    seen[name] = [round(one.GetMedian(1), 2) for one in (intensity, statistics, fine)] + [float(np.median(inside))]
    print(f"{name}: LabelIntensityStatistics {seen[name][0]}, LabelStatistics {seen[name][1]}, with 4096 bins {seen[name][2]}, NumPy {seen[name][3]};"
          f" levels of the defect {statistics.GetMinimum(1):g} to {statistics.GetMaximum(1):g}")
quiet, loud = seen.values()
near = max(abs(value - quiet[3]) for value in quiet[:3]) < 0.6 and abs(loud[2] - loud[3]) < 1.1
sys.exit(not (near and loud[1] < 1000 and loud[0] > 1007))
PYTHON

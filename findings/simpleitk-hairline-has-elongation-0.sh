#!/usr/bin/env bash
# SimpleITK gives a straight scratch one pixel wide the elongation 0 and an ellipse of no size, less than a square's 1
#
# Seen: 2026-11-29 with simpleitk 2.5.7, numpy 2.3.4.
# Expected: the largest elongation of all, infinity, or a refusal; at least an ellipse as long as the line
# Happens: the smaller principal moment of a line along a row or a column is 0, and the ratio and the diameters are then set to 0 instead of
#   computed: a line of 100 pixels has elongation 0 and ellipse diameters (0, 0). With a step of one pixel in its middle it has elongation 115.5
# Hurt: rules and classifiers that know scratches by their elongation: those exactly along or across the strip, the usual direction, rank
#   below every spot, and those that are tilted by one pixel at the top
# Here: nothing is measured with SimpleITK.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check simpleitk==2.5.7 numpy==2.3.4
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import SimpleITK as sitk


def measured(mask):
    shapes = sitk.LabelShapeStatisticsImageFilter()
    shapes.Execute(sitk.GetImageFromArray(mask.astype(np.uint8)))
    return shapes.GetElongation(1), shapes.GetEquivalentEllipsoidDiameter(1)


line = np.zeros((200, 200), bool)
line[100, 50:150] = True
stepped = line.copy()
stepped[100, 100:] = False
stepped[101, 100:150] = True
wider = line | np.roll(line, 1, axis=0)
square = np.zeros_like(line)
square[50:60, 50:60] = True
seen = {}
for name, mask in (("square", square), ("line, along", line), ("line, across", line.T), ("line with a step", stepped), ("two wide", wider)):
    seen[name] = measured(mask)
    print(f"{name}: elongation {seen[name][0]:.1f}, ellipse diameters {seen[name][1][0]:.1f} and {seen[name][1][1]:.1f}")
nothing = (0.0, (0.0, 0.0))
lines = seen["line, along"] == seen["line, across"] == nothing
sys.exit(not (lines and abs(seen["square"][0] - 1) < 0.01 and seen["line with a step"][0] > 100 and seen["two wide"][0] > 50))
PYTHON

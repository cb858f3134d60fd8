#!/usr/bin/env bash
# supervision gives a defect one pixel high a box of height 0, and non-maximum suppression keeps all its duplicates
#
# Seen: 2026-11-27 with supervision 0.31.2.
# Expected: a box from first to one past the last pixel, so that area and IoU of a mask's box are positive
# Happens: mask_to_xyxy gives the last pixel itself: a 10 x 10 mask has a box of 81, a hairline one of 0, whose IoU with itself is 0
# Hurt: scratches along the strip: duplicates of them survive with_nms, and a perfect hit counts as a miss and a false alarm in box metrics
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.3.4 supervision==0.31.2
cd "$folder"
export PYTHONWARNINGS=ignore
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import supervision as sv

seen = {}
for name, rows in (("10 x 10", slice(10, 20)), ("hairline 1 x 25", slice(5, 6))):
    mask = np.zeros((1, 50, 60), bool)
    mask[0, rows, 5 : 15 if rows.stop == 20 else 30] = True
    box = sv.mask_to_xyxy(mask)
    twice = sv.Detections(xyxy=np.vstack([box, box]).astype(float), confidence=np.array([0.9, 0.8]), class_id=np.array([0, 0]))
    kept = len(twice.with_nms(0.5))
    iou = float(sv.box_iou_batch(box.astype(float), box.astype(float))[0, 0])
    seen[name] = float(twice.box_area[0]), iou, kept
    print(f"{name}: {int(mask.sum())} pixels, box area {seen[name][0]:.0f}, IoU with itself {iou:.1f}, {kept} of 2 duplicates kept")
sys.exit(seen != {"10 x 10": (81.0, 1.0, 1), "hairline 1 x 25": (0.0, 0.0, 2)})
PYTHON

#!/usr/bin/env bash
# Ultralytics' converter from COCO joins the parts of one object by a line, and its masks have that line's pixels as defect
#
# Seen: 2026-11-28 with ultralytics 8.4.190 from PyPI (installed without what it depends on but the packages named here), Python 3.11, Linux.
# Expected: an object of two polygons becomes two, or one mask with the pixels of both
# Happens: it becomes one polygon that runs from one part to the other and back; drawn by polygon2mask, as for a training, two squares of 11×11 pixels that
#   lie 60 apart have 59 pixels more: the line between them
# Hurt: a broken scratch or a row of spots, marked as one object, is trained and scored as one that is not broken
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check --no-deps ultralytics==8.4.190
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check torch==2.14.1 torchvision==0.29.1 numpy==2.3.4 opencv-python-headless==4.14.0.94 \
  pillow==12.3.0 pyyaml requests psutil polars py-cpuinfo matplotlib scipy
cd "$folder"
env -i PATH="$PATH" HOME="$folder" YOLO_CONFIG_DIR="$folder" "$folder/venv/bin/python" - <<'PYTHON'
import json
import sys
from pathlib import Path

import numpy as np
import ultralytics
from ultralytics.data.converter import convert_coco
from ultralytics.data.utils import polygon2mask

height, width = 40, 120
squares = [[left, 10, left + 10, 10, left + 10, 20, left, 20] for left in (10, 80)]
tree = {
    "categories": [{"id": 1, "name": "scratch"}],
    "images": [{"id": 1, "file_name": "a.png", "width": width, "height": height}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0, "bbox": [10, 10, 80, 10], "segmentation": squares}],
}
Path("json").mkdir()
Path("json/default.json").write_text(json.dumps(tree))
convert_coco("json", "out", use_segments=True, cls91to80=False)
(line,) = Path("out/labels/default/a.txt").read_text().splitlines()


def draw(points):
    return polygon2mask((height, width), [np.asarray(points, dtype=np.float32).ravel()]) > 0


shares = np.array(line.split()[1:], dtype=np.float32).reshape(-1, 2)
together = draw(shares * np.float32([width, height]))
apart = draw(squares[0]) | draw(squares[1])
print("ultralytics", ultralytics.__version__, "lines: 1, pixels of the parts:", int(apart.sum()), "of the object:", int(together.sum()))
sys.exit(not (apart.sum() == 242 and (together & ~apart).sum() == 59 and not (apart & ~together).any()))
PYTHON

#!/usr/bin/env bash
# Datumaro's export of boxes to MVTec AD swaps their width and height, and fills one pixel more on either axis
#
# Seen: 2026-11-28 with datumaro 1.13.12 from PyPI, Python 3.11, Linux.
# Expected: a box 18 wide and 4 high is filled as 18 columns and 4 rows of the mask
# Happens: the mask has 5 columns and 19 rows at the box's corner; the export ends well and says nothing
# Hurt: scratches along the strip become scratches across it, in the ground truth that a network is then scored against
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check datumaro==1.13.12 numpy==2.3.4 pillow==12.3.0
cd "$folder"
env -i PATH="$PATH" HOME="$folder" PYTHONWARNINGS=ignore "$folder/venv/bin/python" - <<'PYTHON'
import sys

import datumaro
import numpy as np
from datumaro.components.annotation import Bbox
from datumaro.components.media import Image
from PIL import Image as Pillow

box = Bbox(2, 3, 18, 4, label=0)
item = datumaro.DatasetItem(id="scratch/a", subset="test", media=Image.from_numpy(np.full((40, 40, 3), 90, np.uint8)), annotations=[box])
datumaro.Dataset.from_iterable([item], categories=["scratch"]).export("mvtec", "mvtec_detection", save_media=True)
rows, columns = np.nonzero(np.asarray(Pillow.open("mvtec/ground_truth/scratch/a_mask.png")))
found = (int(columns.min()), int(rows.min()), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
print("datumaro", datumaro.__version__, "box of x, y, width, height", (2, 3, 18, 4), "in the file", found)
sys.exit(found != (2, 3, 5, 19))
PYTHON

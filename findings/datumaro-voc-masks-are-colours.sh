#!/usr/bin/env bash
# Datumaro writes Pascal VOC's class masks as RGB colours instead of palette indices, and its labelmap.txt may name no colour
#
# Seen: 2026-11-28 with datumaro 1.13.12 from PyPI, Python 3.11, Linux.
# Expected: SegmentationClass/NAME.png is a palette file as VOC's own are, whose pixel values are the numbers of the classes
# Happens: it is an 8-bit RGB file; the class can be told only by VOC's colour of its place in labelmap.txt. With label_map="source" the lines of that file
#   have the place for the colour empty. Read as grey, class 1 is 38 and class 2 is 75
# Hurt: a script that takes the values of the mask for class numbers, as they are in VOC's own files, trains on classes 38 and 75, or on none
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
from datumaro.components.annotation import Mask
from datumaro.components.media import Image
from PIL import Image as Pillow

scratch, patch = np.zeros((2, 20, 30), np.uint8)
scratch[2:6, 2:20] = patch[10:18, 5:25] = 1
item = datumaro.DatasetItem(
    id="a", media=Image.from_numpy(np.full((20, 30, 3), 90, np.uint8)), annotations=[Mask(scratch, label=0), Mask(patch, label=1)]
)
dataset = datumaro.Dataset.from_iterable([item], categories=["scratch", "patch"])
dataset.export("voc", "voc_segmentation", save_media=True, label_map="source")
mask = Pillow.open("voc/SegmentationClass/a.png")
lines = [line for line in open("voc/labelmap.txt").read().splitlines() if not line.startswith("#")]
grey = sorted(set(np.asarray(mask.convert("L")).ravel().tolist()))
print("datumaro", datumaro.__version__, "mode", mask.mode, "labelmap.txt", lines, "as grey", grey)
sys.exit(not (mask.mode == "RGB" and lines == ["background:::", "scratch:::", "patch:::"] and grey == [0, 38, 75]))
PYTHON

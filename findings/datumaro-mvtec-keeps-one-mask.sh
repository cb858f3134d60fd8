#!/usr/bin/env bash
# Datumaro's export to MVTec AD writes the first mask of an image and leaves all others out
#
# Seen: 2026-11-28 with datumaro 1.13.12 from PyPI, Python 3.11, Linux.
# Expected: ground_truth/TYPE/NAME_mask.png holds all masks of the image, as MVTec AD's own files hold all defects of one
# Happens: of two masks, 72 and 160 pixels, the file has the first one's 72; the export ends well and says nothing
# Hurt: an image with several scratches goes out with one of them; the others are ground to whoever trains or scores on the set
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

first, second = np.zeros((2, 20, 30), np.uint8)
first[2:6, 2:20] = second[10:18, 5:25] = 1
pixels = np.full((20, 30, 3), 90, np.uint8)
masks = [Mask(first, label=0), Mask(second, label=0)]
item = datumaro.DatasetItem(id="scratch/a", subset="test", media=Image.from_numpy(pixels), annotations=masks)
datumaro.Dataset.from_iterable([item], categories=["scratch"]).export("mvtec", "mvtec_segmentation", save_media=True)
found = np.asarray(Pillow.open("mvtec/ground_truth/scratch/a_mask.png")) > 0
print("datumaro", datumaro.__version__, "masks of", int(first.sum()), "and", int(second.sum()), "pixels; in the file", int(found.sum()))
sys.exit(not (found == first).all())
PYTHON

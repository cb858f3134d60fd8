#!/usr/bin/env bash
# Datumaro's export to Pascal VOC segmentation leaves polygons out without a word: an image that has nothing else gets no mask at all
#
# Seen: 2026-11-28 with datumaro 1.13.12 from PyPI, Python 3.11, Linux.
# Expected: a polygon is drawn into SegmentationClass, as its export to COCO keeps it; or the export says that it cannot
# Happens: only annotations of the type Mask are drawn; the polygon of one image is missing, no file is written for it, and the export ends well. Drawn it is
#   after dataset.transform("polygons_to_masks")
# Hurt: inspectors draw polygons; the exported set looks complete, and their defects are ground in it
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check datumaro==1.13.12 numpy==2.3.4 pillow==12.3.0
cd "$folder"
env -i PATH="$PATH" HOME="$folder" PYTHONWARNINGS=ignore "$folder/venv/bin/python" - <<'PYTHON' 2>&1
import sys
from pathlib import Path

import datumaro
import numpy as np
from datumaro.components.annotation import Mask, Polygon
from datumaro.components.media import Image

drawn = np.zeros((20, 30), np.uint8)
drawn[2:6, 2:20] = 1
given = {"by-mask": Mask(drawn, label=0), "by-polygon": Polygon([2, 2, 20, 2, 20, 6, 2, 6], label=0)}
pixels = np.full((20, 30, 3), 90, np.uint8)
items = [datumaro.DatasetItem(id=name, media=Image.from_numpy(pixels), annotations=[one]) for name, one in given.items()]
dataset = datumaro.Dataset.from_iterable(items, categories=["scratch"])
dataset.export("plain", "voc_segmentation", save_media=True)
dataset.transform("polygons_to_masks").export("transformed", "voc_segmentation", save_media=True)
masks = {folder: sorted(path.stem for path in Path(folder, "SegmentationClass").glob("*.png")) for folder in ("plain", "transformed")}
print("datumaro", datumaro.__version__, masks)
sys.exit(masks != {"plain": ["by-mask"], "transformed": ["by-mask", "by-polygon"]})
PYTHON

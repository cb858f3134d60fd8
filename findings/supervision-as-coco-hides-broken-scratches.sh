#!/usr/bin/env bash
# supervision's as_coco marks every defect of two parts or with a hole as a crowd, which COCO's evaluation and trainings leave out
#
# Seen: 2026-11-30 with supervision 0.31.2, pycocotools 2.0.11, numpy 2.2.6, opencv-python-headless 4.13.0.92.
# Expected: the mask as RLE, as documented for such masks, of one object (iscrowd 0) as it was in the dataset
# Happens: whatever is written as RLE gets iscrowd 1, unasked. Pycocotools takes a crowd for a region to ignore: a model that misses each of them has
#   AP 1.0 and recall 1.0 at an overlap of a half, as one that finds all of them; with iscrowd 0 the first has 0.34 and 0.33
# Hurt: who keeps a broken scratch, or scale around a clean spot, as one mask: in the exported set such defects are no longer missed in the
#   evaluation, and the usual readers drop crowds from training
# Here: what is written as COCO has iscrowd 0.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check supervision==0.31.2 pycocotools==2.0.11 numpy==2.2.6 opencv-python-headless==4.13.0.92
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import contextlib
import io
import json
import sys

import numpy as np
import supervision as sv
from PIL import Image
from pycocotools import mask as rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

whole, broken, ring = (np.zeros((80, 400), bool) for _ in range(3))
whole[10:15, 10:110] = True
broken[40:45, 10:60] = broken[40:45, 70:120] = True
ring[20:60, 200:260] = True
ring[30:50, 210:250] = False
masks = np.array([whole, broken, ring])
names = [f"{number}.png" for number in range(4)]
for name in names:
    Image.fromarray(np.full((80, 400), 100, np.uint8)).save(name)
frame = sv.Detections(xyxy=sv.mask_to_xyxy(masks).astype(float), mask=masks, class_id=np.zeros(3, int))
sv.DetectionDataset(classes=["defect"], images=names, annotations=dict.fromkeys(names, frame)).as_coco(annotations_path="coco.json")
with open("coco.json") as file:
    coco = json.load(file)
flags = [annotation["iscrowd"] for annotation in coco["annotations"][:3]]
print("iscrowd of a whole scratch, a broken one, a ring:", flags)


def score(truth, found):
    with open("truth.json", "w") as file:
        json.dump(truth, file)
    encoded = [rle.encode(np.asfortranarray(mask.astype(np.uint8))) for mask in found]
    results = [{"image_id": image["id"], "category_id": 1, "segmentation": one, "score": 0.9} for image in truth["images"] for one in encoded]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO("truth.json")
        evaluation = COCOeval(truth, truth.loadRes(results), "segm")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return round(float(evaluation.stats[1]), 2), round(float(evaluation.eval["recall"][0, 0, 0, -1]), 2)


plain = coco | {"annotations": [annotation | {"iscrowd": 0} for annotation in coco["annotations"]]}
seen = {}
for name, truth in (("as exported", coco), ("with iscrowd 0", plain)):
    for what, found in (("all found", masks), ("whole ones found only", masks[:1])):
        seen[name, what] = score(truth, found)
        print(f"{name}, {what}: AP50 and recall {seen[name, what]}")
every = 1.0, 1.0
right = seen["with iscrowd 0", "all found"] == every and seen["with iscrowd 0", "whole ones found only"][1] == 0.33
hidden = seen["as exported", "all found"] == seen["as exported", "whole ones found only"] == every
sys.exit(not (flags == [0, 1, 1] and right and hidden))
PYTHON

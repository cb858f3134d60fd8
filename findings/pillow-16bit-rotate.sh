#!/usr/bin/env bash
# SURPRISE: Pillow's rotate() and transform() with BILINEAR or BICUBIC turn a 16-bit image into noise (a flat 4000 becomes 0 to about 160) without a warning, while resize() of the same image is right.
# HURTS: Whoever augments 16-bit greyscale images (rotation, shear, affine) through Pillow: the training runs on noise.
# VERSIONS: 2026-11-27, Pillow 12.3.0, numpy 2.4.6, Python 3.11
# EXPECTED: A flat image of mode I;16 stays flat inside after rotation by 5 degrees, or Pillow raises "image has wrong mode" as its filters do.
# SEEN: No value of the result is near 4000; modes I and F of the same image are right. The interpolation works on single bytes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pillow==12.3.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np
from PIL import Image

flat = Image.fromarray(np.full((64, 64), 4000, np.uint16))
assert flat.mode == "I;16"
shift = (1, 0, 0.5, 0, 1, 0)
inner = (16, 16, 48, 48)


def inside(image):
    values = np.asarray(image.crop(inner))
    return int(values.min()), int(values.max())


results = {
    "resize BILINEAR": inside(flat.resize((64, 64), Image.Resampling.BILINEAR, box=(0.5, 0.5, 63, 63))),
    "rotate NEAREST": inside(flat.rotate(5, Image.Resampling.NEAREST)),
    "mode I, rotate BILINEAR": inside(flat.convert("I").rotate(5, Image.Resampling.BILINEAR)),
    "mode F, rotate BICUBIC": inside(flat.convert("F").rotate(5, Image.Resampling.BICUBIC)),
    "rotate BILINEAR": inside(flat.rotate(5, Image.Resampling.BILINEAR)),
    "rotate BICUBIC": inside(flat.rotate(5, Image.Resampling.BICUBIC)),
    "transform AFFINE BILINEAR": inside(flat.transform(flat.size, Image.Transform.AFFINE, shift, Image.Resampling.BILINEAR)),
}
for name, (least, most) in results.items():
    print(f"{name:26} a flat 4000 becomes {least}..{most}")
right, wrong = list(results.values())[:4], list(results.values())[4:]
assert all(3995 <= least <= most <= 4005 for least, most in right), right
assert all(most < 300 for _, most in wrong), wrong
PY

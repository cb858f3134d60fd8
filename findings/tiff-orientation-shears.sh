#!/usr/bin/env bash
# SURPRISE: Pillow shears an uncompressed grey TIFF of orientation 5 to 8 that it opens by its path; opened from a file object, or compressed, the same image is right.
# HURTS: Whoever reads upright line-scan or scanner images from TIFF: the pixels are noise of the stored size, and the orientation tag is gone, so nothing shows it.
# VERSIONS: 2026-11-27, Pillow 12.3.0, tifffile 2026.3.3, numpy 2.4.6, Python 3.11
# EXPECTED: Image.open(path) and Image.open(open(path, "rb")) give the same pixels.
# SEEN: By path Pillow maps the file into memory with width and height already swapped, reads rows of the wrong length, then turns them. Modes L, I;16, RGBA and CMYK; RGB is not mapped and stays right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pillow==12.3.0 tifffile==2026.3.3 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np
import tifffile
from PIL import Image

stored = (np.arange(40 * 60).reshape(40, 60) % 251).astype(np.uint8)
upright = np.rot90(stored, -1)
seen = {}
for compression in (None, "zlib"):
    tifffile.imwrite("camera.tif", stored, compression=compression, extratags=[(274, 3, 1, 6, True)])
    with open("camera.tif", "rb") as stream:
        for way, source in (("path", "camera.tif"), ("file object", stream)):
            with Image.open(source) as image:
                promised = image.size
                image.load()
                pixels, orientation = np.asarray(image), image.getexif().get(274)
            known = {"upright": upright, "as stored": stored}
            verdict = next((name for name, wanted in known.items() if np.array_equal(pixels, wanted)), "neither: sheared")
            seen[compression, way] = verdict
            print(f"compression {compression!s:5} by {way:12} size {promised} before load, {image.size} after, orientation left {orientation}: {verdict}")
assert seen.pop((None, "path")) == "neither: sheared"
assert set(seen.values()) == {"upright"}, seen
PY

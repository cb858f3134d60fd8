#!/usr/bin/env bash
# Pillow scrambles an uncompressed TIFF on its side (orientation 5 to 8) if it is opened by path
#
# Seen: 2026-11-27 with Pillow 12.3.0, tifffile 2026.3.3.
# Expected: the pixels stand upright, or lie as stored; the same ones from a path as from a stream
# Happens: from a stream the image is right; from a path Pillow maps the file into memory with the turned width and height as its layout, so
#   rows run into each other and the shape is not turned. A compressed file is right either way
# Hurt: who reads uncompressed grey TIFFs of a camera mounted sideways: image and mask no longer fit, with no error. Our decoder passed a
#   path and was hurt; it passes a stream since
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.3.4 pillow==12.3.0 tifffile==2026.3.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import io
import sys
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

stored = np.arange(12, dtype=np.uint8).reshape(3, 4)
upright = np.rot90(stored, -1)
seen = {}
for name, compression in (("uncompressed", None), ("deflate", "zlib")):
    file = Path(f"{name}.tif")
    tifffile.imwrite(file, stored, photometric="minisblack", compression=compression, extratags=[(274, 3, 1, 6, True)])
    with Image.open(file) as by_path, Image.open(io.BytesIO(file.read_bytes())) as by_stream:
        seen[name] = [bool(np.array_equal(np.asarray(image), upright)) for image in (by_path, by_stream)]
        print(f"{name}: orientation 6 of {stored.tolist()}, so {upright.tolist()} is right")
        print("  opened by path:  ", np.asarray(by_path).tolist())
        print("  opened by stream:", np.asarray(by_stream).tolist())
sys.exit(seen != {"uncompressed": [False, True], "deflate": [True, True]})
PYTHON

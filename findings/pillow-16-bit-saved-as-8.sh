#!/usr/bin/env bash
# Pillow writes a 16-bit grey image to AVIF, WebP and GIF with all above 255 white
#
# Seen: 2026-11-27 with Pillow 12.3.0.
# Expected: a refusal, as for JPEG and BMP ("cannot write mode I;16"), or scaling; AVIF has 10 and 12 bits
# Happens: the file is written without a warning; of 12-bit values nearly all are 255
# Hurt: thumbnails and archives of 12-bit frames are white; the code was tried with JPEG first and fell over there, as it should
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.3.4 pillow==12.3.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import io
import sys

import numpy as np
from PIL import Image

image = Image.fromarray(np.linspace(256, 4095, 64 * 64).astype(np.uint16).reshape(64, 64))
seen = {}
for format in ("JPEG", "BMP", "WEBP", "AVIF", "GIF"):
    buffer = io.BytesIO()
    try:
        image.save(buffer, format)
    except OSError as error:
        seen[format] = "refused"
        print(f"{format}: {error}")
        continue
    grey = np.asarray(Image.open(buffer).convert("L"))
    seen[format] = "white" if grey.min() >= 254 else "other"
    print(f"{format}: written; 256 to 4095 came back as {grey.min()} to {grey.max()}")
sys.exit(seen != {"JPEG": "refused", "BMP": "refused", "WEBP": "white", "AVIF": "white", "GIF": "white"})
PYTHON

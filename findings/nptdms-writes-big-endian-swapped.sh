#!/usr/bin/env bash
# npTDMS writes a big-endian array into a TDMS file with its bytes swapped: 4000 comes back as 40975
#
# Seen: 2026-11-29 with nptdms 1.13.0, numpy 2.4.6.
# Expected: the values, or a refusal as for float16 and for two dimensions
# Happens: the file says little-endian whatever the array is, and the bytes of the array are written as they lie in memory. No warning; the same
#   for >i4 and >f4
# Hurt: who stores line scans or profiles in TDMS for LabVIEW or DIAdem from what is big-endian at its source (16-bit PGM, FITS, Motorola TIFF,
#   network buffers): every value is wrong, and 12-bit data come back as values spread over all 16 bits
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check nptdms==1.13.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from nptdms import ChannelObject, TdmsFile, TdmsWriter

seen = {}
for kind in ("<u2", ">u2", ">i4", ">f4"):
    line = np.array([1, 2, 1000, 4000], kind)
    with TdmsWriter("line.tdms") as writer:
        writer.write_segment([ChannelObject("camera", "line", line)])
    back = TdmsFile.read("line.tdms")["camera"]["line"][:]
    seen[kind] = np.array_equal(back, line), np.array_equal(back, line.view(line.dtype.newbyteorder()))
    print(f"{kind}: written {line.tolist()}, read {back.tolist()} ({back.dtype.str})")
sys.exit(seen != {"<u2": (True, False)} | dict.fromkeys((">u2", ">i4", ">f4"), (False, True)))
PYTHON

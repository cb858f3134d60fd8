#!/usr/bin/env bash
# SURPRISE: skimage.io.imread() returns a TIFF of 3 or 4 grey pages as one colour image (H, W, 3), one of 2 or 5 pages as a stack (5, H, W); skimage.io.imsave() of three grey frames writes one RGB page.
# HURTS: Whoever keeps the frames of one coil, or the lights of a photometric stereo rig, in one TIFF: code that was tried with five frames takes three for red, green and blue.
# VERSIONS: 2026-11-27, scikit-image 0.26.0, tifffile 2026.3.3, imageio 2.38.1, Pillow 12.3.0, numpy 2.4.6, Python 3.11
# EXPECTED: N pages are (N, H, W) for each N, as imageio and tifffile return them; the file says BlackIsZero on each page.
# SEEN: scikit-image moves an axis of length 3 or 4 to the end, whatever the pages say; on writing, tifffile guesses RGB from the shape (its DeprecationWarning is not shown by default).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check scikit-image==0.26.0 tifffile==2026.3.3 imageio==2.38.1 pillow==12.3.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import imageio.v3
import numpy as np
import skimage.io
import tifffile
from PIL import Image

seen = {}
for count in (2, 3, 4, 5):
    frames = [Image.fromarray(np.full((40, 60), 40 * number, np.uint8)) for number in range(count)]
    frames[0].save("frames.tif", save_all=True, append_images=frames[1:])
    with tifffile.TiffFile("frames.tif") as file:
        assert [page.photometric.name for page in file.pages] == ["MINISBLACK"] * count
    shapes = skimage.io.imread("frames.tif").shape, imageio.v3.imread("frames.tif").shape
    skimage.io.imsave("written.tif", np.stack([np.asarray(frame) for frame in frames]), check_contrast=False)
    with Image.open("written.tif") as written:
        saved = (written.n_frames, written.mode)
    seen[count] = (shapes[0], saved)
    print(f"{count} grey pages: scikit-image reads {shapes[0]}, imageio {shapes[1]}; imsave writes {saved[0]} page(s) of mode {saved[1]}")
    assert shapes[1] == (count, 40, 60)
assert seen == {
    2: ((2, 40, 60), (2, "L")),
    3: ((40, 60, 3), (1, "RGB")),
    4: ((40, 60, 4), (1, "RGBA")),
    5: ((5, 40, 60), (5, "L")),
}, seen
PY

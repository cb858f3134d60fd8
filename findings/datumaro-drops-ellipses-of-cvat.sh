#!/usr/bin/env bash
# Datumaro reads CVAT's XML without its ellipses, and says nothing
#
# Seen: 2026-11-28 with datumaro 1.13.12.
# Expected: an ellipse as an ellipse, which Datumaro has, or as a polygon, or a warning
# Happens: boxes come, turned ones too, and the image has no object where it had an ellipse; no warning, no error
# Hurt: who converts a CVAT task to COCO or YOLO with Datumaro: pits that were marked as ellipses become clean steel
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check datumaro==1.13.12
mkdir -p "$folder/set/images"
cd "$folder"
export DATUMARO_TELEMETRY=0 PYTHONWARNINGS=default
"$folder/venv/bin/python" - <<'PYTHON' 2>"$folder/log" || { tail -5 "$folder/log"; exit 1; }
import sys

from PIL import Image

Image.new("L", (200, 100)).save("set/images/a.png")
shapes = {
    "upright box": '<box label="scratch" occluded="0" xtl="20" ytl="45" xbr="80" ybr="55" z_order="0"/>',
    "box turned by 90 degrees": '<box label="scratch" occluded="0" xtl="20" ytl="45" xbr="80" ybr="55" rotation="90.00" z_order="0"/>',
    "ellipse": '<ellipse label="scratch" occluded="0" cx="150" cy="50" rx="30" ry="20" z_order="0"/>',
}
seen = {}
for name, shape in shapes.items():
    label = "<label><name>scratch</name><attributes></attributes></label>"
    meta = f"<version>1.1</version><meta><task><labels>{label}</labels></task></meta>"
    with open("set/annotations.xml", "w") as file:
        file.write(f'<annotations>{meta}<image id="0" name="a.png" width="200" height="100">{shape}</image></annotations>')
    import datumaro

    items = list(datumaro.Dataset.import_from("set", "cvat"))
    seen[name] = [(type(one).__name__, one.points) for item in items for one in item.annotations]
    print(f"{name}: {seen[name] or 'nothing'}")
sys.exit([len(found) for found in seen.values()] != [1, 1, 0])
PYTHON
if grep -i ellipse "$folder/log"; then exit 1; fi
echo "no word about an ellipse on stderr"

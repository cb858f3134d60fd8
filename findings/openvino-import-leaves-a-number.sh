#!/usr/bin/env bash
# OpenVINO's import reports itself to Google Analytics, unasked: even a program that only runs a network leaves a client number in the user's home
#
# Seen: 2026-11-28 with openvino 2026.4.1 and openvino-telemetry 2025.2.0 from PyPI, Python 3.11, Linux.
# Expected: telemetry is a matter of the converter (ovc), which the documentation names, and of who agreed to it; importing the runtime writes and sends nothing
# Happens: `import openvino` imports the converter, which makes ~/intel/openvino_ga_cid and sends "general_import"; nobody was asked (enable_opt_in_dialog=False).
#   With the package openvino-telemetry not importable nothing is made: it is required by the wheel, and not needed
# Hurt: an inspection computer that may not speak to the outside, a container with a read-only home, a plant that promised that nothing leaves it
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.3.4 openvino==2026.4.1 openvino-telemetry==2025.2.0
for off in "" 1; do
  mkdir "$folder/home$off"
  env -i PATH="$PATH" HOME="$folder/home$off" PYTHONDONTWRITEBYTECODE=1 \
    "$folder/venv/bin/python" -c "import sys; ${off:+sys.modules['openvino_telemetry'] = None;} import openvino; print(openvino.__version__)"
  echo "openvino_telemetry ${off:+not }importable: $(find "$folder/home$off" -type f | sed "s|$folder/||" | tr '\n' ' ')"
done
[ -f "$folder/home/intel/openvino_ga_cid" ] && [ -z "$(find "$folder/home1" -type f)" ]

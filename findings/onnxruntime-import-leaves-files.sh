#!/usr/bin/env bash
# ONNX Runtime's Linux wheel keeps telemetry on by default: its import alone leaves a cache folder in the user's home
#
# Seen: 2026-11-28 with onnxruntime 1.32.0 from PyPI, Python 3.11, Linux.
# Expected: an import writes nothing; telemetry is a matter of the Windows build, as it was for years
# Happens: after the import, without a session or a model, there are new files below the home folder; with ORT_DISABLE_TELEMETRY=1 there are none
# Hurt: an inspection computer that may not speak to the outside, a container with a read-only home, a plant that promised that nothing leaves it
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.3.4 onnxruntime==1.32.0
for off in "" 1; do
  mkdir "$folder/home$off" "$folder/work$off"
  (cd "$folder/work$off" && env -i PATH="$PATH" HOME="$folder/home$off" PYTHONDONTWRITEBYTECODE=1 ${off:+ORT_DISABLE_TELEMETRY=1} \
    "$folder/venv/bin/python" -c "import onnxruntime, time; time.sleep(2); print('onnxruntime', onnxruntime.__version__)")
  echo "ORT_DISABLE_TELEMETRY=${off:-not set}: $(find "$folder/home$off" "$folder/work$off" -type f | sed "s|$folder/||" | tr '\n' ' ')"
done
[ -n "$(find "$folder/home" "$folder/work" -type f)" ] && [ -z "$(find "$folder/home1" "$folder/work1" -type f)" ]

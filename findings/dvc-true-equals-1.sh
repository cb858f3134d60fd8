#!/usr/bin/env bash
# DVC takes a parameter changed from false to 0, or true to 1, for unchanged
#
# Seen: 2026-11-27 with dvc 3.67.1.
# Expected: the stage is out of date, as after any change of a parameter's value or type
# Happens: values are compared as Python compares them (False == 0, True == 1), so status says up to date and repro runs nothing
# Hurt: settings where the two differ: patience false (never stop) and 0 (stop at once), crop true (the default size) and 1: the old model
#   is kept as the new settings' result
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check dvc==3.67.1
cd "$folder"
export PATH="$folder/venv/bin:$PATH" DVC_NO_ANALYTICS=1
mkdir work
cd work
git init --quiet .
dvc init --quiet
cat > dvc.yaml <<'YAML'
stages:
  train:
    cmd: cp params.yaml model.txt
    params: [patience]
    outs: [model.txt]
YAML
echo "patience: false" > params.yaml
dvc repro --quiet
for value in 0 1; do
  echo "patience: $value" > params.yaml
  dvc repro --quiet
  echo "params.yaml now: $(cat params.yaml); the model was made with: $(cat model.txt)"
  if [ "$value" = 0 ]; then grep -q false model.txt; else grep -q 1 model.txt; fi
done

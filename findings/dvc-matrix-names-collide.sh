#!/usr/bin/env bash
# DVC drops a stage of a matrix without a word where two combinations have the same name
#
# Seen: 2026-11-27 with dvc 3.67.1.
# Expected: four stages of 2 x 2 items, or an error that two are called alike
# Happens: items are joined by "-", so (a-b, c) and (a, b-c) are both stage@a-b-c; three stages exist, three run, repro ends with 0
# Hurt: matrices over variants and methods whose names have hyphens (no-edge, edge-bce): one training is missing, and the comparison shows
#   one row fewer
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
    matrix:
      variant: [a-b, a]
      method: [c, b-c]
    cmd: echo trained > ${item.variant}_${item.method}.txt
    outs:
      - ${item.variant}_${item.method}.txt
YAML
dvc repro --quiet
echo "stages:" "$(dvc stage list --name-only | tr '\n' ' ')"
echo "results:" ./*.txt
[ "$(echo ./*.txt | wc -w)" = 3 ] && [ ! -e a-b_c.txt ]

#!/usr/bin/env bash
# SURPRISE: MlflowClient.download_artifacts without dst_path copies even a file that lies on the same disk into a new temporary folder, and nobody removes it, not even the end of the process.
# HURTS: a service that looks models up for months: every look-up leaves a copy of the weights in /tmp. mlflow.artifacts.load_text, for one, cleans up.
# VERSIONS: mlflow 3.17.0, Python 3.11; seen 2026-11-27
# Expected: the path of the local file, or a folder that goes with the process.
# Here: downloads name a folder that is removed; a test fails if anything is left in the temporary folder.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check mlflow==3.17.0
mkdir "$work/tmp" "$work/store"
cat > "$work/try.py" <<'PY'
import sys

import mlflow

store = sys.argv[1]
client = mlflow.MlflowClient(f"sqlite:///{store}/mlflow.db")
run = client.create_run(client.create_experiment("coils", artifact_location=f"file://{store}/artifacts"))
client.log_text(run.info.run_id, "weights", "weights.txt")
mlflow.artifacts.load_text(f"{run.info.artifact_uri}/weights.txt")
client.download_artifacts(run.info.run_id, "weights.txt")
PY
TMPDIR="$work/tmp" "$work/venv/bin/python" "$work/try.py" "$work/store" >/dev/null 2>&1
left=$(find "$work/tmp" -name weights.txt | wc -l)
echo "copies left in the temporary folder after the process has ended: $left"
[ "$left" = 1 ] || { echo "MLflow does otherwise now" >&2; exit 1; }

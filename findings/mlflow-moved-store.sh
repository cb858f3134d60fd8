#!/usr/bin/env bash
# SURPRISE: after a folder with MLflow's SQLite store is moved, new runs of an old experiment write their artifacts into the folder where it was before, which MLflow makes again.
# HURTS: who copies or moves a project, or mounts it elsewhere in a container: the copy's models land in the original, and its old ones cannot be loaded.
# VERSIONS: mlflow 3.17.0, Python 3.11; seen 2026-11-27
# Expected: artifacts relative to the database, or an error that the recorded folder is gone.
# Here: pipelines/tracking/rerooting.py rewrites the places once and says so.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check mlflow==3.17.0
cat > "$work/log.py" <<'PY'
import sys
from pathlib import Path

import mlflow

folder = Path.cwd()
mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
client = mlflow.MlflowClient()
if client.get_experiment_by_name("coils") is None:
    client.create_experiment("coils", artifact_location=(folder / "artifacts").as_uri())
mlflow.set_experiment("coils")
with mlflow.start_run():
    mlflow.log_dict({"model": sys.argv[1]}, "model.json")
PY
mkdir "$work/old"
(cd "$work/old" && "$work/venv/bin/python" "$work/log.py" first) 2>/dev/null >/dev/null
mv "$work/old" "$work/new"
(cd "$work/new" && "$work/venv/bin/python" "$work/log.py" second) 2>/dev/null >/dev/null
echo "artifacts below the new place: $(find "$work/new" -name model.json | wc -l); below the old one, which was gone: $(find "$work/old" -name model.json | wc -l)"
[ "$(find "$work/old" -name model.json | wc -l)" = 1 ] || { echo "MLflow does otherwise now" >&2; exit 1; }

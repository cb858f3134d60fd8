#!/usr/bin/env bash
# MLflow's search for tags.x != 'y' leaves out the runs without the tag
#
# Seen: 2026-11-27 with mlflow 3.17.2 (mlflow-skinny with SQLAlchemy 2.1.9), sqlite.
# Expected: runs that were not rejected, untagged ones too
# Happens: only runs that have the tag with another value; untagged ones need IS NULL, and there is no OR
# Hurt: a rule such as tags.rejected != 'true' finds no run at all until someone tags one 'false'
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check mlflow-skinny==3.17.2 sqlalchemy==2.1.9 alembic==1.20.1 pandas==3.1.1
cd "$folder"
export PYTHONWARNINGS=ignore MLFLOW_LOGGING_LEVEL=ERROR
"$folder/venv/bin/python" - <<'PYTHON'
import sys

from mlflow import MlflowClient

client = MlflowClient("sqlite:///mlflow.db")
experiment = client.create_experiment("strip")
for name in ("good", "bad", "checked"):
    run = client.create_run(experiment, run_name=name).info.run_id
    if name != "good":
        client.set_tag(run, "rejected", {"bad": "true", "checked": "false"}[name])
seen = {}
for query in ("tags.rejected != 'true'", "tags.rejected IS NULL"):
    seen[query] = [run.info.run_name for run in client.search_runs([experiment], query)]
    print(query, "->", seen[query])
sys.exit([*seen.values()] != [["checked"], ["good"]])
PYTHON

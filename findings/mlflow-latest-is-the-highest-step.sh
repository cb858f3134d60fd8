#!/usr/bin/env bash
# After a resume from an earlier step MLflow's run shows the metric of the abandoned one
#
# Seen: 2026-11-27 with mlflow 3.17.2 (mlflow-skinny with SQLAlchemy 2.1.9), sqlite.
# Expected: a run's metric is what was logged last
# Happens: it is the value of the highest step, however old: 1.0 of step 10 stays although 0.2 of step 5 came later
# Hurt: training that falls back to a checkpoint after a divergence: until it has passed the old step, search_runs, comparison and early
#   promotion see the diverged value
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
run = client.create_run(experiment).info.run_id
client.log_metric(run, "loss", 1.0, step=10, timestamp=1_000)
client.log_metric(run, "loss", 0.2, step=5, timestamp=2_000)
latest = client.get_run(run).data.metrics["loss"]
found = len(client.search_runs([experiment], "metrics.loss < 0.5"))
print("logged 1.0 at step 10, then 0.2 at step 5; the run's loss:", latest, "- runs with loss < 0.5:", found)
sys.exit(not (latest == 1.0 and found == 0))
PYTHON

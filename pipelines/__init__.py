"""The pipeline around the library: DVC stages, MLflow tracking and registry, Prefect flows, the command.

None of the tools may call home or draw bars into logs: what each reads to turn that off is set here, before any of them
is imported, unless the user has set it otherwise.
"""

import os

_QUIET = {
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
for _name, _value in _QUIET.items():
    os.environ.setdefault(_name, _value)

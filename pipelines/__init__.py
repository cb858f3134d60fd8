"""The pipeline around the library: DVC stages, MLflow tracking and registry, Prefect flows, the command.

No tool used here may call home: what each reads to turn that off is set before any of them is imported, unless the
user has set it otherwise.
"""

import os

_SILENCE = {
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
for _name, _value in _SILENCE.items():
    os.environ.setdefault(_name, _value)

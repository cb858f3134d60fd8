"""Names and a port that several modules rely on, without Prefect's import."""

LIMIT = "gpu"  # on the Prefect server: the global concurrency limit: trainings at once
MISSING = "missing deployment: "  # how provision.py tells `tsernet up` what is to be deployed
DRIFTED_EVENT, STEADY_EVENT = "tsernet.window.drifted", "tsernet.window.steady"  # what the flow `monitor` tells Prefect
RETRAIN = "retrain/default"
MONITORED = "tsernet.monitored."  # of the events' resource, before the registered model's name
PAGE_PORT = 4300  # of the inspection page, where nothing else is said

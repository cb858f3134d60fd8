"""Names on the Prefect server that several modules rely on, without Prefect's import."""

LIMIT = "gpu"  # the global concurrency limit: trainings at once
MISSING = "missing deployment: "  # how provision.py tells `tsernet up` what is to be deployed

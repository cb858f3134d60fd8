"""Names and a port that several modules rely on, without Prefect's import."""

LIMIT = "gpu"  # on the Prefect server: the global concurrency limit: trainings at once
MISSING = "missing deployment: "  # how provision.py tells `tsernet up` what is to be deployed
DRIFTED_EVENT, STEADY_EVENT = "tsernet.window.drifted", "tsernet.window.steady"  # what the flow `monitor` tells Prefect
REVIEWED_EVENT = "tsernet.review.exported"  # what the flow `review` tells Prefect
RETRAIN, REVIEW = "retrain/default", "review/review"
MONITORED = "tsernet.monitored."  # of the events' resource, before the registered model's name
MODEL_PATTERN = r"^(models:/[^/@]+(/\d+|@[A-Za-z0-9_-]+)|shipped|shipped-paper)$"  # what a form may name as a model
PAGE_PORT = 4300  # of the inspection page, where nothing else is said


def monitored(model: str) -> tuple[str, str]:
    """Give the registered model's name that `models:/NAME@ALIAS` has, or `shipped`, and the events' resource of it."""
    name = model.removeprefix("models:/").partition("@")[0].partition("/")[0]
    return name, f"{MONITORED}{name}"

"""The deployments of prefect.yaml on the server: what is missing is named, what is there keeps what a person chose in the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.exceptions import ObjectNotFound
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema
from ruamel.yaml import YAML

from tsernet.errors import UserError


def refresh(repository: Path) -> list[str]:
    """Bring the deployments that are there up to this code, and no further.

    Deploying them again would write schedules, parameters and limits as prefect.yaml has them. What must follow the code, and cannot be
    chosen in the page, is where it lies and which parameters there are.

    Args:
        repository: With its prefect.yaml.
    Returns:
        The names, FLOW/DEPLOYMENT, of those that are not there.
    Raises:
        UserError: If there is no prefect.yaml.
    """
    path = repository / "prefect.yaml"
    if not path.is_file():
        raise UserError(f"{path}: not there; it names the deployments")
    tree = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return [name for name in (_refresh(wanted, tree.get("pull"), repository) for wanted in tree["deployments"]) if name]


def _refresh(wanted: dict[str, Any], pull: list[Any] | None, repository: Path) -> str:
    """Give the deployment's name if it is missing, else nothing."""
    flow: Flow[Any, Any] = load_flow_from_entrypoint(wanted["entrypoint"])
    name = f"{flow.name}/{wanted['name']}"
    here = [{"prefect.deployments.steps.set_working_directory": {"directory": str(repository)}}]  # what `prefect deploy` writes
    current = {
        "entrypoint": wanted["entrypoint"],
        "pull_steps": wanted.get("pull") or pull or here,
        "parameter_openapi_schema": parameter_schema(flow).model_dump(mode="json", exclude_none=True),
    }
    with get_client(sync_client=True) as client:
        try:
            there = client.read_deployment_by_name(name)
        except ObjectNotFound:
            return name
        if any(getattr(there, key) != value for key, value in current.items()):
            client.update_deployment(there.id, DeploymentUpdate(**current))
    return ""

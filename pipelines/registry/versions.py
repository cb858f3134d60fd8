"""The registered model's versions: naming one, reading what it says of itself, fetching its files."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines.redaction import redact_passwords
from pipelines.tracking.location import is_anything_tracked, tracking_uri
from pipelines.tracking.lookup import aliases, run_tags
from pipelines.tracking.retry import retry_on_collision
from pipelines.tracking.server import make_client, reachable
from tsernet.errors import UserError

CHAMPION, CHALLENGER = "champion", "challenger"
WEIGHTS, NETWORK = "weights", "network"
"""Artifacts of a version: what training wrote, and the same as ONNX, for who has another runtime."""
INPUT_TAGS = "tsernet.input."
VERSION_TAGS = (
    "mlflow.source.git.commit",
    "tsernet.params_digest",
    "tsernet.digest.dataset",
    "tsernet.digest.split",
    "tsernet.weights_sha256",
    "tsernet.variant",
    "tsernet.seed",
    "tsernet.flow_run",
)
"""What a version itself is tagged with: what tells versions apart. MLflow's page shows all of them in the version's row."""
_DETAILS = "tsernet.model."
_URI = re.compile(r"^models:/(?P<name>[^/@]+)(?:/(?P<version>\d+)|@(?P<alias>[A-Za-z0-9_-]+))$")


@dataclass(frozen=True)
class Version:
    """A version of the registered model.

    `tags` tell it from others (VERSION_TAGS; versions made before release 0.2.0 have all of their provenance there), `aliases` are the
    roles it has now, `location` is where its files lie. `Registry.provenance` gives all that is known of it.
    """

    name: str
    number: str
    run_id: str
    created: int
    location: str
    description: str
    tags: dict[str, str]
    aliases: tuple[str, ...] = field(default=())

    @property
    def weights_sha256(self) -> str:
        """Digest of the weights as they were when registered."""
        return self.tags.get("tsernet.weights_sha256", "")


class Registry:
    """The registered model of one name in the tracking store.

    Args:
        name: Of the registered model.
        client: An MlflowClient; one for the current tracking URI if not given.
    """

    def __init__(self, name: str = "tsernet", client: Any | None = None) -> None:
        self.name = name
        self.uri = tracking_uri()
        self._given = client
        self._run_tags: dict[str, dict[str, str]] = {}

    @cached_property
    def client(self) -> Any:
        """The client; a default store that is not there is made for it."""
        return self._given if self._given is not None else make_client(self.uri)

    @property
    def is_there(self) -> bool:
        """Whether there is a store to look into; looking makes none, of which `predict` would then expect a champion."""
        return self._given is not None or is_anything_tracked(self.uri)

    def ensure(self) -> None:
        """Make the registered model if it is not there."""
        ensure_model(self.client, self.name, "TSERNet: defects on strip steel. `champion` is the version to use.")

    def versions(self) -> list[Version]:
        """List the versions, oldest first, with their aliases."""
        if not self.is_there:
            return []
        with reachable(self.uri):
            known = aliases(self.client, self.name)
            found = all_versions(self.client, self.name)
        return [_version(one, known) for one in found]

    def get(self, number: str) -> Version:
        """Look a version up.

        Raises:
            UserError: If there is none of that number; the message lists those there are.
        """
        versions = self.versions()
        for version in versions:
            if version.number == number:
                return version
        known = ", ".join(version.number for version in versions) or "none"
        raise UserError(f"models:/{self.name}/{number}: no such version; there are: {known}")

    def provenance(self, version: Version) -> dict[str, str]:
        """Give all tags of a version: its own, and what its run keeps of it.

        The run keeps the tags of the training (commit, host, package versions) and, for each model made from it, one of its own with what
        does not concern the training: how the model was fed in the evaluation, and its scores.
        """
        if "tsernet.identity" in version.tags or not version.run_id:  # made before release 0.2.0, or not by this pipeline
            return version.tags
        if version.run_id not in self._run_tags:
            with reachable(self.uri):
                self._run_tags[version.run_id] = run_tags(self.client, version.run_id)
        known = self._run_tags[version.run_id]
        details = [key for key in known if key.startswith(_DETAILS)]
        shared = {key: value for key, value in known.items() if key.startswith(("tsernet.", "mlflow.source.")) and key not in details}
        own: dict[str, str] = {}
        for key in details:
            if key.removeprefix(_DETAILS) in version.location:
                own = json.loads(known[key])
        return shared | own | version.tags

    def keep_details(self, run_id: str, model_id: str, details: dict[str, str]) -> None:
        """Keep with a run what is to be known of a model made from it; `provenance` finds it by the model's place."""
        self.client.set_tag(run_id, f"{_DETAILS}{model_id}", json.dumps(details, sort_keys=True))
        self._run_tags.pop(run_id, None)

    def alias(self, alias: str) -> str:
        """Say which version has an alias; empty if none."""
        if not self.is_there:
            return ""
        with reachable(self.uri):
            return aliases(self.client, self.name).get(alias, "")

    def set_alias(self, alias: str, number: str) -> None:
        """Point an alias at a version; an empty number takes the alias away."""
        if number:
            retry_on_collision(lambda: self.client.set_registered_model_alias(self.name, alias, number))
        else:
            retry_on_collision(lambda: self.client.delete_registered_model_alias(self.name, alias))

    @contextmanager
    def files(self, version: Version, path: str) -> Iterator[Path]:
        """Fetch a file or folder of a version for a while.

        Args:
            version: Whose.
            path: Within it, such as `artifacts/per_image.csv`.
        Raises:
            UserError: If the version has no such file, or the store of files cannot be reached.
        """
        with tempfile.TemporaryDirectory() as folder:
            yield self.fetch(version, path, Path(folder))

    def fetch(self, version: Version, path: str, folder: Path) -> Path:
        """Fetch a file or folder of a version into a folder.

        Raises:
            UserError: As `files`.
        """
        from mlflow.artifacts import download_artifacts

        try:
            with reachable(self.uri):
                uri = f"{version.location}/{path}"
                return Path(download_artifacts(artifact_uri=uri, dst_path=str(folder), tracking_uri=self.uri))
        except UserError:
            raise
        # The stores behind (disk, S3, HTTP) each have their own exceptions for a file that is not there.
        except Exception as error:
            reason = " ".join(str(error).split())[:200]
            raise UserError(f"models:/{self.name}/{version.number}: {path} cannot be fetched ({reason})") from None


def parse_uri(uri: str) -> tuple[str, str]:
    """Take a model URI apart.

    Args:
        uri: `models:/NAME/NUMBER` or `models:/NAME@ALIAS`; a number after the @ is taken for a version too.
    Returns:
        The name, and the number or alias.
    Raises:
        UserError: If it is neither.
    """
    match = _URI.match(uri)
    if match is None:
        raise UserError(f"{uri!r}: expected models:/NAME/VERSION or models:/NAME@ALIAS, such as models:/tsernet@champion")
    return match["name"], match["version"] or match["alias"]


def resolve(uri: str) -> tuple[Registry, Version]:
    """Find the version that a model URI means.

    Raises:
        UserError: If the URI, the model, the alias or the version does not exist; the message names what there is.
    """
    name, which = parse_uri(uri)
    registry = Registry(name)
    if which.isdecimal():
        return registry, registry.get(which)
    for version in registry.versions():
        if which in version.aliases:
            return registry, version
    there = sorted({alias for version in registry.versions() for alias in version.aliases})
    raise UserError(f"{uri}: no such model; the aliases of {name} are: {', '.join(there) or 'none'} in {redact_passwords(registry.uri)}")


def ensure_model(client: Any, name: str, description: str) -> None:
    """Make a registered model if it is not there."""
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name, description=description)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def all_versions(client: Any, name: str) -> list[Any]:
    """Page through the versions of a registered model, oldest first."""
    found, token = [], None
    while True:
        page = client.search_model_versions(f"name = '{name}'", max_results=200, page_token=token)
        found += page
        token = page.token
        if not token:
            return sorted(found, key=lambda one: int(one.version))


def _version(one: Any, aliases: dict[str, str]) -> Version:
    return Version(
        name=one.name,
        number=str(one.version),
        run_id=one.run_id or "",
        created=one.creation_timestamp,
        location=one.source,
        description=one.description or "",
        tags=dict(one.tags),
        aliases=tuple(sorted(alias for alias, number in aliases.items() if number == str(one.version))),
    )

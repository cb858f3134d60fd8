"""The weights of a registered version as a local file, checked; none of the version's code is run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from pipelines.registry.versions import INPUT_TAGS, WEIGHTS, resolve
from pipelines.tracking.location import local_state
from tsernet.data.partial import whole_file
from tsernet.errors import UserError


class Weights(NamedTuple):
    """A version's weights.

    Attributes:
        path: A .safetensors file, named by its digest.
        input: What the version says beyond the file of how it is fed, by the names of the file's metadata.
    """

    path: Path
    input: dict[str, str]


def weights_file(uri: str) -> Weights:
    """Fetch the weights of a version, or take the copy of an earlier call.

    The digest that the registry keeps beside the version decides whether they are what was registered: whoever can change
    files of the artifact store cannot change that.

    Args:
        uri: models:/NAME/VERSION or models:/NAME@ALIAS.
    Raises:
        UserError: If there is no such version, it has no safetensors weights, or they were changed after registration.
    """
    from tsernet.digests import sha256_of

    registry, version = resolve(uri)
    expected = version.weights_sha256
    if not expected:
        raise UserError(
            f"models:/{version.name}/{version.number} was not registered by this pipeline: it has no tag tsernet.weights_sha256"
        )
    fed = {key.removeprefix(INPUT_TAGS): value for key, value in registry.provenance(version).items() if key.startswith(INPUT_TAGS)}
    kept = local_state() / "models" / f"{expected}.safetensors"
    if kept.is_file() and sha256_of(kept) == expected:
        return Weights(kept, fed)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with registry.files(version, "artifacts/model.safetensors") as path:
        found = sha256_of(path)
        if found != expected:
            raise UserError(
                f"models:/{version.name}/{version.number}: {WEIGHTS} changed after registration: sha256 {found}, expected {expected}"
            )
        with whole_file(kept) as partial:
            shutil.copyfile(path, partial)
    return Weights(kept, fed)

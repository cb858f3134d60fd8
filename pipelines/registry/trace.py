"""From a version back to its images, and from images to the versions made of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pipelines.redaction import redact_passwords
from pipelines.registry.decisions import Record
from pipelines.registry.versions import Registry, Version
from pipelines.tracking.lookup import run_inputs
from tsernet.errors import UserError

_SPLITS = ("train", "val", "test")


def trace_version(registry: Registry, version: Version) -> dict[str, Any]:
    """Tell where a version comes from: run, commit, params, splits, data, flow run.

    Returns:
        In that order; what is not known is empty.
    """
    tags = registry.provenance(version)
    return {
        "model": f"models:/{version.name}/{version.number}",
        "aliases": list(version.aliases),
        "variant": version.tags.get("tsernet.variant", ""),
        "seed": version.tags.get("tsernet.seed", ""),
        "weights_sha256": version.weights_sha256,
        "network_sha256": tags.get("tsernet.network_sha256", ""),
        "run": tags.get("tsernet.training_run", version.run_id),
        "parent_run": tags.get("tsernet.parent_run", ""),
        "commit": tags.get("mlflow.source.git.commit", ""),
        "uncommitted_changes": {"true": True, "false": False}.get(tags.get("tsernet.git_dirty", ""), ""),
        "params": tags.get("tsernet.params_digest", ""),
        "splits": {name: tags.get(f"tsernet.digest.{name}", "") for name in _SPLITS},
        "data": tags.get("tsernet.digest.dataset", ""),
        "started_from": tags.get("tsernet.start", ""),
        "started_from_sha256": tags.get("tsernet.start_sha256", ""),
        "inputs": _inputs(registry, version.run_id),
        "flow_run": tags.get("tsernet.flow_run", ""),
        "tracking_uri": redact_passwords(registry.uri),
    }


def versions_from(registry: Registry, digest: str) -> list[Version]:
    """Find the versions that were made from a dataset or split.

    Args:
        registry: Where to look.
        digest: Of the dataset or of one of its splits, whole or its first eight or more digits.
    Raises:
        UserError: If it is no such digest.
    """
    if len(digest) < 8 or any(letter not in "0123456789abcdef" for letter in digest.lower()):
        raise UserError(f"--data {digest!r}: expected the digest of a dataset or split, at least 8 hexadecimal digits")
    names = [f"tsernet.digest.{name}" for name in ("dataset", *_SPLITS)]
    return [one for one in registry.versions() if _has(registry.provenance(one), names, digest.lower())]


def _has(tags: dict[str, str], names: Sequence[str], digest: str) -> bool:
    return any(tags.get(name, "").startswith(digest) for name in names)


def describe(registry: Registry, version: Version, record: Record) -> dict[str, Any]:
    """Tell what a version is and what was decided about it."""
    prefix = "tsernet.test."
    tags = registry.provenance(version)
    return {
        "model": f"models:/{version.name}/{version.number}",
        "aliases": list(version.aliases),
        "created": datetime.fromtimestamp(version.created / 1000, UTC).isoformat(timespec="seconds"),
        "variant": version.tags.get("tsernet.variant", ""),
        "seed": version.tags.get("tsernet.seed", ""),
        "scores": {key.removeprefix(prefix): _number(value) for key, value in sorted(tags.items()) if key.startswith(prefix)},
        "weights_sha256": version.weights_sha256,
        "data": version.tags.get("tsernet.digest.dataset", ""),
        "run": version.run_id,
        "decisions": decisions_about(version.number, record),
    }


def _number(text: str) -> int | float:
    """Read a score, or a count such as that of the clean test images."""
    return int(text) if text.isdecimal() else float(text)


def decisions_about(number: str, record: Record) -> Sequence[dict[str, Any]]:
    """List the decisions that concern a version, as who, when, from, to, effect, reason and figures."""
    return [
        {
            "number": one.number,
            "action": one.action,
            "who": one.who,
            "when": one.when,
            "from": one.champion_before,
            "to": one.version if one.effect == "champion" else one.champion_before,
            "about": one.version,
            "effect": one.effect,
            "reason": one.reason,
            "figures": one.figures,
        }
        for one in record.decisions
        if number in (one.version, one.champion_before)
    ]


def _inputs(registry: Registry, run_id: str) -> dict[str, str]:
    """Read what the run logged as its inputs: DVC's digests by path."""
    return run_inputs(registry.client, run_id) if run_id else {}

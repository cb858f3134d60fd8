"""The registered model: what becomes a version, which version is champion, and where each comes from."""

from __future__ import annotations

from pipelines.registry.candidate import Candidate, read_candidate
from pipelines.registry.champion import promote, rollback, settle
from pipelines.registry.publish import Outcome, challenge, publish
from pipelines.registry.versions import CHALLENGER, CHAMPION, Registry, Version, parse_uri, resolve
from pipelines.registry.weights_file import weights_file

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "Candidate",
    "Outcome",
    "Registry",
    "Version",
    "challenge",
    "parse_uri",
    "promote",
    "publish",
    "read_candidate",
    "resolve",
    "rollback",
    "settle",
    "weights_file",
]

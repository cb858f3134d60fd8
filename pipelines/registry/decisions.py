"""Decisions about who is champion, as a record that only grows; the champion is what the record says.

Each decision is a version of a second registered model, `NAME-decisions`: the store numbers versions one after the other,
in one transaction each, for all users of a tracking server. So of any number of processes that decide at once, each gets a
place in one order, and none is lost. The alias is written after the record; whoever comes next makes it agree.
"""

from __future__ import annotations

import dataclasses
import getpass
import json
import socket
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from pipelines.registry.versions import Registry, all_versions, ensure_model
from pipelines.tracking.retry import read_until, retry_on_collision
from pipelines.tracking.server import reachable
from tsernet.errors import CheckError

Action = Literal["promote", "rollback", "keep", "adopt"]
ANYONE = "*"


@dataclass(frozen=True)
class Decision:
    """One decision.

    `action`: `promote` and `rollback` make `version` the champion, `keep` leaves the champion for the reason given, `adopt` writes
    down that somebody moved the alias with other tools. `expected`: the champion that the decision was made against, and without which it
    has no effect; ANYONE if it does not depend on one. `champion_before` and `effect` follow from the record as a whole.
    """

    action: Action
    version: str
    expected: str
    reason: str
    figures: dict[str, Any] = field(default_factory=dict)
    who: str = ""
    when: str = ""
    nonce: str = ""
    number: int = 0
    done: bool = False
    champion_before: str = ""
    effect: str = ""


@dataclass(frozen=True)
class Record:
    """The whole record, told from its beginning: the decisions with their effects, and the champions, the present one last."""

    decisions: tuple[Decision, ...]
    champions: tuple[str, ...]

    @property
    def champion(self) -> str:
        """The version that the record makes champion; empty if none."""
        return self.champions[-1] if self.champions else ""

    def outcome(self, nonce: str) -> Decision:
        """Find one's own decision again."""
        return next(decision for decision in self.decisions if decision.nonce == nonce)


def replay(decisions: Sequence[Decision]) -> Record:
    """Replay all decisions, the first one first, and give the record that follows.

    A decision made against a champion that was not champion any more when its turn came has no effect: it was overtaken.
    """
    champions: list[str] = []
    told = []
    for decision in decisions:
        before = champions[-1] if champions else ""
        if decision.expected not in (ANYONE, before):
            effect = "overtaken"
        elif decision.action == "keep":
            effect = "kept"
        elif decision.version == before:
            effect = "was champion already"
        elif decision.action == "rollback" and decision.version in champions:
            del champions[len(champions) - 1 - champions[::-1].index(decision.version) + 1 :]
            effect = "champion"
        else:
            champions.append(decision.version)
            effect = "champion"
        told.append(dataclasses.replace(decision, champion_before=before, effect=effect))
    return Record(tuple(told), tuple(champions))


def read_record(registry: Registry) -> Record:
    """Read the record from the store."""
    if not registry.is_there:
        return replay([])
    with reachable(registry.uri):
        return replay([_read(one) for one in _versions_with_tags(registry)])


def write_decision(registry: Registry, decision: Decision) -> str:
    """Add a decision to the record.

    Returns:
        Its nonce, by which `Record.outcome` finds it.
    """
    nonce = uuid.uuid4().hex
    who = f"{getpass.getuser()}@{socket.gethostname()}"
    when = datetime.now(UTC).isoformat(timespec="milliseconds")
    signed = dataclasses.replace(decision, who=who, when=when, nonce=nonce)
    content = {
        key: value for key, value in dataclasses.asdict(signed).items() if key not in ("number", "done", "champion_before", "effect")
    }
    with reachable(registry.uri):
        ensure_model(registry.client, _record_name(registry), f"Who decided what about {registry.name}; `tsernet models show` reads it.")
        _append(registry, json.dumps(content), nonce)
    return nonce


def mark_done(registry: Registry, decision: Decision) -> None:
    """Note that the alias was seen to agree with a decision."""
    number = str(decision.number)
    retry_on_collision(lambda: registry.client.set_model_version_tag(_record_name(registry), number, "done", "true"))


def _append(registry: Registry, content: str, nonce: str) -> None:
    """Add a version, once: the answer to an earlier attempt may have been lost on the way, not the decision."""
    name = _record_name(registry)
    decided = json.loads(content)
    # A version needs a source: the one that was decided about. Only a record that has begun can say that nobody is champion.
    source = f"models:/{registry.name}/{decided['version']}" if decided["version"] else f"models:/{name}/1"
    tags = {"decision": content, "nonce": nonce}

    def write() -> None:
        if not any(one.tags.get("nonce") == nonce for one in all_versions(registry.client, name)):
            registry.client.create_model_version(name, source, tags=tags, description=_headline(decided), await_creation_for=0)

    retry_on_collision(write)


def _headline(decided: dict[str, Any]) -> str:
    return f"{decided['action']} {decided['version'] or 'nobody'}, by {decided['who']}: {decided['reason']}"[:1000]


def _versions_with_tags(registry: Registry) -> list[Any]:
    """Read the record's versions; one that another process is writing was seen without its tags, under load."""
    name = _record_name(registry)
    return read_until(lambda: all_versions(registry.client, name), lambda found: all("decision" in one.tags for one in found))


def _read(one: Any) -> Decision:
    if "decision" not in one.tags:
        raise CheckError(
            f"version {one.version} of the registered model {one.name} holds no decision; delete it, it is not of this project"
        )
    return Decision(**json.loads(one.tags["decision"]), number=int(one.version), done=one.tags.get("done") == "true")


def _record_name(registry: Registry) -> str:
    return f"{registry.name}-decisions"

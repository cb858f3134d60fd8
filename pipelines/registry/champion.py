"""The alias `champion` and the record of decisions, kept in agreement."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta

from pipelines.registry.decisions import ANYONE, Decision, Record, mark_done, read_record, write_decision
from pipelines.registry.versions import CHALLENGER, CHAMPION, Registry
from tsernet.errors import CheckError, UserError

_ROUNDS = 100
_SETTLED_AFTER = timedelta(seconds=60)
"""A decision not noted as done for so long was its writer's last act."""


def settle(registry: Registry, own: str = "") -> Record:
    """Make the aliases agree with the record, whatever was interrupted before.

    If a decision is not noted as done, its writer may have died before it moved the alias: the record wins. If all are done and
    the alias is elsewhere, somebody moved it with other tools: that is written into the record.

    Args:
        registry: The registered model.
        own: Nonce of the decision that this process has written.
    Returns:
        The record that the alias was seen to agree with.
    """
    for _ in range(_ROUNDS):
        record = read_record(registry)
        alias = registry.alias(CHAMPION)
        if len(read_record(registry).decisions) != len(record.decisions):
            continue
        if alias != record.champion:
            own = _disagreement(registry, record, alias) or own
            time.sleep(random.uniform(0.0, 0.1))  # with several at it, let one be the last
            continue
        if alias and registry.alias(CHALLENGER) == alias:
            registry.set_alias(CHALLENGER, "")
        for decision in record.decisions:
            if not decision.done and (decision.nonce == own or _is_old(decision)):
                mark_done(registry, decision)
        return record
    raise CheckError(f"models:/{registry.name}@{CHAMPION} did not come to rest: others keep moving it; try again")


def promote(registry: Registry, number: str, reason: str) -> Record:
    """Make a version champion because a person says so.

    Raises:
        UserError: If there is no such version, or it is champion already.
    """
    registry.get(number)
    if settle(registry).champion == number:
        raise UserError(f"models:/{registry.name}/{number} is the champion already")
    return settle(registry, write_decision(registry, Decision("promote", number, ANYONE, reason)))


def rollback(registry: Registry, reason: str) -> Record:
    """Return to the champion before; again and again leads back to the first.

    Raises:
        CheckError: If there is no earlier champion, or another process has moved the champion meanwhile.
    """
    record = settle(registry)
    there = {version.number for version in registry.versions()}
    earlier = [number for number in record.champions[:-1] if number in there and number != record.champion]
    if not earlier:
        missing = f"no champion before {record.champion}" if record.champion else "there is no champion, and was none"
        raise CheckError(f"models:/{registry.name}@{CHAMPION}: {missing} to roll back to")
    nonce = write_decision(registry, Decision("rollback", earlier[-1], record.champion, reason))
    after = settle(registry, nonce)
    if after.outcome(nonce).effect == "overtaken":
        now = after.outcome(nonce).champion_before
        raise CheckError(
            f"models:/{registry.name}@{CHAMPION} moved to version {now} meanwhile; look, and roll back again if you still want to"
        )
    return after


def _disagreement(registry: Registry, record: Record, alias: str) -> str:
    """Move the alias to where the record says, or write down that it was moved, or went with its version.

    Returns:
        The nonce of what was written; empty if the alias was moved.
    """
    finished = all(decision.done for decision in record.decisions)
    gone = record.champion not in ("", *(version.number for version in registry.versions()))
    if not finished and not gone:
        registry.set_alias(CHAMPION, record.champion)
        return ""
    why = f"version {record.champion} was deleted" if gone else "moved by other tools"
    reason = f"the alias was found at {alias or 'no version'}: {why}"
    return write_decision(registry, Decision("adopt", alias, record.champion, reason))


def _is_old(decision: Decision) -> bool:
    return datetime.now(UTC) - datetime.fromisoformat(decision.when) > _SETTLED_AFTER

"""Which models answer: they follow the registry's aliases, and what answers goes on answering until the next one has shown that it can."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipelines.serving.limits import RefusedError
from pipelines.serving.loaded import Loaded, Usage, load
from tsernet.errors import UserError

LOOK_SECONDS = 2.0
"""From one look at the aliases to the next; a new version is fetched, opened and tried within seconds more."""
RETRY_SECONDS = 30.0
"""Until a version that did not load is tried again."""
ROLES = ("champion", "challenger")
Aliases = Callable[[str], dict[str, str]]
"""Of a registered model: version by alias."""


@dataclass
class Slot:
    """One role: what answers in it now, and what is wrong, in one line; empty if nothing."""

    role: str
    source: str | None
    current: Loaded | None = None
    problem: str = ""
    wanted: str = ""
    tried: float = 0.0


class Models:
    """The champion, and beside it a challenger to compare.

    Args:
        model: `models:/NAME@ALIAS`, which is followed; or `models:/NAME/VERSION`, a file, `shipped`.
        compared: The same for the challenger; None for the registry's challenger where the model is an alias, else none.
        usage: How they are used.
        aliases: Looks aliases up.
    """

    def __init__(self, model: str, compared: str | None, usage: Usage, aliases: Aliases | None = None) -> None:
        self._usage, self._aliases = usage, aliases or look_up
        if compared is None and _alias_of(model):
            compared = f"{model.rpartition('@')[0]}@challenger"
        self.slots = {"champion": Slot("champion", model), "challenger": Slot("challenger", compared)}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="follow", daemon=True)

    def start(self) -> None:
        """Load what is there, then follow the aliases.

        Raises:
            UserError: If a model that is no alias cannot be used.
        """
        for slot in self.slots.values():
            if slot.source is not None and not _alias_of(slot.source):
                slot.current = load(slot.source, self._usage)
        self.look()
        if self.follows:
            self._thread.start()

    def stop(self) -> None:
        """End the following."""
        self._ended.set()

    @property
    def follows(self) -> bool:
        """Whether an alias of the registry is followed."""
        return any(slot.source is not None and _alias_of(slot.source) for slot in self.slots.values())

    @property
    def problem(self) -> str:
        """What is wrong with any of them, in one line; empty if nothing."""
        return "; ".join(slot.problem for slot in self.slots.values() if slot.problem)

    def get(self, role: str) -> Loaded:
        """Give the model of a role; whoever has it may use it to the end, whatever is promoted meanwhile.

        Raises:
            RefusedError: 503 if there is no champion, 422 if there is nothing to compare with.
        """
        slot = self.slots[role]
        found = slot.current
        if found is not None:
            return found
        if role == "champion":
            raise RefusedError(503, slot.problem or "no model is loaded", "no-model", {"Retry-After": "5"})
        raise RefusedError(422, slot.problem or "there is no challenger to compare with", "no-challenger")

    def described(self) -> dict[str, Any]:
        """Say what answers in each role, and what is wrong."""
        found: dict[str, Any] = {"follows": self.follows}
        for role, slot in self.slots.items():
            now = slot.current
            found[role] = None if now is None else {"role": role, **now.described()}
        return found | {"problem": self.problem or None}

    def look(self) -> None:
        """Look at the aliases once, and load what is new; a failure is said and leaves everything as it is."""
        for slot in self.slots.values():
            parts = _alias_of(slot.source) if slot.source is not None else None
            if parts is not None:
                self._look_at(slot, *parts)

    def _look_at(self, slot: Slot, name: str, alias: str) -> None:
        try:
            version = self._aliases(name).get(alias, "")
        # A database that is locked, a server that is away: each store has exceptions of its own, and each is said, not hidden.
        except Exception as error:
            self._say(slot, f"the registry cannot be read ({_line(error)}); {_goes_on(slot)}")
            return
        if not version:
            self._without(slot, name, alias)
            return
        uri = f"models:/{name}/{version}"
        if slot.current is not None and slot.current.name == uri:
            self._say(slot, "")
            slot.wanted = uri
            return
        now = time.monotonic()
        if slot.wanted == uri and slot.problem and now - slot.tried < RETRY_SECONDS:
            return
        slot.wanted, slot.tried = uri, now
        try:
            loaded = self._loaded(uri)
        # What a broken file makes a runtime raise cannot be listed; the model that answers now must go on.
        except Exception as error:
            self._say(slot, f"{alias} is {uri}, which does not load ({_line(error)}); {_goes_on(slot)}")
            return
        # In this order: whoever sees the new one must not see what was wrong before it.
        self._say(slot, "")
        slot.current = loaded
        print(f"serve: {slot.role} is {uri}", file=sys.stderr, flush=True)

    def _without(self, slot: Slot, name: str, alias: str) -> None:
        slot.wanted = ""
        if slot.role == "challenger":
            slot.current = None
            self._say(slot, "")
        elif slot.current is None:
            self._say(slot, f"models:/{name}@{alias}: no such version yet; 'dvc repro' makes the first, --model shipped needs none")
        else:
            self._say(slot, f"models:/{name}@{alias} is gone; {_goes_on(slot)}")

    def _loaded(self, uri: str) -> Loaded:
        """Take a version that is loaded in another role: a promotion of the challenger then takes no time."""
        for slot in self.slots.values():
            if slot.current is not None and slot.current.name == uri:
                return slot.current
        return load(uri, self._usage)

    def _say(self, slot: Slot, problem: str) -> None:
        if problem and problem != slot.problem:
            print(f"serve: {problem}", file=sys.stderr, flush=True)
        slot.problem = problem

    def _follow(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            self.look()


def look_up(name: str) -> dict[str, str]:
    """Read the aliases of a registered model; an SQLite store is read without MLflow, and one that is not there has none."""
    from pipelines.tracking.database import is_database_missing
    from pipelines.tracking.location import tracking_uri
    from pipelines.tracking.lookup import LookupClient, aliases, is_known
    from pipelines.tracking.server import make_client, reachable

    uri = tracking_uri()
    if is_database_missing(uri):
        return {}
    with reachable(uri):
        return aliases(LookupClient(uri) if is_known(uri) else make_client(uri), name)


def _alias_of(model: str) -> tuple[str, str] | None:
    """Give name and alias of `models:/NAME@ALIAS`; None for everything else."""
    if not model.startswith("models:") or "@" not in model:
        return None
    from pipelines.registry.versions import parse_uri

    name, alias = parse_uri(model)
    if alias.isdecimal():
        raise UserError(f"{model}: expected an alias behind the @; models:/{name}/{alias} is that version")
    return name, alias


def _goes_on(slot: Slot) -> str:
    return "nothing answers" if slot.current is None else f"{slot.current.name} goes on"


def _line(error: Exception) -> str:
    said = " ".join(str(error).split())[:300]
    return said if isinstance(error, UserError) else f"{type(error).__name__}: {said}"

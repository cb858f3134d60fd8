"""Keeps passwords out of what a run shows: its log, and the message of its state."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pipelines.redaction import HIDDEN, passwords_in, without_passwords

_NAMED_SO = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|API_KEY|ACCESS_KEY|AUTH_STRING|CREDENTIAL", re.IGNORECASE)
# Shorter ones would blot out ordinary words such as `false`, and protect nothing.
_SHORTEST = 6


def hider(environment: Mapping[str, str]) -> Callable[[str], str]:
    """Make the function that blots secrets out of a text.

    What counts as one: the value of a variable whose name says so, the password inside any variable's address, and whatever stands where an
    address of the text itself has its password.

    Args:
        environment: Of the process whose text it is.
    """
    named = {value for name, value in environment.items() if _NAMED_SO.search(name)}
    inside = {password for value in environment.values() for password in passwords_in(value)}
    secrets = sorted((value for value in named | inside if len(value) >= _SHORTEST), key=len, reverse=True)
    any_secret = re.compile("|".join(re.escape(value) for value in secrets) or r"(?!)")

    def hide(text: str) -> str:
        return any_secret.sub(HIDDEN, without_passwords(text))

    return hide

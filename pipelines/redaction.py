"""Secrets that no message, log or page may show: passwords in addresses, and values of variables that hold secrets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

HIDDEN = "***"
# Up to the last @ before the path, since a password may hold one that nobody has encoded.
_IN_ADDRESS = re.compile(r"(?<=://)([^/\s:@]*):([^/\s]+)@")
_SECRET_NAMES = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|API_KEY|ACCESS_KEY|AUTH_STRING|CREDENTIAL", re.IGNORECASE)
# Shorter values would hide ordinary words such as `false`, and protect nothing.
_MIN_LENGTH = 6


def redact_passwords(text: str) -> str:
    """Hide the password of every address in a text; users and hosts stay as they are written."""
    return _IN_ADDRESS.sub(rf"\1:{HIDDEN}@", text)


def find_passwords(text: str) -> set[str]:
    """Find the passwords of the addresses in a text."""
    return {password for _, password in _IN_ADDRESS.findall(text)}


def make_redactor(environment: Mapping[str, str]) -> Callable[[str], str]:
    """Make the function that hides the secrets of a process in a text.

    A secret is the value of a variable whose name says so, the password inside any variable's address, and the password of any address in
    the text itself.

    Args:
        environment: Of the process whose text it is.
    """
    named = {value for name, value in environment.items() if _SECRET_NAMES.search(name)}
    inside = {password for value in environment.values() for password in find_passwords(value)}
    secrets = sorted((value for value in named | inside if len(value) >= _MIN_LENGTH), key=len, reverse=True)
    any_secret = re.compile("|".join(re.escape(value) for value in secrets) or r"(?!)")

    def redact(text: str) -> str:
        return any_secret.sub(HIDDEN, redact_passwords(text))

    return redact

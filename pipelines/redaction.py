"""Passwords inside addresses, which no message, log or file may show."""

from __future__ import annotations

import re

HIDDEN = "***"
# Up to the last @ before the path, since a password may hold one that nobody has encoded.
_IN_ADDRESS = re.compile(r"(?<=://)([^/\s:@]*):([^/\s]+)@")


def without_passwords(text: str) -> str:
    """Blot out the password of every address in a text; users and hosts stay as they are written."""
    return _IN_ADDRESS.sub(rf"\1:{HIDDEN}@", text)


def passwords_in(text: str) -> set[str]:
    """Find the passwords of the addresses in a text."""
    return {password for _, password in _IN_ADDRESS.findall(text)}

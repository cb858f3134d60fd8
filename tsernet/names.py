"""Sample names that meet nothing, and what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence

_SHOWN = 10


def describe_unknown(unknown: Sequence[str], known: Collection[str]) -> str:
    """List names that are not known, each with the nearest known one, such as `7 (nearest: 007), coil.png (nearest: coil)`.

    Args:
        unknown: At least one name; the first ten are listed, the rest counted.
        known: The names that there are.
    """
    listed = []
    for name in unknown[:_SHOWN]:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5) or [one for one in known if one.lstrip("0") == name.lstrip("0")][:1]
        listed.append(f"{name} (nearest: {near[0]})" if near else name)
    more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
    return ", ".join(listed) + more

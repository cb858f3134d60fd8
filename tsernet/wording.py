"""Counts in sentences."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """Put a count before its noun: `1 image`, `0 images`, `1,200 images` as `1200 images`.

    Args:
        count: How many.
        noun: In the singular; its plural takes an s.
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"

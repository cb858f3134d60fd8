"""The fault that most unusable samples share, and the key of params.yaml that mends it: one systematic mistake deserves one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tsernet.data.prepare.manifest import Row

_NAMED = 3
_SETTINGS = {
    "mask-zero-one": "dataset.masks.values: nonzero",
    "mask-channels": "dataset.masks.values: nonzero",
    "mask-palette": "dataset.masks.values to the list of the defects' indices",
    "image-depth": "dataset.levels: auto",
    "image-bomb": "validate.max_pixels",
    "mask-bomb": "validate.max_pixels",
}


def describe_faults(rows: Sequence[Row]) -> str | None:
    """Describe the most frequent reason for which samples cannot be used.

    Args:
        rows: The manifest.
    Returns:
        One line: how many samples (and lines of labels.csv that meet none) are unusable, the reason, how often it occurs, three files,
        and what to set where a setting mends it; None where all samples are usable.
    """
    unusable = [row for row in rows if not row.usable]
    if not unusable:
        return None
    counts = Counter(_code(row) for row in unusable)
    code = max(sorted(counts), key=lambda code: counts[code])
    affected = [row for row in unusable if _code(row) == code]
    found = affected[0].reason.partition("; ")[0]
    files = ", ".join(_file(row, code) for row in affected[:_NAMED]) + (", …" if len(affected) > _NAMED else "")
    setting = _setting(code, affected, unusable)
    counted = "samples and lines of labels.csv" if "label-unmatched" in counts else "samples"
    return f"{len(unusable)} of {len(rows)} {counted} cannot be used; most frequent reason, {len(affected)} times: {found} ({files})" + (
        f"; set {setting}" if setting else ""
    )


def describe_lone_samples(rows: Sequence[Row]) -> str | None:
    """Describe the samples without a group where others have one: images of one coil that may be torn apart.

    Args:
        rows: The manifest.
    Returns:
        One line: how many, three names, and what follows; None where all usable samples have a group or none has.
    """
    usable = [row for row in rows if row.usable]
    lone = [row.name for row in usable if row.group == row.name]
    if not lone or len(lone) == len(usable):
        return None
    names = ", ".join(lone[:_NAMED]) + (", …" if len(lone) > _NAMED else "")
    return f"{len(lone)} of {len(usable)} samples have no group ({names}): the split takes each for one of its own; labels.csv gives groups"


def _code(row: Row) -> str:
    return row.reason.partition(":")[0]


def _file(row: Row, code: str) -> str:
    return (row.mask_file if code.startswith("mask-") else row.image_file) or row.mask_file or row.image_file or row.name


def _setting(code: str, affected: Sequence[Row], unusable: Sequence[Row]) -> str | None:
    if code in ("mask-missing", "image-missing"):
        suffix = _mask_suffix(unusable)
        return f"dataset.masks.suffix: {suffix}" if suffix else None
    if code == "mask-grey":
        # Up to eight values are numbers of classes or instances; more are soft borders, or a JPEG's noise.
        is_soft = any((row.mask_values or "").endswith("…") for row in affected)
        return "dataset.masks.threshold: 128" if is_soft else "dataset.masks.values: nonzero, or the list of the defects' values"
    return _SETTINGS.get(code)


def _mask_suffix(unusable: Sequence[Row]) -> str | None:
    """Find what most masks without an image have behind the name of an image without a mask."""
    images = {row.name for row in unusable if _code(row) == "mask-missing"}
    tails: Counter[str] = Counter()
    for row in unusable:
        if _code(row) == "image-missing":
            tails.update({row.name[end:] for end in range(1, len(row.name)) if row.name[:end] in images})
    # The longest of the most frequent: of a_1 and a_1_mask, `a` may be an image too.
    return max(tails, key=lambda tail: (tails[tail], len(tail)), default=None)

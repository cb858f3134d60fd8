"""Raw files to samples of one form and the manifest."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import partial
from pathlib import Path

from tsernet.data.atomic import replacing
from tsernet.data.classes import CLEAN, UNNAMED
from tsernet.data.layout import list_samples, read_labels
from tsernet.data.prepare.faults import describe_faults, describe_lone_samples
from tsernet.data.prepare.manifest import COLUMNS, Row, read_manifest, write_manifest
from tsernet.data.prepare.sample import Job, prepare_sample
from tsernet.data.progress import in_parallel
from tsernet.images.masks import DEFAULT_RULE, MaskRule
from tsernet.names import describe_unknown

# The nearest name of each costs a look at all names.
_NEAREST_FOR = 100

__all__ = ["COLUMNS", "Row", "describe_faults", "describe_lone_samples", "prepare", "read_manifest", "write_manifest"]


def prepare(
    raw: Path,
    prepared: Path,
    edge_width: int,
    max_pixels: int,
    *,
    masks: MaskRule = DEFAULT_RULE,
    has_levels: bool = False,
    subfolders: str = "name",
    exclude: Collection[str] = (),
) -> list[Row]:
    """Decode every file of the raw folder once and write samples, edge maps and the manifest.

    Args:
        raw: What the stage acquire wrote.
        prepared: The folder to make or replace: images/, masks/, edges/ and manifest.csv.
        edge_width: Of the edge maps, in pixels.
        max_pixels: Above this a file is not decoded.
        masks: How masks are named and what in them is defect.
        has_levels: Whether images of more than 8 bits will be brought to 8 by levels; without them they are unusable.
        subfolders: What a folder in images/ says: `name`, `group` or `class`.
        exclude: Names of samples that were left out: lines of labels.csv may name them.
    Returns:
        The manifest's rows; a line of labels.csv that meets no image is an unusable one, since its class and group would else be lost
        without a word, and one coil could stand on both sides of a split.
    Raises:
        UserError: If the raw folder is not laid out as expected or the disk is full.
    """
    samples = list_samples(raw, masks.suffix, subfolders)
    with replacing(prepared) as fresh:
        for room in ("images", "masks", "edges"):
            (fresh / room).mkdir()
        rows = list(
            in_parallel(partial(prepare_sample, Job(fresh, edge_width, max_pixels, masks, has_levels)), samples, "preparing samples")
        )
        rows = [replace(row, class_=CLEAN) if row.defect_pixels == 0 and row.class_ == UNNAMED else row for row in rows]
        rows += _unmatched_labels(raw, {sample.name for sample in samples}, exclude)
        write_manifest(rows, fresh / "manifest.csv")
    return rows


def _unmatched_labels(raw: Path, names: Collection[str], exclude: Collection[str]) -> list[Row]:
    known = {*names, *exclude}
    unmatched = [(name, *label) for name, label in read_labels(raw / "labels.csv").items() if name not in known]
    rows = []
    for index, (name, class_name, group) in enumerate(unmatched):
        named = describe_unknown([name], names) if index < _NEAREST_FOR else name
        reason = f"label-unmatched: labels.csv names {named}, which is the name of no image"
        rows.append(Row(name, class_name or UNNAMED, group or name, usable=False, reason=reason, image_file="", mask_file=""))
    return rows

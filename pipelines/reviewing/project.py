"""The chosen images as a project of an annotation tool: images, maps, first annotations, and why each was chosen."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from pipelines.outputs import save_png
from tsernet.annotations.export import ExportFormat, ExportOptions, MapFile, export_annotations
from tsernet.data.partial import staging_folder, take_place
from tsernet.data.pixels import read_samples
from tsernet.review import SIGNALS, Chosen
from tsernet.review.candidates import Scales, Weighed

TABLE = "review.csv"
COLUMNS = ("rank", "image", "file", "reason", "worth", *SIGNALS, "marked_pixels", "most_like", "likeness")
"""Of review.csv: signals, worth and likeness are in [0, 1]; `most_like` is the image chosen before that it looks most like."""
_SOURCES = {"labelme": "annotations", "cvat": "annotations/annotations.xml", "label-studio": "EXPORT.json"}
_LABELS = """<View>
  <Image name="image" value="$image"/>
  <PolygonLabels name="label" toName="image"><Label value="{label}"/></PolygonLabels>
</View>
"""


def write_project(
    format_name: ExportFormat, chosen: Sequence[Chosen], weighed: Sequence[Weighed], scales: Scales, to: Path, label: str, tolerance: float
) -> str:
    """Write the project, whole or not at all.

    Args:
        format_name: Of the tool.
        chosen: Of the weighed images, the first one first.
        weighed: The images.
        scales: What they were weighed by: its first model makes the first annotations.
        to: A folder that is not there, or empty.
        label: The class of all objects.
        tolerance: How far a polygon may leave the outline, pixels.
    Returns:
        The command that takes the corrected annotations back.
    """
    with staging_folder(to) as staging:
        maps = []
        for one in (weighed[each.index] for each in chosen):
            image = staging / "images" / f"{one.name}{one.path.suffix.lower()}"
            image.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(one.path, image)
            target = staging / "maps" / f"{one.name}.png"
            samples = read_samples(one.path, max_pixels=scales.max_pixels)
            save_png(Image.fromarray(scales.judge.map_of(samples)), target, is_map=True)
            maps.append(MapFile(one.name, target, image))
        folder = staging / "annotations"
        folder.mkdir()
        export = ExportOptions(scales.judge.level, tolerance, label)
        export_annotations(format_name, maps, staging / "images", folder, folder, export, lambda: None)
        if format_name == "label-studio":
            (folder / "labels.xml").write_text(_LABELS.format(label=label), encoding="utf-8")
        _write_table(chosen, weighed, staging / TABLE)
        take_place(staging, to)
    source = _SOURCES[format_name] if format_name == "label-studio" else str(to / _SOURCES[format_name])
    return f"tsernet import {format_name} {source} --images {to / 'images'} --unannotated clean --out FOLDER"


def _write_table(chosen: Sequence[Chosen], weighed: Sequence[Weighed], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(COLUMNS)
        for rank, each in enumerate(chosen, start=1):
            one = weighed[each.index]
            before = "" if each.nearest is None else weighed[each.nearest].name
            signals = [round(float(getattr(one.signals, name)), 4) for name in SIGNALS]
            figures = [round(one.signals.worth, 4), *signals, one.marked, before, round(each.likeness, 4)]
            writer.writerow([rank, one.name, one.path, one.reason, *figures])

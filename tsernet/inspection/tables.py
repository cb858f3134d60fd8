"""Defects and verdicts as CSV, JSON and Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tsernet.data.atomic import full_disk_named, write_whole
from tsernet.data.partial import whole_file
from tsernet.defects.verdict import Found

COLUMNS = (
    ("image", "text"),
    ("id", "whole"),
    ("frames", "whole"),
    ("last_frame", "text"),
    ("left", "whole"),
    ("top", "whole"),
    ("box_width", "whole"),
    ("box_height", "whole"),
    ("area", "whole"),
    ("length", "number"),
    ("width", "number"),
    ("angle", "number"),
    ("mean", "number"),
    ("peak", "number"),
    ("edge_distance", "whole"),
    ("left_mm", "number"),
    ("top_mm", "number"),
    ("area_mm2", "number"),
    ("length_mm", "number"),
    ("width_mm", "number"),
    ("edge_distance_mm", "number"),
)
"""Of defects.csv and defects.parquet, with their kinds; lengths without a unit are pixels of the image."""


@dataclass(frozen=True)
class Inspected:
    """One inspected image, or the frames of a strip.

    Attributes:
        names: Of the frames, the first one's top first.
        heights: Of the frames, pixels.
        width: Pixels.
        found: The defects.
        pixel_mm: Side of a pixel, millimetres; None where it is not known.
    """

    names: tuple[str, ...]
    heights: tuple[int, ...]
    width: int
    found: tuple[Found, ...]
    pixel_mm: float | None

    def rows(self) -> list[dict[str, Any]]:
        """List the defects, a mapping by `COLUMNS` each."""
        return [_row(self, number, one) for number, one in enumerate(self.found, start=1)]

    def verdicts(self) -> list[dict[str, Any]]:
        """Say of every frame whether it has a defect, and how many lie in it, wholly or in part."""
        counts = [sum(index in one.frames for one in self.found) for index in range(len(self.names))]
        return [
            {"image": name, "width": self.width, "height": height, "verdict": "defective" if count else "clean", "defects": count}
            for name, height, count in zip(self.names, self.heights, counts, strict=True)
        ]


def write_tables(inspected: Sequence[Inspected], settings: dict[str, Any], out: Path) -> bool:
    """Write defects.csv, defects.json, images.csv and, where pyarrow is installed, defects.parquet.

    Args:
        inspected: In the order of the images.
        settings: What the verdicts depend on, for the JSON file.
        out: The folder.
    Returns:
        Whether all are written.
    """
    rows = [row for one in inspected for row in one.rows()]
    verdicts = [verdict for one in inspected for verdict in one.verdicts()]
    names = [name for name, _ in COLUMNS]
    write_whole(out / "defects.csv", _csv(names, rows))
    write_whole(out / "images.csv", _csv(["image", "width", "height", "verdict", "defects"], verdicts))
    by_image: dict[str, list[dict[str, Any]]] = {verdict["image"]: [] for verdict in verdicts}
    for row in rows:
        by_image[row["image"]].append({key: value for key, value in row.items() if key != "image" and value is not None})
    content = {"settings": settings, "images": [verdict | {"found": by_image[verdict["image"]]} for verdict in verdicts]}
    write_whole(out / "defects.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    if find_spec("pyarrow") is None:
        # One of an earlier call would tell of other defects.
        (out / "defects.parquet").unlink(missing_ok=True)
        return False
    _write_parquet(rows, out / "defects.parquet")
    return True


def _row(inspected: Inspected, number: int, found: Found) -> dict[str, Any]:
    defect, size = found.defect, inspected.pixel_mm
    pixels = {
        "left": defect.left,
        "top": defect.top,
        "length": round(defect.length, 2),
        "width": round(defect.width, 2),
        "edge_distance": defect.edge_distance,
    }
    return {
        "image": inspected.names[found.frames[0]],
        "id": number,
        "frames": len(found.frames),
        "last_frame": inspected.names[found.frames[-1]],
        **pixels,
        "box_width": defect.right - defect.left,
        "box_height": defect.bottom - defect.top,
        "area": defect.area,
        "angle": round(defect.angle, 1) + 0.0,  # no minus in front of 0
        "mean": round(defect.mean, 4),
        "peak": round(defect.peak, 4),
        "area_mm2": None if size is None else round(defect.area * size * size, 4),
        **{f"{key}_mm": None if size is None else round(value * size, 4) for key, value in pixels.items()},
    }


def _csv(names: Sequence[str], rows: Sequence[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _write_parquet(rows: Sequence[dict[str, Any]], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"text": pa.string(), "whole": pa.int64(), "number": pa.float64()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in COLUMNS])
    with full_disk_named(path), whole_file(path) as partial:
        pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), partial)

"""Which file of a raw dataset is a picture, which a mask, and which belong together."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from tsernet.data.classes import UNNAMED, class_and_number
from tsernet.errors import UserError

PICTURE_SUFFIXES = frozenset({".png", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff"})
MASK_SUFFIXES = frozenset({".png"})

ROOMS = (("images", "masks"), ("Source Images", "Ground truth"))
"""Folder names of pictures and masks: ours, and those of SD-saliency-900."""


@dataclass(frozen=True)
class RawSample:
    """What belongs together by its stem; a side with no file or with several cannot be used."""

    name: str
    class_name: str
    group: str
    pictures: tuple[Path, ...]
    masks: tuple[Path, ...]


def rooms_of(root: Path) -> tuple[Path, Path]:
    """Find the folders of pictures and of masks.

    Raises:
        UserError: If there is neither `images` and `masks` nor the published names.
    """
    for pictures, masks in ROOMS:
        if (root / pictures).is_dir() and (root / masks).is_dir():
            return root / pictures, root / masks
    raise UserError(f"{root}: expected the folders images/ and masks/")


def is_hidden(path: Path) -> bool:
    """Say whether a file is one that file managers leave about rather than data."""
    return path.name.startswith(".") or path.name in ("Thumbs.db", "desktop.ini")


def list_samples(root: Path) -> list[RawSample]:
    """Pair pictures and masks by stem, sorted by name (numbers by value), with class and group.

    Class and group come from `labels.csv` where there is one; else the class comes from a name such as Pa_101, else
    it is `defect`; a picture without a group is a group of its own.

    Raises:
        UserError: If the folders are missing or labels.csv is not what it should be.
    """
    picture_room, mask_room = rooms_of(root)
    pictures, masks = _by_stem(picture_room, PICTURE_SUFFIXES), _by_stem(mask_room, MASK_SUFFIXES)
    labels = read_labels(root / "labels.csv")
    samples = []
    for name in sorted(pictures.keys() | masks.keys(), key=_natural):
        known = class_and_number(name)
        class_name, group = labels.get(name, ("", ""))
        class_name = class_name or (known[0] if known else UNNAMED)
        samples.append(RawSample(name, class_name, group or name, tuple(pictures.get(name, ())), tuple(masks.get(name, ()))))
    return samples


def read_labels(path: Path) -> dict[str, tuple[str, str]]:
    """Read labels.csv: name → (class, group), either empty where not given; no file, no labels.

    Raises:
        UserError: If a needed column is missing, or a name is empty or comes twice.
    """
    if not path.exists():
        return {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            rows = csv.DictReader(lines)
            columns = rows.fieldnames or []
            if "name" not in columns or not {"class", "group"} & set(columns):
                raise UserError(f"{path}: expected the columns name, class and, if you like, group; got {', '.join(columns) or 'none'}")
            labels: dict[str, tuple[str, str]] = {}
            for row in rows:
                name = _stem((row["name"] or "").strip())
                if not name or name in labels:
                    raise UserError(
                        f"{path}, line {rows.line_num}: {'no name' if not name else f'{name} comes twice'}; expected one line a picture"
                    )
                labels[name] = ((row.get("class") or "").strip(), (row.get("group") or "").strip())
            return labels
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: expected a CSV file in UTF-8 ({error})") from None


def _stem(name: str) -> str:
    return name[: -len(Path(name).suffix)] if Path(name).suffix.lower() in PICTURE_SUFFIXES else name


def _by_stem(room: Path, suffixes: frozenset[str]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(room.iterdir()):
        if path.suffix.lower() in suffixes and not is_hidden(path):
            found[path.stem].append(path)
    return found


def _natural(name: str) -> tuple[str, int, str]:
    head = name.rstrip("0123456789")
    tail = name[len(head) :]
    return head, int(tail) if tail else -1, name

"""Which file of a raw dataset is an image, which a mask, and which belong together."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tsernet.data.classes import UNNAMED, class_and_number
from tsernet.errors import UserError
from tsernet.images.formats import SUFFIXES
from tsernet.images.masks import MASK_SUFFIXES

IMAGE_SUFFIXES = frozenset(SUFFIXES)

ROOMS = (("images", "masks"), ("Source Images", "Ground truth"))
"""Folder names of images and masks: ours, and those of SD-saliency-900."""

_LEFT_BY_OTHERS = ("Thumbs.db", "desktop.ini", "__MACOSX", "@eaDir")


@dataclass(frozen=True)
class RawSample:
    """What belongs together by its name; a side with no file or with several cannot be used.

    `name`: the stem, behind the folders that the image lies in: `coil7/001`.
    """

    name: str
    class_name: str
    group: str
    images: tuple[Path, ...]
    masks: tuple[Path, ...]


def rooms_of(root: Path) -> tuple[Path, Path]:
    """Find the folders of images and of masks.

    Raises:
        UserError: If there is neither `images` and `masks` nor the published names.
    """
    for images, masks in ROOMS:
        if (root / images).is_dir() and (root / masks).is_dir():
            return root / images, root / masks
    raise UserError(f"{root}: expected the folders images/ and masks/")


def is_hidden(path: Path) -> bool:
    """Say whether a file or folder is one that file managers leave about rather than data."""
    return path.name.startswith(".") or path.name in _LEFT_BY_OTHERS


def files_below(room: Path, suffixes: tuple[str, ...] | frozenset[str]) -> Iterator[Path]:
    """Walk the files of these suffixes in a folder and the folders in it, in the order of their names; hidden ones are passed over.

    A link to a folder is not entered: what it shows may lie anywhere.
    """
    for path in sorted(room.iterdir()):
        if is_hidden(path):
            continue
        if path.is_dir():
            if not path.is_symlink():
                yield from files_below(path, suffixes)
        elif path.suffix.lower() in suffixes:
            yield path


def name_below(path: Path, room: Path) -> str:
    """Name a file by its place in a folder, without its suffix: `coil7/001`."""
    return path.relative_to(room).with_suffix("").as_posix()


def list_samples(root: Path, mask_suffix: str = "", subfolders: str = "name") -> list[RawSample]:
    """Pair images and masks by name, sorted by name (numbers by value), with class and group.

    Class and group come from `labels.csv` where there is one; then from the folder, where `subfolders` says so; else the class comes from
    a name such as Pa_101, else it is `defect`; an image without a group is a group of its own.

    Args:
        root: Holds the two folders.
        mask_suffix: What a mask's stem has behind its image's, such as `_mask`.
        subfolders: What the folder of an image is besides a part of its name: `name` (nothing more), `group` or `class`.
    Raises:
        UserError: If the folders are missing or labels.csv is not what it should be.
    """
    image_room, mask_room = rooms_of(root)
    images, masks = _by_name(image_room, IMAGE_SUFFIXES), _masks_by_name(mask_room, mask_suffix)
    labels = read_labels(root / "labels.csv")
    samples = []
    for name in sorted(images.keys() | masks.keys(), key=_natural):
        folder, _, stem = name.rpartition("/")
        known = class_and_number(stem)
        class_name, group = labels.get(name, ("", ""))
        class_name = class_name or (folder if subfolders == "class" else "") or (known[0] if known else UNNAMED)
        group = group or (folder if subfolders == "group" else "") or name
        samples.append(RawSample(name, class_name, group, tuple(images.get(name, ())), tuple(masks.get(name, ()))))
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
                name = labelled_name(row["name"])
                if not name or name in labels:
                    raise UserError(
                        f"{path}, line {rows.line_num}: {'no name' if not name else f'{name} comes twice'}; expected one line an image"
                    )
                labels[name] = ((row.get("class") or "").strip(), (row.get("group") or "").strip())
            return labels
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: expected a CSV file in UTF-8 ({error})") from None


def to_utf8_path(path: Path) -> Path:
    """Give a path whose every byte is UTF-8: what is not becomes %XX, as in an address.

    Tables, pages and other programs take text alone; a file system takes any bytes.
    """
    if str(path).isascii():  # nearly all are, and there may be many
        return path
    # Python reads such a byte as a lone surrogate, U+DC80 to U+DCFF.
    return Path("".join(f"%{ord(letter) - 0xDC00:02X}" if "\udc80" <= letter <= "\udcff" else letter for letter in str(path)))


def labelled_name(cell: str | None) -> str:
    """Read a sample's name as a person may write it in labels.csv, with the image's suffix or without."""
    name = (cell or "").strip()
    return name[: -len(Path(name).suffix)] if Path(name).suffix.lower() in IMAGE_SUFFIXES else name


def _by_name(room: Path, suffixes: frozenset[str]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in files_below(room, suffixes):
        found[name_below(path, room)].append(path)
    return found


def _masks_by_name(room: Path, suffix: str) -> dict[str, list[Path]]:
    """Group masks by their image's name; of several formats the first of MASK_SUFFIXES is the mask, as a PNG always was."""
    found: dict[str, list[Path]] = defaultdict(list)
    for name, paths in _by_name(room, frozenset(MASK_SUFFIXES)).items():
        found[name.removesuffix(suffix)] += paths
    return {name: _preferred(paths) for name, paths in found.items()}


def _preferred(paths: list[Path]) -> list[Path]:
    if len({path.stem for path in paths}) > 1:
        return paths
    pngs = [path for path in paths if path.suffix.lower() == MASK_SUFFIXES[0]]
    return pngs or paths


def _natural(name: str) -> tuple[str, int, str]:
    head = name.rstrip("0123456789")
    tail = name[len(head) :]
    return head, int(tail) if tail else -1, name

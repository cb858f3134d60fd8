"""From annotated images to a folder that `dataset.folder` takes: images/, masks/, labels.csv; whole or not at all."""

from __future__ import annotations

import csv
import json
import re
import shutil
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from tsernet.annotations import coco, cvat, label_studio, labelme, severstal, voc, yolo
from tsernet.annotations.adding import add_files
from tsernet.annotations.mask_files import kolektor, mvtec
from tsernet.annotations.shapes import AnnotatedImage, Mask
from tsernet.annotations.steel_sets import gc10, neu_seg
from tsernet.data.atomic import write_whole
from tsernet.data.partial import staging_folder, take_place
from tsernet.data.progress import over_all_cores
from tsernet.errors import UserError
from tsernet.images.decode import decode
from tsernet.images.errors import ImageError

FORMATS: dict[str, Any] = {
    "coco": coco,
    "cvat": cvat,
    "gc10": gc10,
    "kolektor": kolektor,
    "label-studio": label_studio,
    "labelme": labelme,
    "mvtec": mvtec,
    "neu-seg": neu_seg,
    "severstal": severstal,
    "voc": voc,
    "yolo": yolo,
}
"""Each has `read(source, images, line_width)`, which lists its annotated images, and `RULE`, how an object becomes pixels."""

_WITH_LINES = ("cvat", "label-studio", "labelme")
_IMAGES_INSIDE = ("kolektor", "mvtec")
"""What these lists do not have, `read` takes and leaves unused; a person who gives it is told instead."""

RECORD = "import.json"
CLEAN = "clean"


@dataclass(frozen=True)
class ImportOptions:
    """How to import.

    Attributes:
        images: Folder of the images, where it is not where the format has it.
        line_width: Of lines and points, pixels.
        unannotated: `skip` leaves images without an annotation out and counts them; `clean` makes them clean images.
        group_from: Regular expression whose first group, found in an image's name, is its group.
        update: Replace what an earlier import of the same folder wrote, and nothing else.
        add: Add to a folder that holds a dataset; of an image that it has already, the mask and the labels are replaced.
        dry_run: Check and count, write nothing.
    """

    images: Path | None = None
    line_width: int | None = None
    unannotated: Literal["skip", "clean"] = "skip"
    group_from: str | None = None
    update: bool = False
    add: bool = False
    dry_run: bool = False


@dataclass
class ImportReport:
    """What was imported; `import.json` in the folder holds it.

    Attributes:
        without_pixels: Objects that mark no pixel, such as an outline narrower than one; they are left out, and so is an image that has no
            others: it is not known to be clean.
        first_without_pixels: The file and class of the first of them.
        without_group: Images whose names `group_from` is not found in, of which each is a group of its own; 0 without it.
        first_without_group: The name of the first of them.
        files: What the import wrote, relative to the folder.
    """

    format: str
    source: str
    rule: str
    images: int = 0
    unannotated: int = 0
    objects: int = 0
    without_pixels: int = 0
    first_without_pixels: str = ""
    without_group: int = 0
    first_without_group: str = ""
    classes: dict[str, int] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)


def import_dataset(format_name: str, source: Path, out: Path, options: ImportOptions, progress: Callable[[int, int], None]) -> ImportReport:
    """Import a dataset.

    Many images are converted by processes, one for each core, so that a script needs Python's `if __name__ == "__main__"`.

    Args:
        format_name: One of FORMATS.
        source: File or folder of the format.
        out: Folder to make; with `update`, one that an earlier import made; with `add`, one with images/ and masks/.
        options: How.
        progress: Told how many images are done, and of how many.
    Returns:
        The counts.
    Raises:
        UserError: If anything in the source is not what the format allows, an option has no effect on the format, or `out` may not be
            written; then nothing was written.
    """
    _require_effect(format_name, options)
    earlier = _earlier(out, options)
    kind = FORMATS[format_name]
    pattern = _pattern(options.group_from)
    report = ImportReport(format_name, str(source), str(kind.RULE))
    entries = kind.read(source, options.images, options.line_width)
    with nullcontext() if options.dry_run else staging_folder(out) as staging:
        _write(entries, staging, report, options, pattern, progress)
        if staging:
            if options.add:
                report.files = add_files(staging, out, report.files, earlier)
                _write_record(report, out)
            else:
                _publish(staging, out, report, earlier)
    return report


def _require_effect(format_name: str, options: ImportOptions) -> None:
    if options.line_width is not None and format_name not in _WITH_LINES:
        raise UserError(f"--line-width: has no effect on {format_name}; it is for the lines and points of {', '.join(_WITH_LINES)}")
    if options.images is not None and format_name in _IMAGES_INSIDE:
        raise UserError(f"--images: has no effect on {format_name}, whose images and masks lie in the one folder that is given")


def _write(
    entries: Sequence[AnnotatedImage],
    target: Path | None,
    report: ImportReport,
    options: ImportOptions,
    pattern: re.Pattern[str] | None,
    progress: Callable[[int, int], None],
) -> None:
    _require_different_names(entries)
    classes: Counter[str] = Counter()
    labels: list[tuple[str, str, str]] = []
    with closing(over_all_cores(partial(_convert, target, options.unannotated), entries)) as converted:
        for done, (entry, (areas, files)) in enumerate(zip(entries, converted, strict=True), start=1):
            progress(done, len(entries))
            if not areas and options.unannotated == "skip":
                report.unannotated += 1
                continue
            marked = [one for one in areas if one[1]]
            if lost := [class_name for class_name, area in areas if not area]:
                report.without_pixels += len(lost)
                report.first_without_pixels = report.first_without_pixels or f"{entry.file} ({lost[0]})"
                if not marked:
                    continue
            report.images += 1
            report.objects += len(marked)
            class_name = max(marked, key=lambda one: one[1])[0] if marked else CLEAN
            classes[class_name] += 1
            labels.append((entry.name, class_name, _group(entry.name, pattern)))
            report.files += files
    if not report.images:
        if report.without_pixels:
            raise UserError(f"{report.source}: no object marks a pixel, such as in {report.first_without_pixels}")
        raise UserError(f"{report.source}: no image has an annotation; --unannotated clean imports them as clean images")
    if pattern:
        without = [name for name, _, group in labels if not group]
        if len(without) == len(labels):
            raise UserError(
                f"--group-from {pattern.pattern!r}: is found in no name, such as {without[0]}; images of one coil could be torn apart"
            )
        report.without_group, report.first_without_group = len(without), without[0] if without else ""
    report.classes = dict(sorted(classes.items()))
    if target:
        with (target / "labels.csv").open("w", newline="", encoding="utf-8") as lines:
            csv.writer(lines, lineterminator="\n").writerows([("name", "class", "group"), *labels])
        report.files.append("labels.csv")


def _require_different_names(entries: Sequence[AnnotatedImage]) -> None:
    seen: dict[str, Path] = {}
    for entry in entries:
        if entry.name in seen:
            raise UserError(f"{entry.file} and {seen[entry.name]} would both become {entry.name}")
        seen[entry.name] = entry.file


def _convert(staging: Path | None, unannotated: str, entry: AnnotatedImage) -> tuple[list[tuple[str, int]], list[str]]:
    """Write an image and its mask, unless there is no `staging` or it is to be left out; list its objects' classes and areas, and files."""
    mask, areas = _mask(entry)
    clean = not areas and unannotated == "clean"
    if staging is None or not (clean or mask.any()):
        return areas, []
    return areas, _store(entry, mask, staging)


def _mask(entry: AnnotatedImage) -> tuple[Mask, list[tuple[str, int]]]:
    """Unite the objects of an image; list their classes and areas."""
    try:
        pixels = decode(entry.file).pixels
    except ImageError as error:
        raise UserError(f"{entry.file}: {error.sentence}") from None
    height, width = pixels.shape[:2]
    union = np.zeros((height, width), dtype=bool)
    areas = []
    for marked in entry.draw(width, height):
        marked.piece.add_to(union)
        areas.append((marked.class_name, int(np.count_nonzero(marked.piece.mask))))
    return union, areas


def _store(entry: AnnotatedImage, mask: Mask, staging: Path) -> list[str]:
    image, target = f"images/{entry.name}{entry.file.suffix.lower()}", f"masks/{entry.name}.png"
    for name in (image, target):
        (staging / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(entry.file, staging / image)
    # Runs alone suit a mask: half the time of zlib's default search, and a smaller file.
    Image.fromarray(mask * np.uint8(255)).save(staging / target, compress_type=zlib.Z_RLE)
    return [image, target]


def _earlier(out: Path, options: ImportOptions) -> list[str]:
    """List what an earlier import wrote into the folder.

    Raises:
        UserError: If the folder may not be written.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return []
    record = out / RECORD
    if options.add:
        if not (out / "images").is_dir() or not (out / "masks").is_dir():
            raise UserError(f"{out}: expected a dataset to add to, with images/ and masks/")
        return json.loads(record.read_text(encoding="utf-8"))["files"] if record.is_file() else []
    if not options.update:
        raise UserError(
            f"{out}: is not empty; give another folder, --add to add to the dataset there, or --update to replace an earlier import"
        )
    if not record.is_file():
        raise UserError(f"{out}: was not made by an import (it has no {RECORD}), so there is nothing to update")
    files: list[str] = json.loads(record.read_text(encoding="utf-8"))["files"]
    return files


def _publish(staging: Path, out: Path, report: ImportReport, earlier: Sequence[str]) -> None:
    foreign = [name for name in report.files if (out / name).exists() and name not in earlier]
    if foreign:
        raise UserError(f"{out / foreign[0]}: is not of an earlier import; nothing was replaced; --add adds to the dataset there")
    _write_record(report, staging)
    if not earlier:
        take_place(staging, out)
        return
    # First: files that a kill leaves there and no record names would be a stranger's to the next import.
    _write_record(replace(report, files=sorted({*earlier, *report.files})), out)
    for name in [*report.files, RECORD]:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (staging / name).replace(out / name)
    for name in set(earlier) - set(report.files):
        (out / name).unlink(missing_ok=True)


def _write_record(report: ImportReport, folder: Path) -> None:
    write_whole(folder / RECORD, json.dumps(asdict(report), indent=2, ensure_ascii=False) + "\n")


def _pattern(text: str | None) -> re.Pattern[str] | None:
    if text is None:
        return None
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise UserError(f"--group-from {text!r}: not a regular expression ({error})") from None
    if not pattern.groups:
        raise UserError(f"--group-from {text!r}: expected a group in parentheses, such as 'coil(\\d+)'")
    return pattern


def _group(name: str, pattern: re.Pattern[str] | None) -> str:
    match = pattern.search(name) if pattern else None
    return match[1] or "" if match else ""

"""`tsernet annotations`: predicted maps as polygons that an annotation tool edits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tsernet.errors import UserError
from tsernet.wording import counted

if TYPE_CHECKING:
    from tsernet.annotations.export import MapFile


def register(app: typer.Typer) -> None:
    """Add the command `annotations`."""
    app.command("annotations")(write_annotations)


def write_annotations(
    maps: Annotated[Path, typer.Argument(help="Folder of maps as predict writes them: 8-bit PNG")],
    format_name: Annotated[
        Literal["labelme", "coco", "cvat", "label-studio"], typer.Option("--format", help="labelme | coco | cvat | label-studio")
    ],
    out: Annotated[
        Path,
        typer.Option(help="Folder for NAME.json (labelme), annotations.json (coco), annotations.xml (cvat) or tasks.json (label-studio)"),
    ],
    images: Annotated[Path | None, typer.Option(help="Folder of the images; without it an image is called as its map, NAME.png")] = None,
    threshold: Annotated[int, typer.Option(min=1, max=255, help="From this value of a map on a pixel is a defect")] = 128,
    tolerance: Annotated[float, typer.Option(min=0, max=100, help="How far a polygon may leave the outline, pixels; 0: not at all")] = 1.0,
    label: Annotated[str, typer.Option(help="Class of all objects: maps have none")] = "defect",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing annotations of these names")] = False,
) -> None:
    """Write maps as polygons of an annotation tool, so that a person corrects instead of drawing; `tsernet import` takes them back.

    Where the tolerance would change an object by more than 2 % of its area (IoU below 0.98), its polygon is made finer.
    """
    from pipelines.outputs import require_new_files
    from tsernet.annotations.export import ExportOptions, export_annotations, files_of
    from tsernet.data.partial import staging_folder
    from tsernet.progress import ProgressBar

    listed = _maps(maps, images)
    targets = files_of(format_name, [one.name for one in listed])
    require_new_files([out / name for name in targets], [one.file for one in listed], overwrite)
    with staging_folder(out) as staging:
        with ProgressBar("annotations", len(listed)) as bar:
            report = export_annotations(format_name, listed, images, staging, out, ExportOptions(threshold, tolerance, label), bar.advance)
        for name in targets:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).replace(out / name)
    drawn = f"{counted(report.objects, 'polygon')} of {counted(report.points, 'point')}"
    print(f"{counted(report.images, 'image')}, {report.clean} of them without a defect; {drawn} in {out}")
    print(f"rule: threshold {threshold}, tolerance {tolerance:g} pixels; a hole is joined to its outline by a cut")


def _maps(place: Path, images: Path | None) -> list[MapFile]:
    """List the maps, each with its image.

    Raises:
        UserError: If there is none, or one has no image or several.
    """
    from tsernet.annotations.export import MapFile
    from tsernet.data.layout import files_below, name_below
    from tsernet.images.formats import SUFFIXES
    from tsernet.names import describe_unknown

    if not place.is_dir():
        raise UserError(f"{place}: no such folder; expected the maps that predict wrote")
    files = {name_below(path, place): path for path in files_below(place, (".png",))}
    if not files:
        raise UserError(f"{place}: holds no map (.png)")
    if images is None:
        return [MapFile(name, path) for name, path in files.items()]
    if not images.is_dir():
        raise UserError(f"{images}: no such folder; expected the images of the maps")
    known: dict[str, Path] = {}
    for path in files_below(images, SUFFIXES):
        name = name_below(path, images)
        if name in known and name in files:
            raise UserError(f"{path} and {known[name]} have one name; which of them the map {files[name]} is of cannot be told")
        known[name] = path
    missing = [name for name in files if name not in known]
    if missing:
        raise UserError(f"{images}: no image of the name {describe_unknown(missing, known)}")
    return [MapFile(name, path, known[name]) for name, path in files.items()]

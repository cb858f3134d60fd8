"""`tsernet import`: annotations of other tools as a folder of images and masks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, get_args

import typer

Format = Literal["coco", "cvat", "gc10", "kolektor", "label-studio", "labelme", "mvtec", "neu-seg", "severstal", "voc", "yolo"]


def register(app: typer.Typer) -> None:
    """Add the command `import`."""
    app.command("import")(import_)


def import_(
    format_name: Annotated[Format, typer.Argument(metavar="FORMAT", help=" | ".join(get_args(Format)))],
    source: Annotated[
        Path, typer.Argument(help="COCO, Label Studio: the JSON file; CVAT: the XML file; Severstal: the CSV file; else the folder")
    ],
    out: Annotated[Path, typer.Option(help="Folder to make: images/, masks/, labels.csv, import.json")],
    images: Annotated[
        Path | None, typer.Option(help="Folder of the images, if not where the format has it; not of kolektor, mvtec")
    ] = None,
    line_width: Annotated[
        int | None, typer.Option(min=1, max=1000, help="Width of lines and points, pixels; of cvat, label-studio, labelme")
    ] = None,
    unannotated: Annotated[Literal["skip", "clean"], typer.Option(help="Images without an annotation: left out, or clean images")] = "skip",
    group_from: Annotated[str | None, typer.Option(help="Regular expression; its first group in a name is the group: 'coil(\\d+)'")] = None,
    update: Annotated[bool, typer.Option("--update", help="Replace what an earlier import wrote there, and nothing else")] = False,
    add: Annotated[bool, typer.Option("--add", help="Add to the dataset there; the masks of images that it has are replaced")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and count; write nothing")] = False,
) -> None:
    """Import annotations as masks, each object by the rule of the tool that owns the format; nothing is written unless all is well."""
    from tsernet.annotations import ImportOptions, import_dataset
    from tsernet.errors import UserError
    from tsernet.progress import ProgressBar
    from tsernet.wording import counted

    if update and add:
        raise UserError("--update and --add: give one of them")
    options = ImportOptions(images, line_width, unannotated, group_from, update, add, dry_run)
    bar: list[ProgressBar] = []

    def show(done: int, total: int) -> None:
        if not bar:
            bar.append(ProgressBar("import", total).__enter__())
        bar[0].advance()

    try:
        report = import_dataset(format_name, source, out, options, show)
    finally:
        if bar:
            bar[0].__exit__(None, None, None)
    classes = ", ".join(f"{name}: {count}" for name, count in report.classes.items())  # of images: that of the largest object
    imported = f"{counted(report.images, 'image')} ({classes}) with {counted(report.objects, 'object')}"
    print(f"{imported}; {report.unannotated} without an annotation left out")
    if report.without_pixels:
        marks = "marks" if report.without_pixels == 1 else "mark"
        lost = f"{counted(report.without_pixels, 'object')} that {marks} no pixel, and images with no others"
        print(f"left out: {lost}, such as {report.first_without_pixels}")
    if report.without_group:
        print(
            f"--group-from is not found in {counted(report.without_group, 'name')}, such as {report.first_without_group}:"
            " each is a group of its own"
        )
    print(f"rule: {report.rule}")
    settings = f"dataset.source: folder, dataset.folder: {out} and split.method: stratified"
    print("nothing written (--dry-run)" if dry_run else f"{out}: set {settings}")

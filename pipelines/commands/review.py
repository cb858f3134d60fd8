"""`tsernet review`: the images that are worth a person's time, as a project of an annotation tool."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from pipelines import options
from tsernet.errors import UserError

Format = Literal["labelme", "cvat", "label-studio"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("review")(review)


def review(
    images: Annotated[Path, typer.Argument(help="Folder of the images to choose from")],
    to: Annotated[Path, typer.Option(help="Folder to make: images/, maps/, annotations, review.csv")],
    format_name: Annotated[Format, typer.Option("--format", help="labelme | cvat | label-studio")] = "labelme",
    budget: Annotated[int, typer.Option(min=1, help="So many images at most")] = 50,
    model: options.Model = None,
    challenger: Annotated[
        str | None, typer.Option(help="A second model, to find where the two disagree; else the registry's challenger, where it has one")
    ] = None,
    log: Annotated[
        Path | None, typer.Option(help="Folder of an inspection log: of the images those alone that it has, with its figures of them")
    ] = None,
    reference: Annotated[Path | None, typer.Option(help="Folder of the training images; else data/prepared, where it is there")] = None,
    report: Annotated[
        Path | None, typer.Option(help="Folder of the report, for possible label errors of images of these names; else results/report")
    ] = None,
    label: Annotated[str, typer.Option(help="Class of all objects: maps have none")] = "defect",
    tolerance: Annotated[float, typer.Option(min=0, max=100, help="How far a polygon may leave the outline, pixels")] = 1.0,
    device: options.Device = "auto",
    runtime: options.Runtime = "auto",
    levels: options.Levels = None,
    max_pixels: options.MaxPixels = None,
) -> None:
    """Choose the images that are worth a person's time, with the model's maps as first annotations and the reason for each.

    Worth it is what is uncertain along the operating point, what champion and challenger mark differently, what is unlike the training
    images, and what the report calls a possible label error; near duplicates of what is chosen come last. `tsernet import` takes the
    corrected annotations back.
    """
    from pipelines.commands.predict import list_images, name_of, not_usable
    from pipelines.reviewing.project import write_project
    from pipelines.reviewing.sources import Asked, logged, scales_of
    from tsernet.images.errors import ImageError
    from tsernet.progress import ProgressBar
    from tsernet.review import choose

    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise UserError(f"{to}: exists already and is not empty; give the name of a new folder")
    paths = {name_of(path, images): path for path in list_images(images, to)}
    figures = None
    if log is not None:
        figures, missing = logged(log, paths)
        paths = {name: path for name, path in paths.items() if name in figures}
        typer.echo(f"of the images that the log has, {len(paths)} are in {images}, {missing} are not", err=True)
        if not paths:
            raise UserError(f"{images}: holds none of the images that the inspection log {log} has")
    scales = scales_of(Asked(model, challenger, reference, report, device, runtime, levels, max_pixels), figures)
    bad, weighed = [], []
    with ProgressBar("review", len(paths)) as bar:
        for name, path in paths.items():
            try:
                weighed.append(scales.weigh(name, path))
            except UserError as error:
                bad.append(str(error))
            except ImageError as error:
                bad.append(f"{path}: {error.sentence}")
            bar.advance()
    if not weighed:
        raise not_usable(bad, len(paths))
    chosen = choose([one.signals.worth for one in weighed], [one.look for one in weighed], budget)
    command = write_project(format_name, chosen, weighed, scales, to, label, tolerance)
    typer.echo(f"{len(chosen)} of {len(weighed)} images in {to}; {to / 'review.csv'} says why")
    typer.echo(f"corrected there, they come back with: {command}")
    if bad:
        raise not_usable(bad, len(paths))

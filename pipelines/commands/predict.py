"""`tsernet predict`: a saliency map for each picture."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tsernet.errors import CheckError, UserError

if TYPE_CHECKING:
    from tsernet.data.pixels import Picture
    from tsernet.inference import Predictor


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("predict")(predict)


def predict(
    pictures: Annotated[Path, typer.Argument(help="An image, or a folder of them: PNG, BMP, JPEG, TIFF, JPEG 2000; grey or colour")],
    out: Annotated[Path, typer.Option(help="Folder for the maps, one NAME.png a picture")],
    model: Annotated[
        str | None,
        typer.Option(help="A model of the registry, a .safetensors file, or `shipped`; else the champion, or `shipped` without a registry"),
    ] = None,
    names: Annotated[Path | None, typer.Option(help="Of the folder these alone: one name a line, or a CSV with a column `name`")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Pictures in one forward pass")] = 4,
    max_pixels: Annotated[int, typer.Option(min=1, help="A larger image is not decoded")] = 100_000_000,
) -> None:
    """Write one 8-bit saliency map a picture, at the picture's own size; folders in the folder are kept.

    A file of a folder that is not a picture is named and the others are done; the exit code is then 1.
    """
    from pipelines.model_files import default_model, read_model
    from tsernet.inference import predictor_of

    paths = _pictures(pictures, out) if names is None else _chosen(_pictures(pictures, out), pictures, names)
    network, metadata, _ = read_model(model or default_model())
    predictor = predictor_of(network, metadata, batch_size=batch_size)
    out.mkdir(parents=True, exist_ok=True)
    bad = _predict_all(paths, pictures, out, predictor, max_pixels)
    if bad and pictures.is_file():
        raise UserError(bad[0])
    typer.echo(f"{len(paths) - len(bad)} maps in {out}")
    if bad:
        raise CheckError(f"{len(bad)} of {len(paths)} files could not be used: {'; '.join(bad[:10])}{' …' if len(bad) > 10 else ''}")


def _pictures(place: Path, out: Path) -> list[Path]:
    from tsernet.data.layout import files_below
    from tsernet.images.formats import SUFFIXES

    if place.is_file():
        return [place]
    if not place.is_dir():
        raise UserError(f"{place}: no such file or folder")
    # Maps of an earlier run, in a folder within, are no pictures of this one.
    inner = out.resolve() if out.resolve() != place.resolve() else None
    paths = [path for path in files_below(place, SUFFIXES) if path.is_file() and not (inner and path.resolve().is_relative_to(inner))]
    if not paths:
        raise UserError(f"{place}: holds no picture ({', '.join(SUFFIXES)})")
    first_of: dict[str, Path] = {}
    for path in paths:
        name = _name(path, place)
        if name in first_of:
            raise UserError(f"{path} and {first_of[name]} would both become {name}.png; rename one")
        first_of[name] = path
    return paths


def _chosen(paths: list[Path], place: Path, names: Path) -> list[Path]:
    from tsernet.metrics import read_names

    by_name = {_name(path, place): path for path in paths}
    wanted = read_names(names)
    missing = [name for name in wanted if name not in by_name]
    if missing:
        raise UserError(f"{place}: no picture of the name {', '.join(missing[:10])}{' …' if len(missing) > 10 else ''} ({names})")
    return [by_name[name] for name in wanted]


def _name(path: Path, place: Path) -> str:
    """Name a picture by its stem, behind the folders between it and the place that was given."""
    from tsernet.data.layout import name_below, speakable

    return name_below(speakable(path), speakable(place)) if place.is_dir() else speakable(path).stem


def _predict_all(paths: list[Path], place: Path, out: Path, predictor: Predictor, max_pixels: int) -> list[str]:
    """Predict batch by batch, so that memory does not grow with the folder; return what could not be read, a line each."""
    from tsernet.data.pixels import read_picture
    from tsernet.progress import ProgressBar

    bad: list[str] = []
    waiting: list[tuple[Path, Picture]] = []
    with ProgressBar("predict", len(paths)) as bar:
        for path in paths:
            try:
                waiting.append((path, read_picture(path, predictor.levels, max_pixels)))
            except UserError as error:
                bad.append(str(error).encode("utf-8", "backslashreplace").decode())
            if len(waiting) == predictor.batch_size or path == paths[-1]:
                _write_maps(waiting, place, out, predictor)
                waiting.clear()
            bar.advance()
    return bad


def _write_maps(batch: list[tuple[Path, Picture]], place: Path, out: Path, predictor: Predictor) -> None:
    from PIL import Image

    from tsernet.inference import to_uint8

    maps = predictor.predict([picture for _, picture in batch])
    for (path, _), saliency in zip(batch, maps, strict=True):
        target = out / f"{_name(path, place)}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.stem}.partial-{os.getpid()}")
        Image.fromarray(to_uint8(saliency)).save(partial, format="PNG")
        partial.replace(target)

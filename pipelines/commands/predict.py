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
    pictures: Annotated[Path, typer.Argument(help="A picture, or a folder of them: PNG, BMP, JPEG, TIFF; 8-bit grey or colour")],
    out: Annotated[Path, typer.Option(help="Folder for the maps, one NAME.png an image; for one image also the map's own name (.png)")],
    model: Annotated[
        str | None,
        typer.Option(help="A model of the registry, a .safetensors file, or `shipped`; else the champion, or `shipped` without a registry"),
    ] = None,
    names: Annotated[Path | None, typer.Option(help="Of the folder these alone: one name a line, or a CSV with a column `name`")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Pictures in one forward pass")] = 4,
    device: Annotated[str, typer.Option(help="auto | cpu | cuda; auto takes CUDA where there is one")] = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files that are no maps of the same images")] = False,
) -> None:
    """Write one 8-bit saliency map a picture, at the picture's own size.

    A file of a folder that is not a picture is named and the others are done; the exit code is then 1. No image is ever
    replaced by a map, and no existing file but a map of the same image, unless with --overwrite.
    """
    from pipelines.model_files import default_model, read_model
    from pipelines.outputs import require_safe_maps
    from tsernet.devices import choose_device
    from tsernet.inference import predictor_of

    paths = _pictures(pictures) if names is None else _chosen(_pictures(pictures), pictures, names)
    targets = _targets(paths, pictures, out)
    require_safe_maps(targets, pictures, out, overwrite)
    chosen = choose_device(device, "--device")
    network, metadata, _ = read_model(model or default_model())
    predictor = predictor_of(network, metadata, batch_size=batch_size, device=chosen)
    bad = _predict_all(targets, predictor)
    if bad and pictures.is_file():
        raise UserError(bad[0])
    typer.echo(f"{len(paths) - len(bad)} maps in {out}" if out.is_dir() else f"map {out}")
    if bad:
        raise CheckError(f"{len(bad)} of {len(paths)} files could not be used: {'; '.join(bad[:10])}{' …' if len(bad) > 10 else ''}")


def _pictures(place: Path) -> list[Path]:
    from tsernet.data.pixels import SUFFIXES

    if place.is_file():
        return [place]
    if not place.is_dir():
        raise UserError(f"{place}: no such file or folder")
    paths = sorted(path for path in place.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    if not paths:
        raise UserError(f"{place}: holds no picture ({', '.join(SUFFIXES)})")
    first_of: dict[str, Path] = {}
    for path in paths:
        if path.stem in first_of:
            raise UserError(f"{path} and {first_of[path.stem]} would both become {path.stem}.png; rename one")
        first_of[path.stem] = path
    return paths


def _targets(paths: list[Path], given: Path, out: Path) -> dict[Path, Path]:
    """Name the map of each image: a file in the folder `out`, or `out` itself where one image is given and `out` ends in .png."""
    from tsernet.data.pixels import SUFFIXES

    is_file = out.suffix.lower() in SUFFIXES and not out.is_dir()
    if is_file and not given.is_file():
        raise UserError(f"{out}: expected a folder for the maps of the {len(paths)} images in {given}, got the name of one file")
    if is_file and out.suffix.lower() != ".png":
        raise UserError(f"{out}: maps are PNG files, expected a name that ends in .png, or a folder")
    if not is_file and out.exists() and not out.is_dir():
        raise UserError(f"{out}: is a file, expected a folder for the maps")
    return {path: out if is_file else out / f"{path.stem}.png" for path in paths}


def _chosen(paths: list[Path], place: Path, names: Path) -> list[Path]:
    from tsernet.metrics import read_names

    by_stem = {path.stem: path for path in paths}
    wanted = read_names(names)
    missing = [name for name in wanted if name not in by_stem]
    if missing:
        from tsernet.names import describe_unknown

        raise UserError(f"{place}: no picture of the name {describe_unknown(missing, by_stem)} ({names})")
    return [by_stem[name] for name in wanted]


def _predict_all(targets: dict[Path, Path], predictor: Predictor) -> list[str]:
    """Predict batch by batch, so that memory does not grow with the folder; return what could not be read, a line each."""
    from tsernet.data.pixels import read_picture
    from tsernet.progress import ProgressBar

    bad: list[str] = []
    paths = list(targets)
    waiting: list[tuple[Path, Picture]] = []
    with ProgressBar("predict", len(paths)) as bar:
        for path in paths:
            try:
                waiting.append((path, read_picture(path)))
            except UserError as error:
                bad.append(str(error))
            if len(waiting) == predictor.batch_size or path == paths[-1]:
                _write_maps(waiting, targets, predictor)
                waiting.clear()
            bar.advance()
    return bad


def _write_maps(batch: list[tuple[Path, Picture]], targets: dict[Path, Path], predictor: Predictor) -> None:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    from pipelines.outputs import SOURCE_KEY
    from tsernet.inference import to_uint8
    from tsernet.weights import sha256_of

    maps = predictor.predict([picture for _, picture in batch])
    for (path, _), saliency in zip(batch, maps, strict=True):
        target = targets[path]
        target.parent.mkdir(parents=True, exist_ok=True)
        record = PngInfo()
        record.add_text(SOURCE_KEY, sha256_of(path))
        partial = target.with_name(f".{target.stem}.partial-{os.getpid()}")
        Image.fromarray(to_uint8(saliency)).save(partial, format="PNG", pnginfo=record)
        partial.replace(target)

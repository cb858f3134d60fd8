"""`tsernet predict`: a saliency map for each image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines import options
from tsernet.errors import CheckError, UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tsernet.data.pixels import ImageArray
    from tsernet.saliency import MapMaker, StripMaps


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("predict")(predict)


def predict(
    images: Annotated[Path, typer.Argument(help="An image, or a folder of them: PNG, BMP, JPEG, TIFF, JPEG 2000; grey or colour")],
    out: Annotated[Path, typer.Option(help="Folder for the maps, one NAME.png an image; for one image also the map's own name (.png)")],
    model: options.Model = None,
    names: Annotated[Path | None, typer.Option(help="Of the folder these alone: one name a line, or a CSV with a column `name`")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Images in one forward pass")] = 4,
    device: options.Device = "auto",
    runtime: options.Runtime = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files that are no maps of the same images")] = False,
    max_pixels: options.MaxPixels = None,
    protocol: Annotated[
        str | None,
        typer.Option(help="strip: at the training's scale, in tiles, calibrated | paper: whole, stretched; else the model's own"),
    ] = None,
    pixel_scale: Annotated[float, typer.Option(help="strip: pixels of the training's images per pixel of these")] = 1.0,
    levels: options.Levels = None,
) -> None:
    """Write one 8-bit saliency map an image, at the image's own size; folders in the folder are kept.

    A file of a folder that is not an image is named and the others are done; the exit code is then 1. No image is ever
    replaced by a map, and no existing file but a map of the same image, unless with --overwrite.
    """
    from pipelines.model_resolver import open_model
    from pipelines.outputs import require_safe_maps
    from tsernet.images.levels import parse_levels
    from tsernet.saliency import map_maker

    paths = list_images(images, out) if names is None else _chosen(list_images(images, out), images, names)
    targets = _targets(paths, images, out)
    require_safe_maps(targets, images, out, overwrite)
    session, metadata, _ = open_model(model, runtime, device)
    predictor = map_maker(session, metadata, protocol=protocol, pixel_scale=pixel_scale, batch_size=batch_size)
    predictor.levels = parse_levels(levels, predictor.levels)
    bad = _predict_all(targets, predictor, max_pixels)
    if bad and images.is_file():
        raise UserError(bad[0])
    typer.echo(f"{len(paths) - len(bad)} maps in {out}" if out.is_dir() else f"map {out}")
    if bad:
        raise not_usable(bad, len(paths))


def not_usable(bad: list[str], count: int) -> CheckError:
    """Say which of so many files could not be used, ten of them by name."""
    return CheckError(f"{len(bad)} of {count} files could not be used: {'; '.join(bad[:10])}{' …' if len(bad) > 10 else ''}")


def list_images(place: Path, out: Path) -> list[Path]:
    """List the images of a folder, or the one that is given; what lies in `out` is none.

    Raises:
        UserError: If there are none, or two would have one name.
    """
    from tsernet.data.layout import files_below
    from tsernet.images.formats import SUFFIXES

    if place.is_file():
        return [place]
    if not place.is_dir():
        raise UserError(f"{place}: no such file or folder")
    # Maps of an earlier run, in a folder within, are no images of this one.
    inner = out.resolve() if place.resolve() in out.resolve().parents else None
    paths = [path for path in files_below(place, SUFFIXES) if path.is_file() and not (inner and path.resolve().is_relative_to(inner))]
    if not paths:
        raise UserError(f"{place}: holds no image ({', '.join(SUFFIXES)})")
    first_of: dict[str, Path] = {}
    for path in paths:
        name = name_of(path, place)
        if name in first_of:
            raise UserError(f"{path} and {first_of[name]} would both become {name}.png; rename one")
        first_of[name] = path
    return paths


def _targets(paths: list[Path], given: Path, out: Path) -> dict[Path, Path]:
    """Name the map of each image: a file in the folder `out`, or `out` itself where one image is given and `out` ends in .png."""
    from tsernet.images.formats import SUFFIXES

    is_file = out.suffix.lower() in SUFFIXES and not out.is_dir()
    if is_file and not given.is_file():
        raise UserError(f"{out}: expected a folder for the maps of the {len(paths)} images in {given}, got the name of one file")
    if is_file and out.suffix.lower() != ".png":
        raise UserError(f"{out}: maps are PNG files, expected a name that ends in .png, or a folder")
    if not is_file and out.exists() and not out.is_dir():
        raise UserError(f"{out}: is a file, expected a folder for the maps")
    return {path: out if is_file else out / f"{name_of(path, given)}.png" for path in paths}


def _chosen(paths: list[Path], place: Path, names: Path) -> list[Path]:
    from tsernet.metrics import read_names

    by_name = {name_of(path, place): path for path in paths}
    wanted = read_names(names)
    missing = [name for name in wanted if name not in by_name]
    if missing:
        from tsernet.names import describe_unknown

        raise UserError(f"{place}: no image of the name {describe_unknown(missing, by_name)} ({names})")
    return [by_name[name] for name in wanted]


def name_of(path: Path, place: Path) -> str:
    """Name an image by its stem, behind the folders between it and the place that was given."""
    from tsernet.data.layout import name_below, to_utf8_path

    return name_below(to_utf8_path(path), to_utf8_path(place)) if place.is_dir() else to_utf8_path(path).stem


def _predict_all(targets: dict[Path, Path], predictor: MapMaker, max_pixels: int | None) -> list[str]:
    """Predict batch by batch, so that memory does not grow with the folder; return what could not be read, a line each."""
    from tsernet.data.pixels import MAX_PIXELS, read_image
    from tsernet.progress import ProgressBar
    from tsernet.saliency import StripMaps

    bad: list[str] = []
    paths = list(targets)
    waiting: list[tuple[Path, ImageArray]] = []
    with ProgressBar("predict", len(paths)) as bar:
        for path in paths:
            try:
                if isinstance(predictor, StripMaps):
                    _write_map(path, targets[path], _strip_map(path, predictor, max_pixels))
                else:
                    waiting.append((path, read_image(path, predictor.levels, max_pixels or MAX_PIXELS)))
            except UserError as error:
                bad.append(str(error).encode("utf-8", "backslashreplace").decode())
            if waiting and (len(waiting) == predictor.batch_size or path == paths[-1]):
                _write_maps(waiting, targets, predictor)
                waiting.clear()
            bar.advance()
    return bad


def _strip_map(path: Path, maker: StripMaps, max_pixels: int | None) -> NDArray[np.uint8]:
    """Predict one image from its rows, so that of a large one only its 8-bit map is in memory as a whole."""
    import numpy as np

    from tsernet.inference import to_uint8
    from tsernet.tiles import open_rows

    with open_rows(path, maker.levels, max_pixels) as source:
        return np.concatenate([to_uint8(band.saliency) for band in maker.bands(source)])


def _write_maps(batch: list[tuple[Path, ImageArray]], targets: dict[Path, Path], predictor: MapMaker) -> None:
    from tsernet.inference import to_uint8

    maps = predictor.predict([image for _, image in batch])
    for (path, _), saliency in zip(batch, maps, strict=True):
        _write_map(path, targets[path], to_uint8(saliency))


def _write_map(path: Path, target: Path, pixels: NDArray[np.uint8]) -> None:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    from pipelines.outputs import SOURCE_KEY, save_png
    from tsernet.digests import sha256_of

    record = PngInfo()
    record.add_text(SOURCE_KEY, sha256_of(path))
    save_png(Image.fromarray(pixels), target, record)

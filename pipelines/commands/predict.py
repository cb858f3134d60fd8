"""`tsernet predict`: a saliency map for each image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines import options
from tsernet.errors import CheckError, UserError
from tsernet.wording import counted

if TYPE_CHECKING:
    from tsernet.images.levels import CountingLevels
    from tsernet.saliency import MapMaker


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
    flips: options.Flips = None,
    levels: options.Levels = None,
    method: Annotated[str | None, typer.Option(help="Instead of a model a method that learns nothing: bc | 2lsg | smd | rcrr")] = None,
) -> None:
    """Write one 8-bit saliency map an image, at the image's own size; folders in the folder are kept.

    A file of a folder that is not an image is named and the others are done; the exit code is then 1. No image is ever
    replaced by a map, and no existing file but a map of the same image, unless with --overwrite.
    """
    from pipelines.map_files import callers_for, write_maps
    from pipelines.model_resolver import open_model
    from pipelines.outputs import require_safe_maps
    from tsernet.flips import parse_flips
    from tsernet.images.levels import CountingLevels, parse_levels
    from tsernet.saliency import map_maker

    wanted = None if flips is None else parse_flips(flips)
    paths = list_images(images, out) if names is None else _chosen(list_images(images, out), images, names)
    targets = _targets(paths, images, out)
    require_safe_maps(targets, images, out, overwrite)
    predictor: MapMaker
    if method is not None:
        from tsernet.methods.traditional import LARGEST, TraditionalMaps

        _require_no_model(method, model=model, runtime=runtime, device=device, protocol=protocol, pixel_scale=pixel_scale, flips=flips)
        predictor, callers, max_pixels = TraditionalMaps(method), callers_for(len(paths)), max_pixels or LARGEST
    else:
        session, metadata, _ = open_model(model, runtime, device, callers_for(len(paths)))
        predictor = map_maker(session, metadata, protocol=protocol, pixel_scale=pixel_scale, flips=wanted, batch_size=batch_size)
        callers = session.callers
    given = parse_levels(levels, predictor.levels)
    predictor.levels = counting = None if given is None else CountingLevels(given)
    bad = write_maps(targets, predictor, callers, max_pixels)
    if counting:
        warn_of_levels(counting, is_given=levels is not None)
    if bad and images.is_file():
        raise UserError(bad[0])
    typer.echo(f"map {out}" if out in targets.values() else f"{counted(len(paths) - len(bad), 'map')} in {out}")
    if bad:
        raise not_usable(bad, len(paths))


def _require_no_model(method: str, **given: object) -> None:
    """Refuse what is said of a model where none is asked."""
    nothing = {"model": None, "runtime": "auto", "device": "auto", "protocol": None, "pixel_scale": 1.0, "flips": None}
    for name, value in given.items():
        if value != nothing[name]:
            raise UserError(f"--method {method} has no model; leave out --{name.replace('_', '-')}")


def warn_of_levels(levels: CountingLevels, *, is_given: bool) -> None:
    """Say on stderr what speaks against levels."""
    for line in levels.warnings(is_given=is_given):
        typer.echo(f"warning: {line}", err=True)


def not_usable(bad: list[str], count: int) -> CheckError:
    """Say which of so many files could not be used, ten of them by name, and what is wrong with several of them once."""
    places: dict[str, list[str]] = {}
    for one in bad[:10]:
        place, _, reason = one.partition(": ")
        places.setdefault(reason, []).append(place)
    said = "; ".join(f"{', '.join(named)}: {reason}" for reason, named in places.items())
    return CheckError(f"{len(bad)} of {count} files could not be used: {said}{f'; and {len(bad) - 10} more' if len(bad) > 10 else ''}")


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
    from tsernet.names import describe_unknown, read_names

    by_name = {name_of(path, place): path for path in paths}
    wanted = read_names(names)
    missing = [name for name in wanted if name not in by_name]
    if missing:
        raise UserError(f"{place}: no image of the name {describe_unknown(missing, by_name)} ({names})")
    return [by_name[name] for name in wanted]


def name_of(path: Path, place: Path) -> str:
    """Name an image by its stem, behind the folders between it and the place that was given."""
    from tsernet.data.layout import name_below, to_utf8_path

    return name_below(to_utf8_path(path), to_utf8_path(place)) if place.is_dir() else to_utf8_path(path).stem

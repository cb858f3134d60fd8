"""`tsernet inspect`: a verdict for each image, and a list of its defects."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines import options
from tsernet.errors import UserError
from tsernet.wording import counted

if TYPE_CHECKING:
    from pipelines.inspection_folder import InspectionFolder
    from tsernet.images.levels import CountingLevels, Levels
    from tsernet.inspection import Inspected, Kept
    from tsernet.saliency import StripMaps
    from tsernet.tiles import RowSource

DEFECTS_FOUND = 3
"""Exit code where every image could be inspected and at least one has a defect."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("inspect")(inspect)


def inspect(
    images: Annotated[Path, typer.Argument(help="An image, or a folder of them")],
    out: Annotated[Path, typer.Option(help="Folder for defects.csv, .json and .parquet, images.csv and overlays/")],
    model: options.Model = None,
    pixel_scale: Annotated[float, typer.Option(help="Pixels of the training's images per pixel of these")] = 1.0,
    pixel_mm: Annotated[float | None, typer.Option(help="Side of a pixel of these images, millimetres; else as the model says")] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Saliency from which on a pixel is marked; else the model's")
    ] = None,
    min_area: Annotated[
        float | None, typer.Option(min=1.0, help="Smaller groups are no defects, pixels of these images; else the model's")
    ] = None,
    continuous: Annotated[
        bool, typer.Option("--continuous", help="The images are consecutive frames of one strip, by their names, the first one on top")
    ] = False,
    levels: options.Levels = None,
    maps: Annotated[bool, typer.Option("--maps", help="Write the saliency maps too, to maps/")] = False,
    overlays: Annotated[bool, typer.Option("--overlays/--no-overlays", help="Write the images with their defects outlined")] = True,
    device: options.Device = "auto",
    runtime: options.Runtime = "auto",
    max_pixels: options.MaxPixels = None,
) -> None:
    """List the defects of images: place, size, orientation and saliency of each, in pixels and millimetres.

    What is finished of an image is kept in OUT/.inspect, so that a call that was killed goes on where it stood. Exit code 0: no defect;
    3: defects found; 1: a file could not be used.
    """
    from pipelines.commands.predict import list_images, name_of, not_usable, warn_of_levels
    from pipelines.inspection_folder import inspection_folder
    from tsernet.images.levels import CountingLevels
    from tsernet.inspection import first_gap, write_tables

    paths = sorted(list_images(images, out), key=lambda path: _natural(name_of(path, images)))
    names = [name_of(path, images) for path in paths]
    if pixel_mm is not None and not 0 < pixel_mm < math.inf:
        raise UserError(f"--pixel-mm {pixel_mm:g}, expected the side of a pixel in millimetres, above 0")
    job = _Job.of(model, pixel_scale, pixel_mm, threshold, min_area, levels, device, runtime, max_pixels, maps, overlays)
    if continuous and (gap := first_gap(names)):
        typer.echo(
            f"warning: {gap[1]} comes next to {gap[0]}: if a frame is missing between them, all below lies further down on the strip than"
            " is said, and defects at the seam may be joined wrongly",
            err=True,
        )
    bad: list[str] = []
    with inspection_folder(out, images) as folder:
        if continuous:
            inspected = [job.strip(paths, names, folder)]
        else:
            inspected = []
            for path, name in zip(paths, names, strict=True):
                try:
                    inspected.append(job.image(path, name, folder))
                except UserError as error:
                    bad.append(str(error))
            if bad and images.is_file():
                raise UserError(bad[0])
            if bad and not inspected:
                raise not_usable(bad, len(paths))
        if job.levels:
            warn_of_levels(CountingLevels.together(job.levels, job.counted.values()), is_given=levels is not None)
            if unusable := job.describe_unusable():
                typer.echo(f"warning: {unusable}", err=True)
        if not write_tables(inspected, job.settings, out):
            typer.echo("without defects.parquet, for which pyarrow is not installed", err=True)
        if cleared := folder.clear_earlier():
            typer.echo(cleared, err=True)
    verdicts = [verdict for one in inspected for verdict in one.verdicts()]
    defects, marked = sum(len(one.found) for one in inspected), sum(verdict["defects"] > 0 for verdict in verdicts)
    typer.echo(f"{counted(defects, 'defect')} in {marked} of {len(verdicts)} images ({out / 'defects.csv'})")
    if bad:
        raise not_usable(bad, len(paths))
    if defects:
        raise typer.Exit(DEFECTS_FOUND)


@dataclass(frozen=True)
class _Job:
    """One call: the model as it is used, and what is wanted of it."""

    maker: StripMaps
    threshold: float
    min_area: float
    pixel_mm: float | None
    levels: Levels | None
    counted: dict[Path, CountingLevels]
    max_pixels: int | None
    maps: bool
    overlays: bool
    settings: dict[str, Any]

    @classmethod
    def of(
        cls,
        model: str | None,
        pixel_scale: float,
        pixel_mm: float | None,
        threshold: float | None,
        min_area: float | None,
        levels: str | None,
        device: str,
        runtime: str,
        max_pixels: int | None,
        maps: bool,
        overlays: bool,
    ) -> _Job:
        from pipelines.model_resolver import open_model
        from tsernet.digests import sha256_of
        from tsernet.images.levels import parse_levels
        from tsernet.saliency import StripMaps, map_maker

        session, metadata, path = open_model(model, runtime, device)
        maker = map_maker(session, metadata, protocol="strip", pixel_scale=pixel_scale)
        assert isinstance(maker, StripMaps)
        protocol, point = maker.protocol, maker.protocol.operating_point
        given = parse_levels(levels, maker.levels)
        least = min_area if min_area is not None else max(1.0, point.min_area / pixel_scale**2)
        size = pixel_mm if pixel_mm is not None else None if protocol.pixel_mm is None else protocol.pixel_mm * pixel_scale
        settings: dict[str, Any] = {
            "weights_sha256": sha256_of(path),
            "flips": protocol.flips,
            "threshold": threshold if threshold is not None else point.threshold,
            "rule": "given" if threshold is not None else point.rule,
            "min_area": least,
            "pixel_scale": pixel_scale,
            "pixel_mm": size,
            "calibration": [protocol.calibration.scale, protocol.calibration.offset],
            "window": protocol.window,
            "resize": protocol.resize,
            "levels": None if given is None else [given.black, given.white],
        }
        return cls(maker, settings["threshold"], least, size, given, {}, max_pixels, maps, overlays, settings)

    def image(self, path: Path, name: str, folder: InspectionFolder) -> Inspected:
        """Inspect one image."""
        with self._opened(path) as source:
            return self._inspect(source, [name], [source.height], [path], folder)

    def strip(self, paths: list[Path], names: list[str], folder: InspectionFolder) -> Inspected:
        """Inspect consecutive frames as one image."""
        from functools import partial

        from tsernet.inspection import StackedRows

        sizes = []
        for path in paths:
            with self._opened(path) as source:
                sizes.append((source.height, source.width))
        if len({width for _, width in sizes}) > 1:
            other = next(index for index, (_, width) in enumerate(sizes) if width != sizes[0][1])
            raise UserError(
                f"--continuous: {paths[other]} is {sizes[other][1]} pixels wide and {paths[0]} {sizes[0][1]};"
                " frames of one strip have one width"
            )
        heights = [height for height, _ in sizes]
        with StackedRows([partial(self._opened, path) for path in paths], heights, sizes[0][1]) as source:
            return self._inspect(source, names, heights, paths, folder)

    def _inspect(self, source: RowSource, names: list[str], heights: list[int], paths: list[Path], folder: InspectionFolder) -> Inspected:
        from PIL import Image

        from tsernet.defects import find_defects, large_enough
        from tsernet.inspection import Inspected, Kept, draw_overlay, inspect_rows
        from tsernet.progress import ProgressBar

        kept = Kept(folder.place(self._key(paths)))
        with ProgressBar(f"inspect {names[0]}", self.maker.count(source)) as bar:
            done = 0

            def advance(now: int, _: int) -> None:
                nonlocal done
                while done < now:
                    bar.advance()
                    done += 1

            runs = inspect_rows(source, self.maker, self.threshold, kept, advance, self.maps)
        large = large_enough(runs, self.min_area)
        found = find_defects(large, heights, source.width, self.min_area)
        if self.overlays:
            top = 0
            for index, (name, height) in enumerate(zip(names, heights, strict=True)):
                own = [(number, one) for number, one in enumerate(found, start=1) if one.frames[0] == index]
                overlay = Image.fromarray(draw_overlay(source, (top, top + height), large, own))
                folder.save(overlay, "overlays", name, kept.folder.name, compress_level=1)
                top += height
        if self.maps:
            self._write_maps(kept, names, heights, folder)
        return Inspected(tuple(names), tuple(heights), source.width, tuple(found), self.pixel_mm)

    def _write_maps(self, kept: Kept, names: list[str], heights: list[int], folder: InspectionFolder) -> None:
        from PIL import Image

        from tsernet.inspection.resume import map_of

        whole = map_of(kept)
        top = 0
        for name, height in zip(names, heights, strict=True):
            folder.save(Image.fromarray(whole[top : top + height]), "maps", name, kept.folder.name)
            top += height

    def _opened(self, path: Path) -> AbstractContextManager[RowSource]:
        from tsernet.images.levels import CountingLevels
        from tsernet.tiles import open_rows

        counting = None if self.levels is None else self.counted.setdefault(path, CountingLevels(self.levels))
        return _naming(path, open_rows(path, counting, self.max_pixels))

    def describe_unusable(self) -> str | None:
        """Say in one line which images lie mostly outside the levels: among many others no share over all tells of them."""
        outside = [path for path, counting in self.counted.items() if counting.describe_clipped(bearable=0.5)]
        if not 0 < len(outside) < len(self.counted):
            return None
        return (
            f"{len(outside)} of {len(self.counted)} images lie mostly outside the levels, such as {outside[0]};"
            " a verdict on black or white says nothing"
        )

    def _key(self, paths: list[Path]) -> str:
        """Name the place of what is kept by all that it depends on: the files' bytes, the weights and the settings."""
        from tsernet.digests import sha256_of

        parts = [self.settings | {"pixel_mm": None, "min_area": None, "maps": self.maps}, [sha256_of(path) for path in paths]]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


@contextmanager
def _naming(path: Path, opened: AbstractContextManager[RowSource]) -> Iterator[RowSource]:
    """Give a name that is not UTF-8 as text that every file and terminal takes."""
    try:
        with opened as source:
            yield source
    except UserError as error:
        raise UserError(str(error).encode("utf-8", "backslashreplace").decode()) from None


def _natural(name: str) -> list[tuple[int, int | str]]:
    """Order frame2 before frame10."""
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", name) if part]

"""All that is scored on the same test images: our variants, folders of published maps, and two baselines that know nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from tsernet.errors import UserError
from tsernet.images.levels import Levels
from tsernet.metrics import MEASURES, Curves, Scores, read_grey, read_pair, score_folder, score_pairs
from tsernet.metrics.files import list_images
from tsernet.metrics.measures import Grey
from tsernet.report.evaluations import Evaluation, Evaluations, check_same_masks, over_seeds
from tsernet.report.published import label_of
from tsernet.report.tables import Spread

Kind = Literal["ours", "published", "baseline"]
Progress = Callable[[str], None]

CONSTANT = "constant map"
INVERTED = "inverted brightness"


@dataclass(frozen=True, slots=True)
class Prepared:
    """The prepared images and masks, by name; `levels` of a set of more than 8 bits."""

    folder: Path
    levels: Levels | None = None

    def image(self, name: str) -> Grey:
        """Read an image as grey: uint8, (H, W)."""
        return read_grey(self.folder / "images" / f"{name}.png", self.levels, max_pixels=None)

    def mask(self, name: str) -> Grey:
        """Read a mask: uint8, (H, W), above 128 is defect."""
        return read_grey(self.folder / "masks" / f"{name}.png", max_pixels=None)


@dataclass(frozen=True, slots=True)
class Method:
    """One row of Table I: its figures, curves, and maps by image name; `registered` is the one that the report is about."""

    name: str
    label: str
    kind: Kind
    measures: Mapping[str, Spread]
    curves: Curves
    read_map: Callable[[str], Grey]
    registered: bool = False


def our_methods(evaluations: Evaluations, registered: str) -> list[Method]:
    """List the variants that were evaluated: figures over all seeds, curves and maps of the first."""
    methods = []
    for variant, found in evaluations.by_variant.items():
        if found:
            measures = {measure.key: spread for measure in MEASURES if (spread := over_seeds(found, measure.key))}
            shown = (found[0].curves, _evaluated_maps(found[0]))
            methods.append(Method(variant, label_of(variant), "ours", measures, *shown, registered=variant == registered))
    return methods


def published_methods(
    folders: Mapping[str, Path], prepared: Prepared, names: Sequence[str], reference: Evaluation | None, progress: Progress
) -> list[Method]:
    """Score every folder of published maps now.

    Raises:
        UserError: If a folder does not exist.
        CheckError: If it lacks maps of test images, or the masks are no longer those of the evaluations.
    """
    methods = []
    for name, folder in folders.items():
        if not folder.is_dir():
            raise UserError(f"compare.published.{name}: expected a folder of saliency maps, {folder} is none")
        progress(f"scoring {name}")
        scores = score_folder(folder, prepared.folder / "masks", names, max_pixels=None)
        methods.append(_method(name, "published", scores, _folder_maps(folder, prepared), reference, prepared))
    return methods


def baseline_methods(prepared: Prepared, names: Sequence[str], reference: Evaluation | None, progress: Progress) -> list[Method]:
    """Score a constant map (128) and the image's own inverted brightness: what no training at all reaches.

    Raises:
        CheckError: If the masks are no longer those of the evaluations.
    """
    readers: dict[str, Callable[[str], Grey]] = {
        CONSTANT: lambda name: np.full_like(prepared.mask(name), 128),
        INVERTED: lambda name: 255 - prepared.image(name),
    }
    methods = []
    for name, read_map in readers.items():
        progress(f"scoring {name}")
        scores = score_pairs(_pairs(names, read_map, prepared))
        methods.append(_method(name, "baseline", scores, read_map, reference, prepared))
    return methods


def _pairs(names: Sequence[str], read_map: Callable[[str], Grey], prepared: Prepared) -> Iterator[tuple[str, Grey, Grey]]:
    return ((name, read_map(name), prepared.mask(name)) for name in names)


def _method(
    name: str, kind: Kind, scores: Scores, read_map: Callable[[str], Grey], reference: Evaluation | None, prepared: Prepared
) -> Method:
    if reference:
        masks = str(prepared.folder / "masks")
        check_same_masks(str(reference.folder), reference.masks_digest, f"{name} (just now, {masks})", scores.masks_digest)
    measures = {measure.key: Spread(getattr(scores, measure.key)) for measure in MEASURES}
    return Method(name, name, kind, measures, scores.curves, read_map)


def _evaluated_maps(evaluation: Evaluation) -> Callable[[str], Grey]:
    return lambda name: read_grey(evaluation.folder / "maps" / f"{name}.png", max_pixels=None)


def _folder_maps(folder: Path, prepared: Prepared) -> Callable[[str], Grey]:
    paths = list_images(folder)

    def read(name: str) -> Grey:
        saliency, _, _ = read_pair(paths[name], prepared.folder / "masks" / f"{name}.png", max_pixels=None)
        return saliency

    return read

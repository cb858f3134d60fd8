"""A registered version's scores of images that it was not judged by: those that joined the test set since."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

import numpy as np

from pipelines.registry.clean_images import CleanImages
from pipelines.registry.comparison import PerImage
from pipelines.registry.groups import scores_at
from pipelines.registry.versions import Registry, Version
from pipelines.registry.weights_file import weights_file

PREPARED = Path("data/prepared")


def rescore(
    registry: Registry, version: Version, names: Collection[str], prepared: Path = PREPARED
) -> tuple[PerImage | None, CleanImages | None]:
    """Let a version mark images, and score that as `evaluate` does.

    Args:
        registry: Of the version.
        version: Whose weights and way of feeding are used.
        names: Of the images.
        prepared: Folder with images/ and masks/.
    Returns:
        Scores of the images with a defect and ground, and what is marked on the clean ones; each None where there are none.
    """
    from tsernet.data.pixels import read_samples
    from tsernet.digests import sha256_of
    from tsernet.inference import to_uint8
    from tsernet.metrics import read_grey, score_pairs
    from tsernet.operating import measure_image, place_of
    from tsernet.runtimes import open_session
    from tsernet.saliency import StripMaps, map_maker

    path, fed = weights_file(f"models:/{version.name}/{version.number}")
    session, metadata = open_session(path)
    # What was evaluated by the paper's protocol names none, whatever its training would allow.
    maker = map_maker(session, metadata | fed, protocol=fed.get("protocol", "paper"))
    pairs, curves = [], []
    for name in sorted(names):
        (saliency,) = maker.predict([read_samples(prepared / "images" / f"{name}.png", max_pixels=None)])
        mask = read_grey(prepared / "masks" / f"{name}.png", max_pixels=None)
        marked = to_uint8(saliency)
        pairs.append((name, marked, mask))
        if isinstance(maker, StripMaps) and not (mask > 128).any():
            curves.append(measure_image(name, marked, np.zeros_like(mask), maker.protocol.operating_point.min_area))
    found = None
    if pairs and (scores := score_pairs(pairs)).count:
        found = scores_at(scores.per_image, scores.f_curves, _best_threshold(registry, version))
    if not curves or not isinstance(maker, StripMaps):
        return found, None
    place = place_of(maker.protocol.operating_point.level)
    clean = CleanImages(
        {one.name: sha256_of(prepared / "masks" / f"{one.name}.png") for one in curves},
        np.array([float(one.marked[place]) for one in curves]),
        sum(int(one.false_components[place]) for one in curves),
        sum(one.ground for one in curves) / 1e6,
    )
    return found, clean


def _best_threshold(registry: Registry, version: Version) -> int | None:
    with registry.files(version, "artifacts/metrics.json") as path:
        known = json.loads(path.read_text(encoding="utf-8")).get("best_threshold")
    return None if known is None else int(known)

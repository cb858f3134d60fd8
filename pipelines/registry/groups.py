"""A test set that has grown: the images that the champion was judged by, and those that came since, as groups of their own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.registry.comparison import PerImage, Verdict, compare, gains_of
from tsernet.config import Register
from tsernet.data.listed import Listed
from tsernet.measures import MEASURES


@dataclass(frozen=True)
class Groups:
    """The test images of a challenger, as the champion knows them.

    Attributes:
        old: The champion's, unchanged.
        new: Those that came since, and the champion's whose masks were corrected; the champion has no score for them.
        lost: The champion's that are not here, or have other pixels.
        added: So many images more than before in training.
    """

    old: frozenset[str]
    new: frozenset[str]
    lost: frozenset[str]
    added: int


def group(ours: Sequence[Listed], theirs: Sequence[Listed]) -> Groups:
    """Group the test images of a challenger by what the champion was judged by.

    Args:
        ours: All samples of the challenger's split.
        theirs: Of the champion's.
    """
    mine, known = ({one.name: one for one in listed if one.part == "test"} for listed in (ours, theirs))
    same_image = {name for name in mine.keys() & known.keys() if mine[name].image_digest == known[name].image_digest}
    old = {name for name in same_image if mine[name].mask_digest == known[name].mask_digest}
    trained, before = ({one.name for one in listed if one.part == "train"} for listed in (ours, theirs))
    return Groups(frozenset(old), frozenset(mine.keys() - old), frozenset(known.keys() - same_image), len(trained - before))


def without(scores: PerImage, names: Collection[str]) -> PerImage:
    """Leave images out of scores."""
    return _chosen(scores, [name for name in scores.masks if name not in names])


def joined(one: PerImage, other: PerImage | None) -> PerImage:
    """Put the scores of different images together, sorted by name as `read_per_image` has them."""
    if other is None:
        return one
    both = PerImage({**one.masks, **other.masks}, {key: np.concatenate([one.scores[key], other.scores[key]]) for key in MEASURES})
    return _chosen(both, sorted(both.masks))


def judge_groups(challenger: PerImage, champion: PerImage, groups: Groups, settings: Register) -> Verdict:
    """Decide over old and new test images.

    The challenger is better if it is over all of them together, as `compare` decides, if it is not worse on the old ones (in no measure by
    more than the tolerance, at the settings' confidence), and if it does not lose more than the tolerance in the chosen measure on the
    new ones. Of these there may be few: their mean counts, no confidence is asked.

    Args:
        challenger: Scores of all its test images.
        champion: Scores of the same images.
        groups: Which are old, which new.
        settings: Measure, margin, tolerance and confidence.
    """
    verdict = compare(challenger, champion, settings)
    figures, words = dict(verdict.figures), []
    faults = []
    for kind, names in (("old", groups.old), ("new", groups.new)):
        ours, theirs = (_chosen(scores, [name for name in scores.masks if name in names]) for scores in (challenger, champion))
        if not ours.masks:
            continue
        gains = gains_of(ours, theirs, settings.confidence)
        chosen = gains[settings.measure]
        figures[f"{kind}_images"] = {"count": len(ours.masks), "measure": settings.measure, **chosen}
        words.append(
            f"on {len(ours.masks)} {kind} test images {settings.measure} {chosen['champion']:.4f} → {chosen['challenger']:.4f}"
            f" ({chosen['gain']:+.4f}, at least {chosen['at_least']:+.4f})"
        )
        if kind == "old":
            worse = [key for key in MEASURES if gains[key]["at_least"] < -settings.tolerance]
            if worse:
                losses = ", ".join(f"{key} {gains[key]['at_least']:+.4f}" for key in worse)
                faults.append(f"may be worse on the old test images: {losses}")
        elif chosen["gain"] < -settings.tolerance:
            faults.append(f"worse on the new test images: {settings.measure} {chosen['gain']:+.4f}")
    figures["added_to_training"] = {"count": groups.added}
    said = "; ".join([*words, f"{groups.added} images more in training"])
    if verdict.promote and faults:
        return Verdict(False, f"better over all, but {' and '.join(faults)}; {said}", figures)
    return replace(verdict, reason=f"{verdict.reason}; {said}", figures=figures)


def scores_at(images: Sequence[Any], f_curves: Any, best_threshold: int | None) -> PerImage:
    """Take the scores of images as per_image.csv has them.

    Args:
        images: `ImageScore`s.
        f_curves: (images, 256), F by threshold.
        best_threshold: At which F is taken: where the champion's mean curve peaked when it was registered, else where this one does.
    """
    scores = {key: _stacked([getattr(image, key) for image in images]) for key in MEASURES}
    if best_threshold is not None:
        scores["max_f_measure"] = _stacked(f_curves[:, best_threshold])
    return PerImage({image.name: image.mask_digest for image in images}, scores)


def _chosen(scores: PerImage, names: Sequence[str]) -> PerImage:
    places = {name: place for place, name in enumerate(scores.masks)}
    rows = [places[name] for name in names]
    return PerImage({name: scores.masks[name] for name in names}, {key: column[rows] for key, column in scores.scores.items()})


def _stacked(values: Any) -> NDArray[np.float64]:
    return np.array(values, dtype=np.float64)

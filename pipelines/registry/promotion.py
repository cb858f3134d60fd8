"""A version against the champion: over the test images that both know, and over those that came since."""

from __future__ import annotations

from collections.abc import Collection

from pipelines.registry.clean_images import CleanImages, joined_clean, read_clean, weigh_false_alarms
from pipelines.registry.comparison import Verdict, compare, meets_floor, read_per_image
from pipelines.registry.groups import Groups, group, joined, judge_groups, without
from pipelines.registry.rescoring import rescore
from pipelines.registry.versions import Registry, Version
from tsernet.config import Register
from tsernet.data.listed import SAMPLES, read_listed
from tsernet.measures import MEASURES

CLEAN_TAG = "tsernet.test.clean_images"
"""How many test images of a version are clean; without it there is no table of them."""
SAMPLES_TAG = "tsernet.samples_sha256"
"""Digest of the list of a version's samples; without it there is none."""


def judge(registry: Registry, version: Version, champion: str, settings: Register) -> Verdict:
    """Compare a version with the champion; without a champion the floor decides.

    By their scores as registered. Images that joined the test set since the champion was judged, it is scored on here.
    """
    with registry.files(version, "artifacts/per_image.csv") as path:
        ours = read_per_image(path)
    meets, sentence = meets_floor({key: float(ours.scores[key].mean()) for key in MEASURES}, settings)
    if not meets or not champion:
        return Verdict(meets, f"no champion yet; {sentence}" if meets else sentence, {})
    reigning = registry.get(champion)
    groups = _groups(registry, version, reigning)
    if groups is None or (not groups.new and not groups.lost):
        own, other = (registry.provenance(one).get("tsernet.digest.test", "") for one in (version, reigning))
        if own and other and own != other and groups is None:
            return Verdict(False, f"the test set is not the champion's: digest {own}, the champion's {other}", {})
        with registry.files(reigning, "artifacts/per_image.csv") as path:
            verdict = compare(ours, read_per_image(path), settings)
        return weigh_false_alarms(verdict, _clean(registry, version), _clean(registry, reigning), settings)
    if groups.lost or not groups.old:
        gone = f"{', '.join(sorted(groups.lost)[:3])}{' …' if len(groups.lost) > 3 else ''}"
        reason = (
            f"the test set is not the champion's: {len(groups.lost)} of its images are not here ({gone}); split.keep: champion keeps them"
        )
        return Verdict(False, reason, {})
    with registry.files(reigning, "artifacts/per_image.csv") as path:
        known = without(read_per_image(path), groups.new)
    more, clean = rescore(registry, reigning, groups.new)
    verdict = judge_groups(ours, joined(known, more), groups, settings)
    before = joined_clean(_clean(registry, reigning, groups.new), clean)
    return weigh_false_alarms(verdict, _clean(registry, version), before, settings)


def _groups(registry: Registry, version: Version, reigning: Version) -> Groups | None:
    """Group the test images; None where a version is of a release that kept no list of its samples."""
    listed = []
    for one in (version, reigning):
        if not registry.provenance(one).get(SAMPLES_TAG):
            return None
        with registry.files(one, f"artifacts/{SAMPLES}") as path:
            listed.append(read_listed(path))
    return group(*listed)


def _clean(registry: Registry, version: Version, leave_out: Collection[str] = ()) -> CleanImages | None:
    """Read what a version marks on clean test images; None for one that was made before that was kept, or without any."""
    if not registry.provenance(version).get(CLEAN_TAG):
        return None
    with registry.files(version, "artifacts/clean.csv") as path:
        return read_clean(path, leave_out)

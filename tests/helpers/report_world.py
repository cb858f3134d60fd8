"""Made-up worlds to report on."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from tsernet.metrics import score_folder, write_curves, write_per_image
from tsernet.metrics.store import ImageCurves
from tsernet.report import ReportInputs, Share, build_report

CLASSES = ("inclusion", "patch", "scratch")
VARIANTS = ("full", "no_subnet", "no_efbi", "no_erm", "no_fig", "no_big", "no_self_edge", "no_s_edge")


@dataclass(frozen=True)
class World:
    root: Path
    inputs: ReportInputs

    def build(self, out: Path, **changes) -> Path:
        build_report(replace(self.inputs, **changes), out, lambda _: None)
        return out


def evaluate(world: Path, variant: str, seed: int, classes: dict[str, str], validation: bool = True) -> Path:
    """Write what the stage evaluate writes, for maps that are already there."""
    out = world / "evaluate" / variant / str(seed)
    scores = score_folder(out / "maps", world / "prepared/masks", list(classes), workers=1)
    write_per_image(scores, out / "per_image.csv", classes)
    write_curves(scores.curves, out / "pr_curve.csv")
    write_curves(scores.curves if validation else None, out / "validation_curve.csv")
    ImageCurves.of(scores).write(out / "curves.npz")
    rest = {"masks_digest": scores.masks_digest, "test_digest": "ab" * 32, "seconds_per_image": 0.012, "parameters": 2_970_000}
    (out / "metrics.json").write_text(json.dumps(scores.measures() | rest | {"variant": variant, "seed": seed}))
    return out


def make_world(
    root: Path, variants=(("full", 0, 20), ("full", 1, 24), ("no_subnet", 0, 70), ("no_efbi", 0, 22), ("no_s_edge", 0, 20))
) -> World:
    names = {f"{kind[:2]}_{number}": kind for number in range(4) for kind in CLASSES}
    for folder in ("prepared/images", "prepared/masks"):
        (root / folder).mkdir(parents=True)
    for place, name in enumerate(names):
        generator = np.random.default_rng(place)
        mask = np.zeros((40, 48), np.uint8)
        top, left = generator.integers(2, 20, 2)
        mask[top : top + 6 + place, left : left + 5] = 255
        mask[36:38, 40:44] = 255
        image = np.clip(150 - 0.3 * mask + generator.normal(0, 10, mask.shape), 0, 255).astype(np.uint8)
        Image.fromarray(image).save(root / f"prepared/images/{name}.png")
        Image.fromarray(mask).save(root / f"prepared/masks/{name}.png")
        for variant, seed, noise in variants:
            maps = root / "evaluate" / variant / str(seed) / "maps"
            maps.mkdir(parents=True, exist_ok=True)
            noisy = mask * 0.7 + 30 + np.random.default_rng([place, seed]).normal(0, noise, mask.shape)
            noisy[34:] = 5  # the second defect is always missed
            Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(maps / f"{name}.png")
    for variant, seed, _ in variants:
        evaluate(root, variant, seed, names, validation=variant != "no_efbi")
    return World(root, inputs_of(root, sorted(names), [0, 1], 200, "synthetic strip-steel images", comparable=False))


def inputs_of(root: Path, names: list[str], seeds: list[int], resamples: int, dataset: str, comparable: bool) -> ReportInputs:
    return ReportInputs(
        prepared=root / "prepared",
        evaluations=root / "evaluate",
        test=names,
        variants=VARIANTS,
        seeds=seeds,
        published={},
        resamples=resamples,
        rows_per_class=2,
        dataset=dataset,
        split="drawn by class",
        shares=[Share("train", 30, "cd" * 32), Share("test", len(names), "ab" * 32)],
        comparable=comparable,
    )

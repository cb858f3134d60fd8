"""The gate of a network of eight bits: what it finds on real images is what PyTorch finds, within tolerances that have names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsernet.errors import CheckError, UserError
from tsernet.wording import counted

if TYPE_CHECKING:
    from tsernet.metrics import Scores
    from tsernet.saliency import MapMaker

Pair = tuple[Path, Path]
"""An image and its mask."""


@dataclass(frozen=True)
class Tolerances:
    """How much worse than PyTorch's float32 it may be.

    Attributes:
        s_measure, max_f_measure: Less of these scores over all images with a defect.
        decisions: Share of images that are called defective by one and clean by the other, at the model's operating point.
    """

    s_measure: float = 0.002
    max_f_measure: float = 0.002
    decisions: float = 0.01


@dataclass(frozen=True)
class Fidelity:
    """What was found by PyTorch and by the exported network.

    Attributes:
        images: So many were compared.
        s_measure, max_f_measure: Of PyTorch and of the exported network.
        decisions: Share of images that are judged differently.
    """

    images: int
    s_measure: tuple[float, float]
    max_f_measure: tuple[float, float]
    decisions: float

    def figures(self) -> dict[str, Any]:
        """Give all by name, with the tolerances."""
        return asdict(self) | {"tolerances": asdict(Tolerances())}

    def sentence(self) -> str:
        """Say all in words."""
        scores = ((name, *pair) for name, pair in (("S", self.s_measure), ("max F", self.max_f_measure)))
        said = ", ".join(f"{name} {ours:.4f} instead of {theirs:.4f}" for name, theirs, ours in scores)
        return f"on {counted(self.images, 'image')} {said}, {self.decisions:.2%} of the verdicts are others"

    def hold(self) -> None:
        """Check that no figure is worse than `Tolerances` allow.

        Raises:
            CheckError: If one is; with all figures.
        """
        allowed = Tolerances()
        lost = [
            name
            for name, value, most in (
                ("S", self.s_measure[0] - self.s_measure[1], allowed.s_measure),
                ("max F", self.max_f_measure[0] - self.max_f_measure[1], allowed.max_f_measure),
                ("verdicts", self.decisions, allowed.decisions),
            )
            if not value <= most
        ]
        if lost:
            raise CheckError(
                f"not exported: {self.sentence()}; {', '.join(lost)} beyond what is allowed"
                f" (S -{allowed.s_measure:g}, max F -{allowed.max_f_measure:g}, verdicts {allowed.decisions:.0%})"
            )


def measure_fidelity(model: Path, exported: Path, metadata: dict[str, str], pairs: Sequence[Pair]) -> Fidelity:
    """Let PyTorch and an exported network find the defects of images.

    Args:
        model: The .safetensors file that it was made from.
        exported: The file as it was written; it is read as `tsernet predict` reads it.
        metadata: How the model is fed, the exported file's protocol included.
        pairs: Images and masks.
    Raises:
        UserError: If none of the images has a defect: nothing could be lost.
    """
    from tsernet.runtimes import open_session
    from tsernet.runtimes.torch_session import open_torch
    from tsernet.saliency import map_maker

    theirs, expected = _find(map_maker(open_torch(model)[0], metadata), metadata, pairs)
    ours, found = _find(map_maker(*open_session(exported)), metadata, pairs)
    if theirs.s_measure != theirs.s_measure:
        raise UserError(f"none of the {len(pairs)} images to compare on has a defect and ground around it; name others with --images")
    return Fidelity(
        len(pairs),
        (theirs.s_measure, ours.s_measure),
        (theirs.max_f_measure, ours.max_f_measure),
        sum(one != other for one, other in zip(expected, found, strict=True)) / len(pairs),
    )


def _find(maker: MapMaker, metadata: dict[str, str], pairs: Sequence[Pair]) -> tuple[Scores, list[bool]]:
    import numpy as np

    from tsernet.data.pixels import read_image
    from tsernet.inference import to_uint8
    from tsernet.metrics import score_pairs
    from tsernet.metrics.files import read_truth
    from tsernet.operating import measure_image, place_of
    from tsernet.protocol import protocol_of

    point = protocol_of(metadata).operating_point
    judged, scored = [], []
    for image, mask in pairs:
        saliency = to_uint8(maker.predict([read_image(image, maker.levels)])[0])
        truth = read_truth(mask)
        if saliency.shape != truth.shape:
            raise UserError(
                f"{mask}: is {truth.shape[1]}×{truth.shape[0]}, expected the size of its image, {saliency.shape[1]}×{saliency.shape[0]}"
            )
        curve = measure_image(image.name, saliency, (truth > 128).astype(np.uint8), point.min_area)
        judged.append(bool(curve.marked[place_of(point.level)]))
        scored.append((str(image), saliency, truth))
    return score_pairs(scored), judged

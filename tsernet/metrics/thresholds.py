"""What follows from how many pixels a threshold marks rightly and wrongly: precision, recall, F, IoU and E."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tsernet.metrics.structure import EPSILON, Floats

BETA_SQUARED = 0.3

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Marked:
    """Pixels at or above each of K thresholds.

    Attributes:
        right, wrong: In the defect, and outside; int (K,).
        defect, ground: Pixels of the defect, and outside, in all.
    """

    right: Numbers
    wrong: Numbers
    defect: int
    ground: int

    @classmethod
    def at_every_level(cls, ground: Numbers, defect: Numbers) -> Marked:
        """Count for the thresholds 0…255, from how many pixels of ground and defect have each level, (256,)."""
        right, wrong = (np.cumsum(one[::-1])[::-1] for one in (defect, ground))
        return cls(right, wrong, int(right[0]), int(wrong[0]))

    @classmethod
    def among(cls, ground: Numbers, defect: Numbers, marked: npt.NDArray[np.bool_]) -> Marked:
        """Count for one choice of levels, (256,): K is 1."""
        right, wrong = (np.array([one[marked].sum()]) for one in (defect, ground))
        return cls(right, wrong, int(defect.sum()), int(ground.sum()))

    def precision(self) -> Floats:
        """Give the share of the marked pixels that are right; 0 where none is marked; (K,)."""
        return _share(self.right, self.right + self.wrong)

    def recall(self) -> Floats:
        """Give the share of the defect's pixels that are marked; 0 without a defect; (K,)."""
        return _share(self.right, np.full(len(self.right), self.defect))

    def f_measure(self) -> Floats:
        """Give F with beta² 0.3; 0 where nothing is right; (K,)."""
        precision, recall = self.precision(), self.recall()
        return _share((1 + BETA_SQUARED) * precision * recall, BETA_SQUARED * precision + recall)

    def iou(self) -> Floats:
        """Give intersection over union; 0 where both are empty; (K,)."""
        return _share(self.right, self.defect + self.wrong)

    def e_measure(self) -> Floats:
        """Give the enhanced alignment (Fan et al., IJCAI 2018); (K,).

        Of an empty mask it is the share of pixels not marked, of a full one of those marked. Divided by pixels less one, as the authors do,
        so that perfection is a little over 1.
        """
        pixels = self.defect + self.ground
        marked = self.right + self.wrong
        if not self.defect or not self.ground:
            aligned = np.asarray(marked if self.defect else pixels - marked, dtype=np.float64)
        else:
            missed = self.defect - self.right
            parts = ((1, 1, self.right), (1, 0, self.wrong), (0, 1, missed), (0, 0, pixels - marked - missed))
            aligned = np.sum([_alignment(a - marked / pixels, b - self.defect / pixels) * count for a, b, count in parts], axis=0)
        return aligned / (pixels - 1 + EPSILON)


def _alignment(mark: Floats, truth: float) -> Floats:
    """Compare a pixel's mark and its truth, each less its mean over the image: 1 where equal, 0 where opposite."""
    return (2 * mark * truth / (mark**2 + truth**2 + EPSILON) + 1) ** 2 / 4


def _share(part: npt.NDArray[np.int64] | Floats, whole: npt.NDArray[np.int64] | Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole != 0)

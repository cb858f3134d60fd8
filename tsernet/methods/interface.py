"""What every method is: an image in, supervised maps and the final map out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from torch import Tensor, nn

from tsernet.runtimes.session import require_inputs


class Output(Protocol):
    """What a network gives: logits, (B, 1, H, W) each, at the input's size."""

    @property
    def saliency(self) -> Tensor:
        """The final map."""
        ...

    @property
    def supervised(self) -> tuple[Tensor, ...]:
        """All maps that learn from the mask, the final one first."""
        ...

    @property
    def edges(self) -> tuple[Tensor, ...]:
        """The maps that learn from the mask's edges."""
        ...


class Maps(NamedTuple):
    """An `Output` of a network that has nothing more to say.

    Attributes:
        saliency: The final map.
        others: What learns from the mask beside it.
        edges: What learns from the mask's edges.
    """

    saliency: Tensor
    others: tuple[Tensor, ...] = ()
    edges: tuple[Tensor, ...] = ()

    @property
    def supervised(self) -> tuple[Tensor, ...]:
        """All maps that learn from the mask, the final one first."""
        return (self.saliency, *self.others)


class Objective(NamedTuple):
    """What is a method's own in the objective: how much each term of `tsernet.losses` counts; 0 leaves it out.

    Attributes:
        bce, ssim, iou, f: Of the supervised maps.
        edge: Of the edge maps.
        maps: How much each supervised map counts, in their order; empty: all the same, 1.
    """

    bce: float = 1.0
    ssim: float = 1.0
    iou: float = 1.0
    f: float = 1.0
    edge: float = 1.0
    maps: tuple[float, ...] = ()


WHOLE = Objective()
"""TSERNet's: every term of every map counts alike (Han et al., TIM 2022, eq. 8)."""


class SaliencyNetwork(nn.Module):
    """A network of a method; a subclass says in `maps` what it computes.

    Attributes:
        variant: The name by which params.yaml asks for it; set where it is built by that.
        width: Multiplier of every channel count.

    Args:
        width: Above 0.
    Raises:
        ValueError: If the width is not positive.
    """

    def __init__(self, width: float) -> None:
        super().__init__()
        if not width > 0:
            raise ValueError(f"width must be above 0, got {width}")
        self.variant = ""
        self.width = width

    def forward(self, image: Tensor) -> Output:
        """Compute all maps.

        Args:
            image: Normalised RGB, float, (B, 3, H, W), H and W multiples of 32.
        Raises:
            ValueError: If the shape is another; the message gives it.
        """
        require_inputs(tuple(image.shape))
        return self.maps(image)

    def maps(self, image: Tensor) -> Output:
        """Compute all maps of an image whose shape is right, of layers that `tsernet.methods.graph` knows."""
        raise NotImplementedError


@dataclass(frozen=True)
class Method:
    """A method: how its network is built, and its objective.

    Attributes:
        build: Makes the network with fresh weights at a width.
        source: The paper.
        objective: What is its own in the objective.
    """

    build: Callable[[float], SaliencyNetwork]
    source: str
    objective: Objective = WHOLE

"""The small parts that several methods are made of."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor, nn
from torch.nn import functional as F

from tsernet.models.blocks import enlarge, scaled
from tsernet.runtimes.session import LEAST_RANGE

__all__ = ["ConvNorm", "chained", "enlarge", "enlarge_aligned", "repeat_pixels", "resize_like", "scaled", "shuffle_channels", "stretched"]


class ConvNorm(nn.Sequential):
    """A convolution without bias, BatchNorm and ReLU; height and width stay at stride 1.

    Args:
        inputs: Channels in.
        outputs: Channels out.
        kernel: Side, odd; or height and width.
        stride, dilation, groups, bias: Of the convolution.
        relu: Whether a ReLU follows.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | tuple[int, int] = 3,
        *,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = False,
        relu: bool = True,
    ) -> None:
        sides = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (dilation * (sides[0] // 2), dilation * (sides[1] // 2))
        conv = nn.Conv2d(inputs, outputs, sides, stride=stride, padding=padding, dilation=dilation, groups=groups, bias=bias)
        super().__init__(conv, nn.BatchNorm2d(outputs), *([nn.ReLU(inplace=True)] if relu else []))


def chained(stages: Iterable[nn.Module], given: Tensor) -> list[Tensor]:
    """Put features through stages one after the other; what each of them gives."""
    found: list[Tensor] = []
    for stage in stages:
        given = stage(given)
        found.append(given)
    return found


def resize_like(maps: Tensor, like: Tensor, align: bool = False) -> Tensor:
    """Resize bilinearly to the height and width of another tensor.

    Args:
        maps: (B, C, h, w).
        like: (…, H, W).
        align: Whether the corner pixels' centres stay where they are (align_corners).
    """
    return F.interpolate(maps, size=like.shape[-2:], mode="bilinear", align_corners=align)


def enlarge_aligned(maps: Tensor, factor: int) -> Tensor:
    """Upsample bilinearly by a whole factor; the corner pixels' centres stay where they are (align_corners)."""
    return F.interpolate(maps, scale_factor=factor, mode="bilinear", align_corners=True)


def stretched(maps: Tensor) -> Tensor:
    """Bring each image's map, (B, 1, H, W), to [0, 1] by its own minimum and maximum; a range below `LEAST_RANGE` counts as that.

    One step of a traced network (`tsernet.methods.graph`).
    """
    low, high = (found(dim=(1, 2, 3), keepdim=True) for found in (maps.amin, maps.amax))
    return (maps - low) / (high - low).clamp_min(LEAST_RANGE)


def shuffle_channels(features: Tensor, groups: int) -> Tensor:
    """Take one channel of each group in turn; where they do not divide evenly, the channels stay as they are.

    One step of a traced network.
    """
    batch, channels, height, width = features.shape
    if channels % groups:
        return features
    return features.view(batch, groups, channels // groups, height, width).transpose(1, 2).reshape(batch, channels, height, width)


def repeat_pixels(maps: Tensor, factor: int) -> Tensor:
    """Enlarge by a whole factor, each pixel as often."""
    return F.interpolate(maps, scale_factor=factor, mode="nearest")

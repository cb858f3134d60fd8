"""The small parts that several methods are made of."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from tsernet.models.blocks import enlarge, scaled

__all__ = ["ConvNorm", "enlarge", "resize_like", "scaled"]


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


def resize_like(maps: Tensor, like: Tensor, align: bool = False) -> Tensor:
    """Resize bilinearly to the height and width of another tensor.

    Args:
        maps: (B, C, h, w).
        like: (…, H, W).
        align: Whether the corner pixels' centres stay where they are (align_corners).
    """
    return F.interpolate(maps, size=like.shape[-2:], mode="bilinear", align_corners=align)

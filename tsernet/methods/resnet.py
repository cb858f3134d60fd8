"""Encoders of the ResNet family.

Source: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, table 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from tsernet.methods.layers import ConvNorm, chained, scaled
from tsernet.models.blocks import three
from tsernet.models.encoder import RESNET_STAGES, STAGE_BLOCKS, BasicBlock, StridedPointwise

BLOCKS_50 = (3, 4, 6, 3)
_EXPANSION = 4


class Bottleneck(nn.Module):
    """Convolutions of 1×1, 3×3 and 1×1 around a shortcut.

    Args:
        inputs: Channels in.
        channels: Of the 3×3 convolution.
        outputs: Channels out.
        stride: Of the 3×3 convolution.
    """

    def __init__(self, inputs: int, channels: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.reduce = ConvNorm(inputs, channels, 1)
        self.look = ConvNorm(channels, channels, stride=stride)
        self.widen = ConvNorm(channels, outputs, 1, relu=False)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(StridedPointwise(inputs, outputs, stride), nn.BatchNorm2d(outputs))
        self.act = nn.ReLU(inplace=True)

    @property
    def branch_end(self) -> nn.Module:
        """What the residual branch ends in."""
        return self.widen[1]

    def forward(self, features: Tensor) -> Tensor:
        inner = self.widen(self.look(self.reduce(features)))
        result: Tensor = self.act(inner + self.shortcut(features))
        return result


class ResNet50(nn.Module):
    """ResNet-50 without its head.

    Args:
        width: Channel multiplier.
    """

    def __init__(self, width: float) -> None:
        super().__init__()
        stem = scaled(64, width)
        self.stem = ConvNorm(3, stem, 7, stride=2)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.stages = nn.ModuleList()
        inputs = stem
        for index, count in enumerate(BLOCKS_50):
            channels = scaled(64 * 2**index, width)
            outputs = scaled(_EXPANSION * 64 * 2**index, width)
            first = Bottleneck(inputs, channels, outputs, 2 if index else 1)
            self.stages.append(nn.Sequential(first, *(Bottleneck(outputs, channels, outputs) for _ in range(count - 1))))
            inputs = outputs

    def forward(self, image: Tensor) -> Sequence[Tensor]:
        """Return five maps: of the stem (H/2), and of the stages (H/4, H/8, H/16, H/32)."""
        near = self.stem(image)
        return [near, *chained(self.stages, self.pool(near))]


def resnet_channels(width: float) -> tuple[int, ...]:
    """Say how many channels the five maps have: 64, 256, 512, 1024, 2048 at width 1.0."""
    return (scaled(64, width), *(scaled(_EXPANSION * 64 * 2**index, width) for index in range(len(BLOCKS_50))))


def six_stages(channels: Sequence[int]) -> nn.ModuleList:
    """Make ResNet-34's four stages behind a stem without stride, and two more, which stand behind a max-pool (Qin et al., CVPR 2019).

    Args:
        channels: Of the six; the stem has the first's.
    """
    stages = nn.ModuleList()
    for index, (inputs, outputs, count) in enumerate(zip((channels[0], *channels), channels, STAGE_BLOCKS, strict=False)):
        first = BasicBlock(inputs, outputs, 2 if 0 < index < RESNET_STAGES else 1)
        stages.append(nn.Sequential(first, *(BasicBlock(outputs, outputs) for _ in range(count - 1))))
    return stages


def through_stages(stages: Iterable[nn.Module], near: Tensor) -> list[Tensor]:
    """Put the stem's features through stages of `six_stages`, its first ones or all; what each of them gives, at H, H/2, … H/32."""
    features: list[Tensor] = []
    for index, stage in enumerate(stages):
        near = stage(F.max_pool2d(near, 2) if index >= RESNET_STAGES else near)
        features.append(near)
    return features


def decoder_step(inputs: int, middle: int, outputs: int, deepest: bool) -> nn.Sequential:
    """Make one step of the decoders that stand behind `six_stages`; the deepest one looks further."""
    return three(inputs, middle, outputs, (1, 2, 2) if deepest else (1, 1, 1))

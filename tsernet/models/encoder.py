"""The encoder of stage one: ResNet-34 without its max-pool, with a stride-1 stem and two more stages."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from tsernet.models.blocks import ConvNormReLU, ResidualUnit, scaled

STAGE_CHANNELS = (64, 128, 256, 512, 512, 512)
"""Channels of the six stages at width 1.0, at the sizes H, H/2, … H/32."""
STAGE_BLOCKS = (3, 4, 6, 3, 3, 3)
RESNET_STAGES = 4
"""So many of the stages are ResNet-34's own; the others begin with a max-pool instead of a stride."""


class StridedPointwise(nn.Conv2d):
    """A 1×1 convolution with a stride, as a subsampling followed by a 1×1 convolution without one.

    The same sums. oneDNN's own strided kernel writes past its workspace in the backward pass, with channels_last and
    fewer input channels than its block: the heap is corrupted and the process dies
    (https://github.com/uxlfoundation/oneDNN/issues/6035, seen here with torch 2.14.1 at width 0.125).
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__(inputs, outputs, 1, bias=False)
        self.step = stride

    def forward(self, features: Tensor) -> Tensor:
        return super().forward(features[:, :, :: self.step, :: self.step])


class BasicBlock(nn.Module):
    """Two 3×3 convolutions without bias around a shortcut, which is a 1×1 convolution where the shape changes.

    Source: He et al., Deep Residual Learning, CVPR 2016.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(StridedPointwise(inputs, outputs, stride), nn.BatchNorm2d(outputs))

    def forward(self, features: Tensor) -> Tensor:
        inner = F.relu(self.norm1(self.conv1(features)), inplace=True)
        inner = self.norm2(self.conv2(inner))
        return F.relu(inner.add_(self.shortcut(features)), inplace=True)


class Encoder(nn.Module):
    """Turn an image into six feature maps of falling size.

    The stages chain on their raw outputs; afterwards a residual unit refines each one that something reads.

    Args:
        width: Channel multiplier.
        refined: Numbers 1…6 of the stages that get a residual unit.
    Source: Han et al., TIM 2022, section III-A.
    """

    def __init__(self, width: float, refined: frozenset[int]) -> None:
        super().__init__()
        channels = [scaled(count, width) for count in STAGE_CHANNELS]
        self.stem = ConvNormReLU(3, channels[0])
        self.stages = nn.ModuleList()
        self.units = nn.ModuleList()
        inputs = channels[0]
        for index, (outputs, blocks) in enumerate(zip(channels, STAGE_BLOCKS, strict=True)):
            stride = 2 if 0 < index < RESNET_STAGES else 1
            first = BasicBlock(inputs, outputs, stride)
            self.stages.append(nn.Sequential(first, *(BasicBlock(outputs, outputs) for _ in range(blocks - 1))))
            self.units.append(ResidualUnit(outputs) if index + 1 in refined else nn.Identity())
            inputs = outputs

    def forward(self, image: Tensor) -> list[Tensor]:
        """Compute f₁…f₆.

        Args:
            image: Normalised RGB, (B, 3, H, W), H and W multiples of 32.
        Returns:
            Six maps, (B, c_i, H/2^(i−1), W/2^(i−1)).
        """
        features = []
        raw = self.stem(image)
        for index, (stage, unit) in enumerate(zip(self.stages, self.units, strict=True)):
            if index >= RESNET_STAGES:
                raw = F.max_pool2d(raw, 2, ceil_mode=True)
            raw = stage(raw)
            features.append(unit(raw))
        return features

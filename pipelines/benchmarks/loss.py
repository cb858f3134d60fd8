"""`tsernet benchmark loss`: the objective beside its plain form."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.benchmarks.measure import print_report, time_in_turn

if TYPE_CHECKING:
    from torch import Tensor

MAPS = 12


def register(group: typer.Typer) -> None:
    """Add the command `loss`."""
    group.command()(loss)


def loss(
    batch: Annotated[int, typer.Option(min=1)] = 4,
    size: Annotated[int, typer.Option(min=16)] = 224,
    repetitions: Annotated[int, typer.Option(min=1)] = 5,
    threads: Annotated[int, typer.Option(min=0, help="0 leaves it to torch.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Time the twelve maps' terms, forward and backward: one by one in plain form, and ours, all together."""
    import torch

    from tsernet.losses import saliency_terms

    if threads:
        torch.set_num_threads(threads)
    generator = torch.Generator().manual_seed(0)
    logits = [torch.randn(batch, 1, size, size, generator=generator) for _ in range(MAPS)]
    mask = (torch.rand(batch, 1, size, size, generator=generator) > 0.8).float()

    def together(maps: list[Tensor]) -> Tensor:
        return saliency_terms(torch.cat(maps, dim=1), mask)

    def one_by_one(maps: list[Tensor]) -> Tensor:
        return torch.stack([plain_terms(one, mask) for one in maps])

    difference = (together(logits) - one_by_one(logits)).abs().max().item()
    ways = {"plain": _forward_and_backward(one_by_one, logits), "ours": _forward_and_backward(together, logits)}
    timings = time_in_turn(ways, repetitions)
    title = f"loss terms, forward and backward, ({batch}, {MAPS}, {size}, {size})"
    print_report(title, timings, as_json, {"largest_difference": difference})


def _forward_and_backward(terms: Callable[[list[Tensor]], Tensor], logits: list[Tensor]) -> Callable[[], object]:
    def work() -> None:
        maps = [one.clone().requires_grad_() for one in logits]
        terms(maps).sum().backward()  # type: ignore[no-untyped-call]  # torch leaves Tensor.backward unannotated

    return work


def plain_terms(logits: Tensor, mask: Tensor) -> Tensor:
    """Compute one map's four terms as they are usually written: on probabilities, with 2-D SSIM windows.

    It is what ours is measured against, and a second opinion on its value.

    Args:
        logits: (B, 1, H, W).
        mask: In {0, 1}, (B, 1, H, W).
    Returns:
        (4,): BCE, 1 − SSIM, 1 − IoU, 1 − F.
    Source: Han et al., TIM 2022, eqs. 10–13.
    """
    import torch
    from torch.nn import functional as F

    from tsernet.losses import BETA_SQ

    maps = torch.sigmoid(logits)
    bce = F.binary_cross_entropy(maps, mask)
    true, false = (maps * mask).sum(dim=(1, 2, 3)), (maps * (1 - mask)).sum(dim=(1, 2, 3))
    missed = ((1 - maps) * mask).sum(dim=(1, 2, 3))
    precision, recall = true / (true + false), true / (true + missed)
    f = (1 + BETA_SQ) * precision * recall / (BETA_SQ * precision + recall)
    iou = true / (true + false + missed)
    return torch.stack((bce, 1 - _plain_ssim(maps, mask), (1 - iou).mean(), (1 - f).mean()))


def _plain_ssim(maps: Tensor, mask: Tensor) -> Tensor:
    from torch.nn import functional as F

    from tsernet.losses.sums import C1, C2, WINDOW, gaussian

    profile = gaussian(maps)
    window = (profile[:, None] * profile[None, :])[None, None]

    def blur(values: Tensor) -> Tensor:
        return F.conv2d(values, window, padding=WINDOW // 2)

    mean_map, mean_mask = blur(maps), blur(mask)
    variance_map = blur(maps * maps) - mean_map**2
    variance_mask = blur(mask * mask) - mean_mask**2
    covariance = blur(maps * mask) - mean_map * mean_mask
    numerator = (2 * mean_map * mean_mask + C1) * (2 * covariance + C2)
    return (numerator / ((mean_map**2 + mean_mask**2 + C1) * (variance_map + variance_mask + C2))).mean()

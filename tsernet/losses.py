"""The hybrid, deeply supervised objective: BCE, SSIM, IoU and F over all maps together, and the edge loss."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from tsernet.loss_sums import sums_of
from tsernet.models.network import TSERNetOutput

BETA_SQ = 0.3
NEGATIVE_WEIGHT = 1.1
"""Of the released code: what negatives weigh beyond N₊/N in the balanced edge loss."""


class LossTerms(NamedTuple):
    """The objective and what it is made of; scalars but for `per_map`.

    Attributes:
        total: edge + bce + ssim + iou + f (eq. 8).
        edge: The edge map's loss.
        bce, ssim, iou, f: Each summed over the supervised maps; ssim, iou and f are 1 − the measure.
        per_map: (M, 4): bce, ssim, iou, f of each map, in the order of `TSERNetOutput.supervised`.
    """

    total: Tensor
    edge: Tensor
    bce: Tensor
    ssim: Tensor
    iou: Tensor
    f: Tensor
    per_map: Tensor


def tsernet_loss(
    output: TSERNetOutput,
    mask: Tensor,
    edge: Tensor,
    edge_loss: Literal["balanced", "plain"] = "balanced",
    edge_share: Tensor | None = None,
    empty: Literal["paper", "background"] = "paper",
) -> LossTerms:
    """Compute the objective.

    Args:
        output: The network's logits, (B, 1, H, W) each.
        mask: Ground truth, float32 in {0, 1}, (B, 1, H, W).
        edge: Edges of the mask, likewise.
        edge_loss: `balanced` as in the released code, or `plain` BCE as printed.
        edge_share: Share of edge pixels, a scalar, where these samples are one process's part of a batch; else it is counted.
        empty: What IoU and F are of a sample without a defect, as `saliency_terms` says.
    Raises:
        ValueError: If shapes differ or `edge_loss` is unknown.
    Source: Han et al., TIM 2022, eqs. 8–13.
    """
    logits = torch.cat(output.supervised, dim=1)
    if mask.shape != edge.shape or mask.shape != output.edge.shape:
        raise ValueError(
            f"mask, edge and maps must have one shape, got {tuple(mask.shape)}, {tuple(edge.shape)}, {tuple(output.edge.shape)}"
        )
    if logits.dtype not in (torch.float32, torch.float64):
        logits = logits.float()  # the sums of IoU and F lose everything in bfloat16
    mask = mask.to(logits.dtype)
    per_map = saliency_terms(logits, mask, empty)
    bce, ssim, iou, f = per_map.sum(dim=0).unbind()
    edge_term = edge_terms(output.edge.to(logits.dtype), edge.to(logits.dtype), edge_loss, edge_share)
    return LossTerms(edge_term + bce + ssim + iou + f, edge_term, bce, ssim, iou, f, per_map)


def saliency_terms(logits: Tensor, mask: Tensor, empty: Literal["paper", "background"] = "paper") -> Tensor:
    """Compute BCE, 1 − SSIM, 1 − IoU and 1 − F of many maps against one mask.

    Against an empty mask IoU and F are 0 whatever the map shows: 1 − IoU and 1 − F are constants and teach nothing (`paper`). With
    `background` they are, for these samples alone, taken of the ground, which is all that is there: with P the sum of the map over N
    pixels, IoU = (N − P)/N and F = (1 + β²)(N − P)/(β²N + N − P). An empty map then costs nothing, and every marked pixel costs the same.

    Args:
        logits: (B, M, H, W).
        mask: In {0, 1}, (B, 1, H, W).
        empty: `paper` or `background`.
    Returns:
        (M, 4), means over the batch.
    Source: Han et al., TIM 2022, eqs. 10–13.
    """
    bce, similarity, true, predicted = sums_of(logits, mask)
    actual = mask.sum(dim=(2, 3))
    tiny = torch.finfo(logits.dtype).tiny  # an empty mask met by an empty map divides by nothing
    iou = true / (predicted + actual - true).clamp_min(tiny)
    # (1 + β²)·P·R / (β²·P + R), multiplied out: no division by an empty map or mask.
    f = (1 + BETA_SQ) * true / (BETA_SQ * actual + predicted).clamp_min(tiny)
    if empty == "background":
        pixels = float(mask.shape[2] * mask.shape[3])
        ground = pixels - predicted
        iou = torch.where(actual > 0, iou, ground / pixels)
        f = torch.where(actual > 0, f, (1 + BETA_SQ) * ground / (BETA_SQ * pixels + ground))
    return torch.stack((bce, 1 - similarity, (1 - iou).mean(dim=0), (1 - f).mean(dim=0)), dim=1)


def edge_terms(logits: Tensor, edge: Tensor, kind: Literal["balanced", "plain"], share: Tensor | None = None) -> Tensor:
    """Compute the edge map's BCE, weighted per batch or plain.

    Args:
        logits: (B, 1, H, W).
        edge: In {0, 1}, (B, 1, H, W).
        kind: `balanced`: positives weigh N₋/N, negatives 1.1·N₊/N, counted over the batch; `plain`: all weigh 1.
        share: N₊/N of the whole batch, where this is a part of it.
    Source: Han et al., TIM 2022, eq. 9; the weights are the released code's.
    """
    if kind == "plain":
        return F.binary_cross_entropy_with_logits(logits, edge)
    if kind != "balanced":
        raise ValueError(f"edge_loss must be balanced or plain, got {kind!r}")
    positive = edge.mean() if share is None else share
    weight = torch.where(edge > 0, 1 - positive, NEGATIVE_WEIGHT * positive)
    return F.binary_cross_entropy_with_logits(logits, edge, weight)

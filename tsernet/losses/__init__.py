"""The hybrid, deeply supervised objective: BCE, SSIM, IoU and F over all maps together, and the edge loss."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from tsernet.losses.sums import sums_of
from tsernet.methods.interface import WHOLE, Objective, Output

BETA_SQ = 0.3
NEGATIVE_WEIGHT = 1.1
"""Of the released code: what negatives weigh beyond N₊/N in the balanced edge loss."""


class LossTerms(NamedTuple):
    """The objective and what it is made of; scalars but for `per_map`.

    Attributes:
        total: edge + bce + ssim + iou + f (eq. 8).
        edge: Of the edge maps.
        bce, ssim, iou, f: Each summed over the supervised maps, as much as the objective counts it; ssim, iou and f are 1 − the measure.
        per_map: (M, 4): bce, ssim, iou, f of each map as they are, in the order of `Output.supervised`.
    """

    total: Tensor
    edge: Tensor
    bce: Tensor
    ssim: Tensor
    iou: Tensor
    f: Tensor
    per_map: Tensor


def tsernet_loss(
    output: Output,
    mask: Tensor,
    edge: Tensor,
    edge_loss: Literal["balanced", "plain"] = "balanced",
    edge_share: Tensor | None = None,
    empty: Literal["paper", "background"] = "paper",
    objective: Objective = WHOLE,
) -> LossTerms:
    """Compute the objective.

    Args:
        output: The network's logits, (B, 1, H, W) each.
        mask: Ground truth, float32 in {0, 1}, (B, 1, H, W).
        edge: Edges of the mask, likewise.
        edge_loss: `balanced` as in the released code, or `plain` BCE as printed.
        edge_share: Share of edge pixels, a scalar, where these samples are one process's part of a batch; else it is counted.
        empty: What IoU and F are of a sample without a defect, as `saliency_terms` says.
        objective: What a method makes of the terms; TSERNet takes all of them.
    Raises:
        ValueError: If shapes differ, `edge_loss` is unknown, or the objective is of another number of maps.
    Source: Han et al., TIM 2022, eqs. 8–13.
    """
    logits = torch.cat(output.supervised, dim=1)
    if mask.shape != edge.shape or any(mask.shape != one.shape for one in (output.saliency, *output.edges)):
        shapes = [tuple(one.shape) for one in (mask, edge, output.saliency, *output.edges)]
        raise ValueError(f"mask, edge and maps must have one shape, got {', '.join(map(str, shapes))}")
    if logits.dtype not in (torch.float32, torch.float64):
        logits = logits.float()  # the sums of IoU and F lose everything in bfloat16
    mask = mask.to(logits.dtype)
    per_map = saliency_terms(logits, mask, empty, with_ssim=objective.ssim != 0)
    bce, ssim, iou, f = _counted(per_map, objective).sum(dim=0).unbind()
    edge = edge.to(logits.dtype)
    edge_term = objective.edge * sum(
        (edge_terms(one.to(logits.dtype), edge, edge_loss, edge_share) for one in output.edges), start=logits.new_zeros(())
    )
    return LossTerms(edge_term + bce + ssim + iou + f, edge_term, bce, ssim, iou, f, per_map)


def _counted(per_map: Tensor, objective: Objective) -> Tensor:
    """Multiply (M, 4) terms by what the objective says; all ones leave them as they are, bit by bit."""
    if objective.maps and len(objective.maps) != len(per_map):
        raise ValueError(f"the objective counts {len(objective.maps)} maps, the network gives {len(per_map)}")
    if objective[:4] == WHOLE[:4] and not objective.maps:
        return per_map
    terms = per_map.new_tensor([objective.bce, objective.ssim, objective.iou, objective.f])
    return per_map * terms * per_map.new_tensor(objective.maps or (1.0,))[:, None]


def saliency_terms(logits: Tensor, mask: Tensor, empty: Literal["paper", "background"] = "paper", *, with_ssim: bool = True) -> Tensor:
    """Compute BCE, 1 − SSIM, 1 − IoU and 1 − F of many maps against one mask.

    Against an empty mask IoU and F are 0 whatever the map shows: 1 − IoU and 1 − F are constants and teach nothing (`paper`). With
    `background` they are, for these samples alone, taken of the ground, which is all that is there: with P the sum of the map over N
    pixels, IoU = (N − P)/N and F = (1 + β²)(N − P)/(β²N + N − P). An empty map then costs nothing, and every marked pixel costs the same.

    Args:
        logits: (B, M, H, W).
        mask: In {0, 1}, (B, 1, H, W).
        empty: `paper` or `background`.
        with_ssim: Whether 1 − SSIM is computed, which takes longer than all else; else it is 0.
    Returns:
        (M, 4), means over the batch.
    Source: Han et al., TIM 2022, eqs. 10–13.
    """
    bce, similarity, true, predicted = sums_of(logits, mask, with_ssim)
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
    lost = 1 - similarity if with_ssim else torch.zeros_like(bce)
    return torch.stack((bce, lost, (1 - iou).mean(dim=0), (1 - f).mean(dim=0)), dim=1)


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

"""The objective: against the authors' figures, a plain second writing, gradients, and awkward input."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipelines.benchmarks.loss import plain_terms
from tsernet.losses import edge_terms, saliency_terms, tsernet_loss
from tsernet.models import TSERNetOutput

FIGURES = Path(__file__).parents[1] / "reference" / "official_losses.npz"


@pytest.fixture(scope="module")
def figures() -> dict[str, NDArray[np.float64]]:
    with np.load(FIGURES) as file:
        return {name: file[name] for name in file.files}


def output_of(maps: Tensor) -> TSERNetOutput:
    """Split (B, 13, H, W) in the reference's order, the edge being the ninth."""
    one = [maps[:, index : index + 1] for index in range(13)]
    return TSERNetOutput(one[0], one[1], tuple(one[2:8]), tuple(one[9:]), one[8])


def random_case(batch: int = 2, maps: int = 3, size: int = 12, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(batch, maps, size, size, generator=generator, dtype=torch.float64)
    return logits, (torch.rand(batch, 1, size, size, generator=generator) > 0.6).double()


def test_terms_are_the_authors(figures: dict[str, NDArray[np.float64]]) -> None:
    logits, mask, edge = (torch.from_numpy(figures[name]) for name in ("logits", "saliency_gt", "edge_gt"))
    terms = tsernet_loss(output_of(logits), mask, edge)
    np.testing.assert_allclose(terms.per_map.numpy(), figures["terms"], rtol=0, atol=1e-5)
    assert terms.edge.item() == pytest.approx(float(figures["edge_balanced_bce"]), abs=1e-5)
    assert terms.total.item() == pytest.approx(float(figures["total_balanced"]), abs=1e-4)
    assert terms.total.item() == pytest.approx((terms.edge + terms.per_map.sum()).item(), rel=1e-6)
    for index, name in enumerate(("bce", "ssim", "iou", "f")):
        assert getattr(terms, name).item() == pytest.approx(figures["terms"][:, index].sum(), abs=1e-4)
    plain = tsernet_loss(output_of(logits), mask, edge, "plain")
    assert plain.edge.item() == pytest.approx(float(figures["edge_bce"]), abs=1e-5)


def test_terms_equal_the_plain_form() -> None:
    logits, mask = random_case(batch=3, maps=4, size=24)
    plain = torch.stack([plain_terms(logits[:, index : index + 1], mask) for index in range(4)])
    torch.testing.assert_close(saliency_terms(logits, mask), plain, rtol=0, atol=1e-12)


def test_gradients_of_saliency_terms() -> None:
    """All four at once, for one walk over the pixels; a failure names the term's number."""
    logits, mask = random_case()
    assert torch.autograd.gradcheck(lambda given: saliency_terms(given, mask).unbind(1), logits.requires_grad_())


def test_without_ssim_the_other_terms_are_the_same() -> None:
    logits, mask = random_case()
    counted = torch.tensor([1.0, 0.0, 2.0, 3.0], dtype=torch.float64)
    whole, part = (saliency_terms(logits.requires_grad_(), mask, with_ssim=with_ssim) for with_ssim in (True, False))
    assert not part[:, 1].any()
    gradients = [torch.autograd.grad((terms * counted).sum(), logits)[0] for terms in (whole, part)]
    torch.testing.assert_close(gradients[1], gradients[0])
    torch.testing.assert_close(part * counted, whole * counted)


@pytest.mark.parametrize("kind", ["balanced", "plain"])
def test_gradients_of_edge_terms(kind: Literal["balanced", "plain"]) -> None:
    logits, edge = random_case(maps=1)
    assert torch.autograd.gradcheck(lambda given: edge_terms(given, edge, kind), logits.requires_grad_())


def test_gradient_at_zero_is_the_sigmoids() -> None:
    logits = torch.zeros(1, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    saliency_terms(logits, torch.zeros(1, 1, 8, 8, dtype=torch.float64))[0, 0].backward()
    assert logits.grad is not None
    torch.testing.assert_close(logits.grad, torch.full_like(logits, 0.5 / 64))


@pytest.mark.parametrize("mask_value", [0.0, 1.0])
@pytest.mark.parametrize("logit", [-1e4, -100.0, 0.0, 100.0, 1e4])
@pytest.mark.parametrize("kind", ["balanced", "plain"])
def test_finite_on_empty_and_full_masks_and_saturated_logits(mask_value: float, logit: float, kind: Literal["balanced", "plain"]) -> None:
    mask = torch.full((2, 1, 16, 16), mask_value)
    logits = torch.full((2, 13, 16, 16), logit, requires_grad=True)
    terms = tsernet_loss(output_of(logits), mask, mask, kind)
    terms.total.backward()
    assert all(torch.isfinite(term).all() for term in terms)
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_a_perfect_map_costs_nothing_and_its_opposite_much() -> None:
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 8:20, 8:20] = 1
    right, wrong = (saliency_terms(sign * 100 * (2 * mask - 1), mask)[0] for sign in (1, -1))
    torch.testing.assert_close(right, torch.zeros(4), rtol=0, atol=1e-6)
    assert (wrong[1:] > 0.99).all()
    assert wrong[0] > 99


def test_bfloat16_logits_are_summed_in_float32() -> None:
    logits, mask = random_case(size=64)
    rounded = logits.bfloat16()
    maps = tuple(rounded[:, index : index + 1] for index in range(3))
    output = TSERNetOutput(None, maps[0], (), (), maps[1])
    terms = tsernet_loss(output, mask.float(), mask.float())
    assert terms.total.dtype == torch.float32
    torch.testing.assert_close(terms.per_map, saliency_terms(rounded[:, :1].float(), mask.float()))


def test_bad_input_is_named() -> None:
    logits = torch.zeros(1, 13, 16, 16)
    with pytest.raises(ValueError, match=r"one shape, got \(1, 1, 8, 8\)"):
        tsernet_loss(output_of(logits), torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 16, 16))
    with pytest.raises(ValueError, match="balanced or plain, got 'weighted'"):
        tsernet_loss(output_of(logits), torch.zeros(1, 1, 16, 16), torch.zeros(1, 1, 16, 16), "weighted")  # type: ignore[arg-type]  # the mistake under test


def test_an_empty_mask_teaches_by_the_ground_and_others_stay_as_they_are() -> None:
    torch.manual_seed(0)
    logits = torch.randn(3, 2, 32, 32, requires_grad=True)
    mask = torch.zeros(3, 1, 32, 32)
    mask[0, :, 4:20, 4:20] = 1
    ours, papers = saliency_terms(logits, mask, "background"), saliency_terms(logits, mask)
    assert torch.equal(saliency_terms(logits[:1], mask[:1], "background"), saliency_terms(logits[:1], mask[:1]))
    assert torch.equal(ours[:, :2], papers[:, :2])  # BCE and SSIM
    # With P the sum of the map over N pixels: 1 − IoU = P/N, 1 − F = 1 − (1 + β²)(N − P)/(β²N + N − P).
    empty = saliency_terms(logits[1:], mask[1:], "background")
    total, pixels = torch.sigmoid(logits[1:]).sum(dim=(2, 3)), 32.0 * 32.0
    assert torch.allclose(empty[:, 2], (total / pixels).mean(dim=0), atol=1e-6)
    expected = 1 - 1.3 * (pixels - total) / (0.3 * pixels + pixels - total)
    assert torch.allclose(empty[:, 3], expected.mean(dim=0), atol=1e-6)
    ours[:, 2:].sum().backward()
    assert logits.grad is not None
    assert (logits.grad[1:] > 0).all()
    dark = saliency_terms(torch.full((1, 1, 32, 32), -40.0), mask[1:2], "background")
    assert dark.abs().max() < 1e-4

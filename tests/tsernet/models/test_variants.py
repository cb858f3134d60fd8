"""What each variant is made of, gives and learns; one small network of each."""

from __future__ import annotations

import pytest
import torch

from tsernet.losses import tsernet_loss
from tsernet.models import VARIANTS, TSERNet, TSERNetOutput, build_tsernet

WIDTH = 0.0625
SIZE = 64


@pytest.fixture(scope="module")
def image() -> torch.Tensor:
    return torch.randn(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))


def blob() -> tuple[torch.Tensor, torch.Tensor]:
    """A mask with one square defect, and its edge."""
    mask, edge = torch.zeros(2, 1, SIZE, SIZE), torch.zeros(2, 1, SIZE, SIZE)
    mask[:, :, 16:40, 16:40] = 1
    edge[:, :, 16:40, 16:40] = 1
    edge[:, :, 18:38, 18:38] = 0
    return mask, edge


def built(variant: str) -> TSERNet:
    torch.manual_seed(0)
    return build_tsernet(variant, WIDTH)


def names(model: TSERNet) -> set[str]:
    return {name.rpartition(".")[0] for name, _ in model.named_parameters()}


def test_order_is_the_papers() -> None:
    assert VARIANTS == ("full", "no_subnet", "no_efbi", "no_erm", "no_fig", "no_big", "no_self_edge", "no_s_edge")


@pytest.mark.parametrize("variant", VARIANTS)
def test_outputs(variant: str, image: torch.Tensor) -> None:
    with torch.no_grad():
        output = built(variant).eval()(image)
    assert isinstance(output, TSERNetOutput)
    assert len(output.sides) == 6
    assert (output.final is None) == (variant == "no_subnet")
    assert len(output.refinements) == (0 if variant == "no_subnet" else 4)
    assert len(output.supervised) == (7 if variant == "no_subnet" else 12)
    assert output.saliency is (output.initial if variant == "no_subnet" else output.final)
    assert {tuple(logits.shape) for logits in (*output.supervised, output.edge)} == {(2, 1, SIZE, SIZE)}


@pytest.mark.parametrize("variant", VARIANTS)
def test_one_step_changes_every_parameter(variant: str, image: torch.Tensor) -> None:
    model = built(variant).to(memory_format=torch.channels_last)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    tsernet_loss(model(image), *blob()).total.backward()
    optimiser.step()
    unchanged = [name for name, parameter in model.named_parameters() if torch.equal(parameter, before[name])]
    assert unchanged == []
    assert all(torch.isfinite(parameter).all() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("variant", "absent", "present"),
    [
        ("no_subnet", "subnet", "decoder.0.fuse.background"),
        ("no_efbi", "decoder.0.fuse.background", "decoder.0.fuse.mix"),
        ("no_erm", "subnet.decoder.0.join_edges", "subnet.decoder.0.mix"),
        ("no_fig", "decoder.0.fuse.foreground", "decoder.0.fuse.background"),
        ("no_big", "decoder.0.fuse.background", "decoder.0.fuse.foreground"),
        ("no_s_edge", "subnet.decoder.0.lift_edge", "subnet.decoder.0.join_edges"),
    ],
)
def test_parts(variant: str, absent: str, present: str) -> None:
    found = names(built(variant))
    assert not any(name.startswith(absent) for name in found)
    assert any(name.startswith(present) for name in found)


def test_no_self_edge_joins_the_edge_map_alone() -> None:
    whole, without = built("full").state_dict(), built("no_self_edge").state_dict()
    key = "subnet.decoder.0.join_edges.conv.weight"
    assert whole[key].shape[1] == 2 * without[key].shape[1]


def test_units_stand_only_where_something_reads_them() -> None:
    units = {name.split(".")[2] for name in names(built("no_big")) if name.startswith("encoder.units")}
    assert units == {"1", "5"}


@pytest.mark.parametrize("width", [0.3, 0.125, 0.01])
def test_any_width(width: float) -> None:
    with torch.no_grad():
        output = build_tsernet("full", width).eval()(torch.zeros(1, 3, 32, 64))
    assert output.saliency.shape == (1, 1, 32, 64)


@pytest.mark.parametrize("shape", [(1, 3, 33, 32), (1, 1, 32, 32), (3, 32, 32), (0, 3, 32, 32)])
def test_a_wrong_shape_is_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="multiples of 32"):
        built("full")(torch.zeros(shape))


def test_an_unknown_variant_and_width_are_named() -> None:
    with pytest.raises(ValueError, match=r"no_subnet.*'half'"):
        build_tsernet("half")
    with pytest.raises(ValueError, match=r"width must be above 0, got 0\.0"):
        build_tsernet("full", 0.0)
    with pytest.raises(ValueError, match="nan"):
        build_tsernet("full", float("nan"))

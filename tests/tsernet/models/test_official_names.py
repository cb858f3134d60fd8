"""Taking over a released checkpoint: the names, the dead layers, and what is refused."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tsernet.models import TSERNet, build_tsernet, load_official, outline_tsernet
from tsernet.models.official import dead_shapes, official_key

WIDTH = 0.0625


@pytest.fixture
def released() -> dict[str, Tensor]:
    """A checkpoint as released, of a narrow network, every value of it random."""
    model = build_tsernet("full", WIDTH)
    shapes = {official_key(key): tuple(tensor.shape) for key, tensor in model.state_dict().items()} | dead_shapes(model)
    integers = {key: torch.tensor(7) for key in shapes if key.endswith("num_batches_tracked")}
    return {key: torch.rand(shape) for key, shape in shapes.items()} | integers


def test_keys_and_shapes_are_the_released_ones(official_shapes: dict[str, tuple[int, ...]]) -> None:
    model = outline_tsernet()
    ours = {official_key(key): tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    dead = dead_shapes(model)
    assert not ours.keys() & dead.keys()
    assert ours | dead == official_shapes
    assert sum(torch.Size(shape).numel() for key, shape in dead.items() if "running" not in key and "num" not in key) == 47_136_000


def test_every_tensor_arrives(released: dict[str, Tensor]) -> None:
    model = build_tsernet("full", WIDTH)
    dropped = load_official(model, released)
    assert set(dropped) == set(dead_shapes(model))
    for key, tensor in model.state_dict().items():
        assert torch.equal(tensor, released[official_key(key)]), key


def test_dead_layers_may_be_gone_already(released: dict[str, Tensor]) -> None:
    model = build_tsernet("full", WIDTH)
    kept = {key: tensor for key, tensor in released.items() if key not in dead_shapes(model)}
    assert load_official(model, kept) == ()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("conv6d_m.weight", None, "missing: conv6d_m.weight"),
        ("fc.weight", torch.zeros(3), "unexpected: fc.weight"),
        ("inbn.bias", torch.zeros(5), r"misshapen: inbn.bias \(5,\) instead of \(4,\)"),
        ("inbn.bias", "text", r"misshapen: inbn.bias a str instead of \(4,\)"),
        ("EFBI3.convs2.0.weight", torch.zeros(5), r"misshapen: EFBI3.convs2.0.weight \(5,\)"),
    ],
)
def test_anything_else_is_refused_and_changes_nothing(released: dict[str, Tensor], key: str, value: object, message: str) -> None:
    given: dict[str, object] = {**released, key: value}
    if value is None:
        del given[key]
    model = build_tsernet("full", WIDTH)
    before = snapshot(model)
    with pytest.raises(ValueError, match=message):
        load_official(model, given)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_another_variant_is_refused(released: dict[str, Tensor]) -> None:
    with pytest.raises(ValueError, match="got a model of the variant no_fig"):
        load_official(build_tsernet("no_fig", WIDTH), released)


def test_a_long_list_is_cut(released: dict[str, Tensor]) -> None:
    with pytest.raises(ValueError, match=r"missing: inconv.weight, .* and [0-9]+ more$"):
        load_official(build_tsernet("full", WIDTH), {})


def snapshot(model: TSERNet) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}

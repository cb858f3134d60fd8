"""Every method by the same rules: its size, what it gives, that all of it learns, and that every runtime computes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tsernet.errors import UserError
from tsernet.losses import tsernet_loss
from tsernet.methods import METHODS, TSERNET, network_names
from tsernet.methods.graph import graph_of
from tsernet.methods.interface import Maps, SaliencyNetwork
from tsernet.methods.registry import build_network, method_of, outline_network
from tsernet.model_files import read_tensors
from tsernet.models import VARIANTS
from tsernet.report.published import paper_rows
from tsernet.runtimes import open_session
from tsernet.runtimes.exported import exported_onnx
from tsernet.weights import load_model, save_model

SIZE = 64
WIDTHS = {"samnet": 0.5, "minet2024": 0.5, "cpd": 0.125}
"""Where the smallest width leaves layers of a single channel, which a ReLU may silence."""
METADATA = {"resize": "64", "scaling": "unit", "stretch": "true"}
PUBLISHED = {row.name: row.parameters for row in paper_rows("I") if row.parameters}
MISSED = {"cpd": 29.23, "basnet": 87.06, "egnet": 108.04}
"""What a method has in place of the parameters of Table I, millions; docs/explanation/methods.md says in which layer they differ."""
ELSEWHERE = {"minet2024": 0.28}
"""Of a method's own paper, where Table I does not have it."""

every_method = pytest.mark.parametrize("name", METHODS)


def built(name: str) -> SaliencyNetwork:
    """A network whose BatchNorms do something, fresh ones hardly differ from none; and in which signals last without them."""
    torch.manual_seed(0)
    network = build_network(name, WIDTHS.get(name, 0.0625))
    plain = not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    for module in network.modules():
        if plain and isinstance(module, nn.Conv2d) and not getattr(module, "keeps_start", False):
            nn.init.kaiming_normal_(module.weight)
        if isinstance(module, nn.BatchNorm2d):
            pairs = ((module.running_mean, -0.5), (module.running_var, 0.5), (module.weight.data, 0.5), (module.bias.data, -0.5))
            for tensor, least in pairs:
                assert tensor is not None
                tensor.uniform_(least, least + 1)
    return network


def image() -> Tensor:
    return torch.randn(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))


def truth() -> tuple[Tensor, Tensor]:
    """A mask with one square defect, and its edge."""
    mask = torch.zeros(2, 1, SIZE, SIZE)
    mask[:, :, 16:40, 16:40] = 1
    edge = mask.clone()
    edge[:, :, 18:38, 18:38] = 0
    return mask, edge


def loss(name: str, network: SaliencyNetwork) -> Tensor:
    return tsernet_loss(network(image()), *truth(), objective=method_of(name).objective).total


def test_tsernets_variants_are_methods_like_any_other() -> None:
    assert TSERNET == VARIANTS
    assert network_names()[: len(TSERNET) + len(METHODS)] == (*TSERNET, *METHODS)
    assert graph_of(outline_network("no_subnet", 0.0625)) == ""  # the runtimes know it


@every_method
def test_parameters_are_those_of_table_one(name: str) -> None:
    found = sum(parameter.numel() for parameter in outline_network(name).parameters()) / 1e6
    expected = (MISSED | ELSEWHERE).get(name, PUBLISHED.get(METHODS[name]))
    if expected is None:
        assert name == "unet"  # which is no row of the table
        return
    assert found == pytest.approx(expected, abs=0.01)


@every_method
def test_outputs_have_the_images_size(name: str) -> None:
    with torch.no_grad():
        output = built(name).eval()(torch.zeros(1, 3, 32, 64))
    assert {tuple(one.shape) for one in (*output.supervised, *output.edges)} == {(1, 1, 32, 64)}
    assert output.supervised[0] is output.saliency
    assert len(method_of(name).objective.maps) in (0, len(output.supervised))


@every_method
def test_one_training_step_changes_every_parameter(name: str) -> None:
    network = built(name).train().to(memory_format=torch.channels_last)
    before = {key: parameter.detach().clone() for key, parameter in network.named_parameters()}
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    loss(name, network).backward()
    optimiser.step()
    assert [key for key, parameter in network.named_parameters() if torch.equal(parameter, before[key])] == []
    assert all(torch.isfinite(parameter).all() for parameter in network.parameters())


@every_method
def test_bfloat16_trains(name: str) -> None:
    network = built(name).train()
    with torch.autocast("cpu", torch.bfloat16):
        loss(name, network).backward()
    gradients = {key: parameter.grad for key, parameter in network.named_parameters()}
    assert [key for key, gradient in gradients.items() if gradient is None or not torch.isfinite(gradient).all()] == []


@every_method
def test_channels_last_gives_the_same_maps(name: str) -> None:
    network = built(name).eval()
    with torch.no_grad():
        expected = network(image()).saliency
        torch.testing.assert_close(network.to(memory_format=torch.channels_last)(image()).saliency, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", [name if name == "unet" else pytest.param(name, marks=pytest.mark.long) for name in METHODS])
def test_onnx_runtime_and_an_exported_file_compute_what_pytorch_does(name: str, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_model(path, built(name), METADATA)
    inputs = np.random.default_rng(0).normal(size=(2, 3, 64, 96)).astype(np.float32)
    (ours, metadata), (theirs, _) = open_session(path, "onnx"), open_session(path, "torch")
    expected = theirs.logits(inputs)
    np.testing.assert_allclose(ours.logits(inputs), expected, atol=2e-5 * max(1.0, float(np.abs(expected).max())))
    exported = tmp_path / "m.onnx"
    exported.write_bytes(
        exported_onnx(path, *read_tensors(path)[:1], metadata | {"runtime": "onnx", "weights_sha256": "0", "licence": "none"})
    )
    session, _ = open_session(exported)  # builds it anew and holds it against the file
    assert session.saliency(inputs).shape == (2, 1, 64, 96)
    assert load_model(path)[0].variant == name


def test_a_layer_that_no_other_runtime_has_is_named_before_the_training() -> None:
    class Odd(SaliencyNetwork):
        def maps(self, image: Tensor) -> Maps:
            return Maps(torch.fft.fft2(image).real[:, :1])

    network = Odd(1.0)
    network.variant = "odd"
    with pytest.raises(UserError, match=r"the method odd: what its `maps` computes cannot be written .*: function fft_fft2? is not known"):
        graph_of(network)


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        ("{", "its graph is not JSON"),
        ('[["exec", [0], {}]]', "step 0 of its graph asks for 'exec', expected one of conv"),
        ('[["relu", [1], {}]]', "step 0 of its graph must be"),
        ('[["relu", [0, 0], {}]]', "step 0 of its graph, relu, cannot be read"),
        ('[["conv", [0], {"name": "score", "padding": [0, 0]}]]', r"score.weight has the shape"),
    ],
)
def test_a_graph_that_is_none_is_refused_by_its_step(graph: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    network = built("unet")
    save_model(path, network, METADATA)
    from safetensors.torch import save_file

    save_file(network.state_dict(), path, read_tensors(path)[1] | {"graph": graph})
    with pytest.raises(UserError, match=words):
        open_session(path, "onnx")

"""Layers of the network in faster forms give what the plain ones do, at the border too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from tsernet.errors import UserError
from tsernet.model_files import read_tensors
from tsernet.runtimes import onnx_format, onnx_forms, open_session
from tsernet.runtimes.exported import exported_onnx
from tsernet.runtimes.onnx_graph import INPUT, OUTPUT, build_onnx
from tsernet.runtimes.onnx_layers import Layers
from tsernet.runtimes.onnx_read import parse_onnx
from tsernet.runtimes.onnx_session import start_onnx
from tsernet.shipped import shipped_model

RNG = np.random.default_rng(0)
IMAGE = RNG.normal(size=(2, 3, 32, 64)).astype(np.float32)
Tensors = dict[str, NDArray[np.float32]]


def run(build: Callable[[Layers], str], tensors: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    layers = Layers(tensors, INPUT)
    layers.nodes.append(onnx_format.node("Identity", [build(layers)], OUTPUT))
    given, result = (onnx_format.image_value(name, ("batch", "channels", "height", "width")) for name in (INPUT, OUTPUT))
    found: NDArray[np.float32] = start_onnx(onnx_format.model(layers.nodes, layers.weights, given, [result], {}), 1).run(
        None, {INPUT: IMAGE}
    )[0]
    return found


def conv(name: str, inputs: int, outputs: int) -> Tensors:
    return {
        f"{name}.weight": RNG.normal(size=(outputs, inputs, 3, 3)).astype(np.float32),
        f"{name}.bias": RNG.normal(size=outputs).astype(np.float32),
    }


def norm(name: str, channels: int) -> Tensors:
    parts = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{part}": RNG.uniform(0.5, 1.5, channels).astype(np.float32) for part in parts}


def normed(values: Tensor, tensors: Tensors, name: str) -> Tensor:
    mean, variance, weight, bias = (
        torch.from_numpy(tensors[f"{name}.{part}"]) for part in ("running_mean", "running_var", "weight", "bias")
    )
    return F.relu(F.batch_norm(values, mean, variance, weight, bias))


def convolved(values: Tensor, tensors: Tensors, name: str) -> Tensor:
    return F.conv2d(values, *(torch.from_numpy(tensors[f"{name}.{part}"]) for part in ("weight", "bias")), padding=1)


def test_a_map_by_blocks_of_pixels() -> None:
    tensors = conv("c", 3, 1)
    found = run(lambda layers: onnx_forms.unblocked(layers, onnx_forms.map_blocks(layers, INPUT, "c")), tensors)
    np.testing.assert_allclose(found, convolved(torch.from_numpy(IMAGE), tensors, "c").numpy(), atol=1e-5)


def test_a_map_by_blocks_is_none_that_eight_bits_may_hold() -> None:
    layers = Layers(conv("c", 3, 1), INPUT)
    onnx_forms.map_blocks(layers, INPUT, "c")
    assert layers.conv_inputs == {}


def test_a_map_is_enlarged_as_any_value_is() -> None:
    tensors = conv("c", 3, 1)
    ours, theirs = (
        run(lambda layers, form=form: form(layers, layers.conv(INPUT, "c")), tensors)  # type: ignore[misc]
        for form in (onnx_forms.enlarge_map, lambda layers, given: layers.resize(given, 2))
    )
    assert ours.shape == (2, 1, 64, 128)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_self_edges_by_one_convolution() -> None:
    values = torch.from_numpy(IMAGE)
    expected = F.relu(values - F.avg_pool2d(values, 3, stride=1, padding=1))
    np.testing.assert_allclose(run(lambda layers: onnx_forms.self_edges(layers, INPUT), {}), expected.numpy(), atol=1e-5)


def test_values_side_by_side_are_convolved_one_by_one() -> None:
    tensors = conv("c", 6, 4) | norm("n", 4)
    found = run(lambda layers: onnx_forms.conv_beside(layers, [INPUT, layers.relu(INPUT)], "c", "n"), tensors)
    values = torch.from_numpy(IMAGE)
    expected = normed(convolved(torch.cat([values, F.relu(values)], dim=1), tensors, "c"), tensors, "n")
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)


def test_a_map_that_would_be_added_to_all_channels_is_convolved_by_itself() -> None:
    tensors = conv("m", 3, 1) | conv("c", 3, 4) | norm("n", 4)
    found = run(lambda layers: onnx_forms.conv_of_sum(layers, INPUT, layers.conv(INPUT, "m"), "c", "n"), tensors)
    values = torch.from_numpy(IMAGE)
    expected = normed(convolved(values + convolved(values, tensors, "m"), tensors, "c"), tensors, "n")
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-4)


def test_a_file_of_another_version_s_layers_is_to_be_exported_again(tmp_path: Path) -> None:
    tensors, metadata = read_tensors(shipped_model())
    facts = {"weights_sha256": "a" * 64, "licence": "Apache-2.0", "runtime": "onnx"}
    written = parse_onnx(exported_onnx(shipped_model(), tensors, metadata | facts))
    kept = {name: values for name, values in written.tensors.items() if ".map." not in name}
    with pytest.raises(UserError, match=r"m\.onnx: decoder\S+\.map\.weight is missing; export the model again"):
        build_onnx(tmp_path / "m.onnx", kept, written.metadata, folded=True)


def test_openvino_s_networks_of_one_size_and_of_any_compute_the_same() -> None:
    pytest.importorskip("openvino")
    from tsernet.runtimes.openvino_session import OpenVinoSession

    tensors, metadata = read_tensors(shipped_model())
    model = build_onnx(shipped_model(), tensors, metadata)
    session, plain = OpenVinoSession(model, side=32), start_onnx(model, 1)
    squares = IMAGE[:, :, :, :32]
    found = session.logits(squares)
    for ours, given in ((found, squares), (session.logits(IMAGE), IMAGE)):
        np.testing.assert_allclose(ours, plain.run(None, {INPUT: given})[0], atol=1e-4)
    np.testing.assert_array_equal(np.concatenate([session.logits(one[None]) for one in squares]), found)


def test_openvino_knows_the_training_s_size() -> None:
    pytest.importorskip("openvino")
    session, metadata = open_session(shipped_model(), "openvino")
    assert session._side == int(metadata["resize"])  # type: ignore[union-attr]  # OpenVINO's

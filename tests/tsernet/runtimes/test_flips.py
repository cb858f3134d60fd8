"""Test-time flips: the mean over mirror images, the same in every runtime and in an exported file, and where they may not be asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tsernet.errors import UserError
from tsernet.flips import Flips, parse_flips
from tsernet.model_files import read_tensors
from tsernet.protocol import Protocol, protocol_of
from tsernet.runtimes import open_session
from tsernet.runtimes.exported import exported_onnx
from tsernet.runtimes.flipped_session import flipped
from tsernet.runtimes.torch_session import open_torch
from tsernet.saliency import map_maker
from tsernet.shipped import shipped_model

FACTS = {"weights_sha256": "a" * 64, "licence": "Apache-2.0"}


def an_image() -> NDArray[np.uint8]:
    """A texture whose left and right, top and bottom differ."""
    image = np.random.default_rng(0).integers(110, 140, (70, 130), dtype=np.uint8)
    image[10:25, 20:90] = 30
    image[40:60, 100:110] = 220
    return image


def export(folder: Path, flips: Flips, protocol: str, runtime: str = "onnx") -> Path:
    source = shipped_model()
    tensors, metadata = read_tensors(source)
    path = folder / f"{flips}.onnx"
    path.write_bytes(exported_onnx(source, tensors, metadata | FACTS | {"protocol": protocol, "runtime": runtime, "flips": flips}))
    return path


def test_the_logits_are_the_mean_of_those_of_the_mirror_images_turned_back() -> None:
    session, _ = open_torch(shipped_model())
    inputs = np.random.default_rng(0).normal(size=(2, 3, 64, 96)).astype(np.float32)

    def turned(*axes: int) -> NDArray[np.float32]:
        return np.flip(session.logits(np.flip(inputs, axes).copy()), axes)

    as_it_is, mirrored, all_four = turned(), turned(3), [turned(), turned(2), turned(3), turned(2, 3)]
    np.testing.assert_allclose(flipped(session, "left_right").logits(inputs), (as_it_is + mirrored) / 2, atol=1e-5)
    np.testing.assert_allclose(flipped(session, "both").logits(inputs), sum(all_four) / 4, atol=1e-5)
    assert np.abs(as_it_is - mirrored).max() > 0.1  # there was something to average
    assert flipped(session, "none") is session


@pytest.mark.parametrize("protocol", ["paper", "strip"])
@pytest.mark.parametrize("flips", ["left_right", "both"])
def test_every_runtime_and_an_exported_file_give_the_maps_of_pytorch(tmp_path: Path, flips: Flips, protocol: str) -> None:
    path = shipped_model()
    images = [an_image(), an_image()[:, ::-1], an_image().T]
    expected = map_maker(*open_torch(path), protocol=protocol, flips=flips).predict(images)
    plain = map_maker(*open_torch(path), protocol=protocol).predict(images)
    assert max(np.abs(one - other).max() for one, other in zip(expected, plain, strict=True)) > 10 / 255
    if protocol == "paper":  # the strip's fills an image up on the right and below
        np.testing.assert_allclose(expected[1], expected[0][:, ::-1], atol=1e-4)

    makers = {
        "ONNX Runtime": map_maker(*open_session(path, "onnx"), protocol=protocol, flips=flips),
        "exported": map_maker(*open_session(export(tmp_path, flips, protocol))),
        "exported for OpenVINO": map_maker(*open_session(export(tmp_path, flips, protocol, "openvino"))),
    }
    for name, maker in makers.items():
        for one, other in zip(maker.predict(images), expected, strict=True):
            assert np.abs(one - other).max() <= 1 / 255, name


def test_a_model_says_itself_what_is_averaged(tmp_path: Path) -> None:
    assert protocol_of(Protocol("paper", 160, flips="both").metadata()).flips == "both"
    assert protocol_of({"resize": "160", "scaling": "unit", "stretch": "true"}).flips == "none"  # made before there were flips
    session, metadata = open_torch(shipped_model())
    (told,) = map_maker(session, metadata | {"flips": "both"}, protocol="paper").predict([an_image()])
    (asked,) = map_maker(session, metadata, protocol="paper", flips="both").predict([an_image()])
    np.testing.assert_array_equal(told, asked)


def test_what_is_none_of_them_is_refused_and_so_are_others_than_an_exported_files(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--flips is 'up', expected one of: none, left_right, both"):
        parse_flips("up")
    with pytest.raises(UserError, match=r"the model's metadata: flips is 'up'"):
        protocol_of({"resize": "160", "scaling": "unit", "stretch": "true", "flips": "up"})
    session, metadata = open_session(export(tmp_path, "left_right", "strip"))
    with pytest.raises(UserError, match=r"was exported with flips 'left_right', not 'both'; 'tsernet export --flips both' writes one"):
        map_maker(session, metadata, flips="both")

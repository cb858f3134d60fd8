"""ImageNet weights for the encoder: from a file, from torchvision, or one line that says what to do."""

from __future__ import annotations

from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import save_file

from tsernet.errors import UserError
from tsernet.models import TSERNet, build_tsernet, load_encoder_weights


@pytest.fixture(scope="module")
def resnet() -> dict[str, torch.Tensor]:
    """Torchvision's ResNet-34 with random weights: real names and shapes, nothing fetched."""
    from torchvision.models import resnet34  # seconds, for this file alone

    return {name: tensor.contiguous() for name, tensor in resnet34(weights=None).state_dict().items()}


@pytest.fixture(scope="module")
def model() -> TSERNet:
    """A full-width network; the variant without the decoder's big modules, since only the encoder matters here."""
    return build_tsernet("no_efbi", 1.0)


def check_arrived(model: TSERNet, resnet: dict[str, torch.Tensor]) -> None:
    stages = model.encoder.stages.state_dict()
    pairs = [("0.0.conv1.weight", "layer1.0.conv1.weight"), ("3.2.norm2.running_var", "layer4.2.bn2.running_var")]
    pairs += [("1.0.shortcut.0.weight", "layer2.0.downsample.0.weight"), ("2.5.conv2.weight", "layer3.5.conv2.weight")]
    for ours, theirs in pairs:
        assert torch.equal(stages[ours], resnet[theirs])
    given = {name for name in resnet if name.startswith("layer")}
    assert len(given) == sum(name.startswith(("0.", "1.", "2.", "3.")) for name in stages)


def test_from_a_torch_file(model: TSERNet, resnet: dict[str, torch.Tensor], tmp_path: Path) -> None:
    torch.save(resnet, tmp_path / "resnet34.pth")
    load_encoder_weights(model, str(tmp_path / "resnet34.pth"))
    check_arrived(model, resnet)


def test_from_safetensors(model: TSERNet, resnet: dict[str, torch.Tensor], tmp_path: Path) -> None:
    other = {name: tensor + 1 for name, tensor in resnet.items()}
    save_file(other, tmp_path / "resnet34.safetensors")
    load_encoder_weights(model, str(tmp_path / "resnet34.safetensors"))
    check_arrived(model, other)


def test_from_torchvision(model: TSERNet, resnet: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fetch(url: str, **options: object) -> dict[str, torch.Tensor]:
        asked.append(url)
        assert options["weights_only"] is True
        assert options["check_hash"] is True
        return {name: tensor + 2 for name, tensor in resnet.items()}

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", fetch)
    load_encoder_weights(model, "imagenet")
    check_arrived(model, {name: tensor + 2 for name, tensor in resnet.items()})
    assert "resnet34" in asked[0]


def test_none_changes_nothing() -> None:
    model = build_tsernet("full", 0.0625)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    load_encoder_weights(model, "none")
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_unreachable_says_how_to_give_the_file(model: TSERNet, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(url: str, **_: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", fetch)
    with pytest.raises(UserError, match=r"no route to host.*params key model\.encoder_weights"):
        load_encoder_weights(model, "imagenet")


def test_another_width_is_refused() -> None:
    with pytest.raises(UserError, match=r"imagenet needs model\.width 1\.0, got 0\.5"):
        load_encoder_weights(build_tsernet("no_efbi", 0.5), "imagenet")


def test_a_file_that_is_no_resnet_is_refused(model: TSERNet, resnet: dict[str, torch.Tensor], tmp_path: Path) -> None:
    short = {name: tensor for name, tensor in resnet.items() if name != "layer4.2.bn2.weight"}
    save_file(short, tmp_path / "short.safetensors")
    with pytest.raises(UserError, match=r"1 of \d+ tensors are missing or misshapen, such as layer4\.2\.bn2\.weight"):
        load_encoder_weights(model, str(tmp_path / "short.safetensors"))
    (tmp_path / "noise.pth").write_bytes(b"not a torch file")
    with pytest.raises(UserError, match=r"noise\.pth"):
        load_encoder_weights(model, str(tmp_path / "noise.pth"))
    with pytest.raises(UserError, match="no such file"):
        load_encoder_weights(model, str(tmp_path / "absent.pth"))

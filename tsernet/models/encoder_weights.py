"""ImageNet weights for the encoder, from torchvision or from a local file."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from urllib.error import URLError

import torch
from torch import Tensor

from tsernet.errors import UserError
from tsernet.models.encoder import RESNET_STAGES
from tsernet.models.network import TSERNet

_HOW = "give a local file of torchvision's ResNet-34 weights (.pth or .safetensors) in the params key model.encoder_weights"


def load_encoder_weights(model: TSERNet, spec: str) -> None:
    """Start the encoder's four ResNet stages from ImageNet weights.

    The stem, the two deeper stages and everything after them keep their fresh weights: ResNet-34 has no such layers.

    Args:
        model: At width 1.0, unless the spec is `none`.
        spec: `none`, `imagenet` (torchvision's ResNet34_Weights.DEFAULT, fetched on first use), or a local file of those
            weights (.safetensors, or .pth, which is read without running any code in it).
    Raises:
        UserError: If the width is another, the file cannot be read or does not fit, or the download is not to be had.
    """
    if spec == "none":
        return
    if model.width != 1.0:
        raise UserError(f"model.encoder_weights: {spec} needs model.width 1.0, got {model.width}; use none")
    weights = _download() if spec == "imagenet" else read_tensors(Path(spec))
    _fill(model, weights, spec)


def read_tensors(path: Path) -> Mapping[str, object]:
    """Read a state dict from .safetensors or from a torch file, never running code that it may hold.

    Raises:
        UserError: If it is not there, is neither, or holds more than plain tensors.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; expected weights as .pth or .safetensors")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path))
        with warnings.catch_warnings():
            # A plain pickle is refused in one line below; torch's thoughts on its protocol help nobody.
            warnings.filterwarnings("ignore", message="Detected pickle protocol")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise UserError(f"{path}: holds more than plain tensors, or is no torch file; refused, nothing in it was run") from None
    except Exception as error:  # damaged files make the readers raise nearly anything; the user's remedy is the same
        raise UserError(f"{path}: cannot be read as weights ({type(error).__name__}: {' '.join(str(error).split())[:200]})") from error
    if not isinstance(content, Mapping):
        raise UserError(f"{path}: expected a state dict (names and tensors), got a {type(content).__name__}")
    return content


def _download() -> Mapping[str, object]:
    from torchvision.models import ResNet34_Weights

    weights = ResNet34_Weights.DEFAULT
    try:
        state = torch.hub.load_state_dict_from_url(weights.url, map_location="cpu", check_hash=True, weights_only=True)
    except (URLError, OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"model.encoder_weights: imagenet cannot be fetched from {weights.url} ({reason}); {_HOW}") from error
    return dict(state)


def _fill(model: TSERNet, weights: Mapping[str, object], source: str) -> None:
    stages = model.encoder.stages
    own = stages.state_dict()
    wanted = {key: _resnet_key(key) for key in own if int(key.split(".", 1)[0]) < RESNET_STAGES}
    bad = [theirs for ours, theirs in wanted.items() if not _fits(weights.get(theirs), own[ours])]
    if bad:
        raise UserError(
            f"{source}: expected ResNet-34 weights, {len(bad)} of {len(wanted)} tensors are missing or misshapen, such as {bad[0]}"
        )
    own.update({ours: tensor for ours, theirs in wanted.items() if isinstance(tensor := weights[theirs], Tensor)})
    stages.load_state_dict(own)


def _fits(value: object, place: Tensor) -> bool:
    return isinstance(value, Tensor) and value.shape == place.shape


def _resnet_key(key: str) -> str:
    """Translate `stage.block.layer…` into torchvision's name."""
    stage, block, rest = key.split(".", 2)
    return f"layer{int(stage) + 1}.{block}.{rest.replace('norm', 'bn').replace('shortcut', 'downsample')}"

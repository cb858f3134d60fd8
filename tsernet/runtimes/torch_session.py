"""The network in PyTorch: the runtime of training, and of every variant, width and device."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tsernet.runtimes.session import LEAST_RANGE, Array, Session


class TorchSession(Session):
    """A module as a session; its mode (training or evaluation) is put back after each call.

    Args:
        model: Maps (B, 3, H, W) to an output whose `saliency` are logits (B, 1, H, W).
        device: Where it lies or is moved to.
    """

    callers = 1  # the module's mode is changed and put back

    def __init__(self, model: nn.Module, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.model = model.to(self.device)

    def logits(self, inputs: Array) -> Array:
        """As `Session.logits`."""
        was_training = self.model.training
        self.model.eval()
        try:
            # Unless it is told not to, an NVIDIA GPU rounds a convolution's inputs to ten bits; no other runtime would give the same maps.
            with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
                logits: Tensor = self.model(torch.from_numpy(inputs).to(self.device)).saliency
                result: Array = logits.float().cpu().numpy()
                return result
        finally:
            self.model.train(was_training)

    def finish(self, logits: Array, sizes: Sequence[tuple[int, int]], stretch: bool) -> list[Array]:
        """As `Session.finish`, by PyTorch's own operators: published scores depend on their last digits."""
        with torch.inference_mode():
            maps = torch.sigmoid(torch.from_numpy(logits))
            return [_finish(one, size, stretch) for one, size in zip(maps, sizes, strict=True)]


def open_torch(path: Path, device: str = "cpu") -> tuple[TorchSession, dict[str, str]]:
    """Read a model file into PyTorch.

    Returns:
        The session, and the file's metadata.
    Raises:
        UserError: If the file is no model of this project.
    """
    from tsernet.weights import load_model

    network, metadata = load_model(path)
    return TorchSession(network, device), metadata


def _finish(one: Tensor, size: tuple[int, int], stretch: bool) -> Array:
    if stretch:
        low, high = one.amin(), one.amax()
        one = (one - low) / (high - low).clamp_min(LEAST_RANGE)
    full = F.interpolate(one[None], size=size, mode="bilinear", align_corners=False)
    result: Array = full[0, 0].clamp(0.0, 1.0).numpy()
    return result

"""Filled by the reference's rule, the full network gives the authors' logits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tsernet.models import TSERNet, TSERNetOutput
from tsernet.weights import save_model

Figures = dict[str, NDArray[np.float32]]

SALIENCY_MAPS = ("final", "initial", "side2", "side3", "side4", "side5", "side6", "side_bridge", "refine1", "refine2", "refine3", "refine4")
MAPS = (*SALIENCY_MAPS, "edge")


def relative(logits: NDArray[np.float32], reference: NDArray[np.float32]) -> float:
    """Relative error of a map: the largest difference over the largest reference value."""
    return float(np.abs(logits - reference).max() / np.abs(reference).max())


def errors(output: TSERNetOutput, figures: Figures) -> dict[str, float]:
    """Relative error of each map in eval mode."""
    maps = zip(MAPS, (*output.supervised, output.edge), strict=True)
    return {name: relative(logits.numpy(), figures[f"eval_{name}"]) for name, logits in maps}


def test_full_network_has_the_papers_parameters(official_network: TSERNet) -> None:
    parameters = list(official_network.parameters())
    assert all(parameter.requires_grad for parameter in parameters)
    assert sum(parameter.numel() for parameter in parameters) == 189_643_918


@pytest.mark.slow
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_eval_logits(official_network: TSERNet, official_forward: Figures, memory_format: torch.memory_format) -> None:
    official_network.to(memory_format=memory_format)
    with torch.inference_mode():
        found = errors(official_network(torch.from_numpy(official_forward["input"])), official_forward)
    assert max(found.values()) <= 1e-4, found


@pytest.mark.slow
def test_train_logits(official_network: TSERNet, official_forward: Figures, reference: Path, tmp_path: Path) -> None:
    """In train mode this network is chaotic: BatchNorm over two 2×2 maps, 170 layers deep, makes the last bit of one layer a
    percent of the final map (docs, parity). So the reference is met in the arithmetic that it was made with: AVX2, and for two
    convolutions the order of summation of its machine. Then all thirteen maps are equal to the last bit.
    """
    if not torch.cpu._is_avx2_supported():
        pytest.skip("needs a CPU with AVX2, in whose arithmetic the reference was made")
    model, result = tmp_path / "filled.safetensors", tmp_path / "maps.npz"
    save_model(model, official_network, {"resize": "256", "scaling": "own_max", "stretch": "true"})
    script, figures = Path(__file__).with_name("in_train_mode.py"), reference / "official_forward.npz"
    environment = os.environ | {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
    subprocess.run([sys.executable, script, model, figures, result], env=environment, check=True, timeout=300)
    with np.load(result) as file:
        found = {name: relative(maps, official_forward[f"train_{name}"]) for name, maps in zip(MAPS, file.values(), strict=True)}
    assert max(found.values()) <= 1e-3, found

"""Run a model in train mode on the reference's picture, whole and with the reference's edge map put in place of its own.

A process of its own, because the instruction set is chosen once, by the environment: MODEL FIGURES OUT.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from tsernet.models import TSERNetOutput
from tsernet.weights import load_model


def maps_of(prefix: str, output: TSERNetOutput) -> dict[str, np.ndarray]:
    return {f"{prefix}_{index}": logits.numpy() for index, logits in enumerate((*output.supervised, output.edge))}


if __name__ == "__main__":
    model, _ = load_model(Path(sys.argv[1]))
    model.train()
    with np.load(sys.argv[2]) as figures:
        picture, edge = torch.from_numpy(figures["input"]), torch.from_numpy(figures["train_edge"])
    with torch.no_grad():
        whole = maps_of("whole", model(picture))
        model.edge.register_forward_hook(lambda *_: edge)
        given = maps_of("given", model(picture))
    np.savez(sys.argv[3], **whole, **given)

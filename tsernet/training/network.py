"""The network a training starts from."""

from __future__ import annotations

from pathlib import Path

import torch

from tsernet.config import Model
from tsernet.errors import UserError
from tsernet.models import TSERNet, build_tsernet, initialise_residual, load_encoder_weights
from tsernet.shipped import SHIPPED_NAMES, shipped_model
from tsernet.weights import load_model


def initial_network(variant: str, seed: int, config: Model) -> TSERNet:
    """Build the network: random weights by `seed`, then the encoder's from elsewhere, or all of them to fine-tune.

    Raises:
        UserError: If the weights cannot be had or are of another network.
    """
    torch.manual_seed(seed)
    network = build_tsernet(variant, config.width)
    if config.initialisation == "residual":
        initialise_residual(network)
    if config.start_from != "none":
        earlier, metadata = load_model(_start(config.start_from))
        if (metadata["variant"], float(metadata["width"])) != (variant, config.width):
            raise UserError(
                f"params.yaml: model.start_from: {config.start_from} is {metadata['variant']} at width {metadata['width']},"
                f" expected {variant} at width {config.width}"
            )
        network.load_state_dict(earlier.state_dict())
    elif config.encoder_weights != "none":
        load_encoder_weights(network, config.encoder_weights)
    return network


def _start(name: str) -> Path:
    """Find the weights to fine-tune: those that come with the package by their name, else a file."""
    return shipped_model(name) if name in SHIPPED_NAMES else Path(name)

"""The network a training starts from."""

from __future__ import annotations

from pathlib import Path

import torch

from tsernet.config import Model
from tsernet.errors import UserError
from tsernet.methods.graph import graph_of
from tsernet.methods.interface import SaliencyNetwork
from tsernet.methods.registry import build_network
from tsernet.models import TSERNet, initialise_residual, load_encoder_weights
from tsernet.shipped import SHIPPED_NAMES, shipped_model
from tsernet.weights import load_model


def initial_network(variant: str, seed: int, config: Model) -> SaliencyNetwork:
    """Build the network: random weights by `seed`, then the encoder's from elsewhere, or all of them to fine-tune.

    Args:
        variant: Name of a network, as `tsernet.methods.network_names` lists them.
        seed: Of the random weights.
        config: The params' section `model`.
    Raises:
        UserError: If the weights cannot be had or are of another network, or it is made of layers that no runtime but PyTorch has.
    """
    torch.manual_seed(seed)
    width = config.width_of(variant)
    network = build_network(variant, width)
    graph_of(network)  # what could not be saved in the end is refused before it is trained
    if config.initialisation == "residual":
        initialise_residual(network)
    if config.start_from != "none":
        earlier, metadata = load_model(_start(config.start_from))
        if (metadata["variant"], float(metadata["width"])) != (variant, width):
            raise UserError(
                f"params.yaml: model.start_from: {config.start_from} is {metadata['variant']} at width {metadata['width']},"
                f" expected {variant} at width {width}"
            )
        network.load_state_dict(earlier.state_dict())
    elif config.encoder_weights != "none":
        if not isinstance(network, TSERNet):
            raise UserError(f"params.yaml: model.encoder_weights is {config.encoder_weights!r}, which {variant} does not take; use none")
        load_encoder_weights(network, config.encoder_weights)
    return network


def _start(name: str) -> Path:
    """Find the weights to fine-tune: those that come with the package by their name, else a file."""
    return shipped_model(name) if name in SHIPPED_NAMES else Path(name)

"""The network a training starts from."""

from __future__ import annotations

import torch

from tsernet.config import Model
from tsernet.data.inherited import Start
from tsernet.errors import UserError
from tsernet.models import TSERNet, build_tsernet, initialise_residual, load_encoder_weights
from tsernet.weights import load_model


def initial_network(variant: str, seed: int, config: Model, start: Start | None = None) -> TSERNet:
    """Build the network: random weights by `seed`, then the encoder's from elsewhere, or all of them to fine-tune.

    Args:
        variant: Of the network.
        seed: Of the random weights.
        config: The params' `model`.
        start: What `model.start_from` means; None for `none`.
    Raises:
        UserError: If the weights cannot be had or are of another network.
    """
    torch.manual_seed(seed)
    network = build_tsernet(variant, config.width)
    if config.initialisation == "residual":
        initialise_residual(network)
    if start is not None:
        earlier, metadata = load_model(start.path)
        if (metadata["variant"], float(metadata["width"])) != (variant, config.width):
            raise UserError(
                f"params.yaml: model.start_from: {start.model} is {metadata['variant']} at width {metadata['width']},"
                f" expected {variant} at width {config.width}"
            )
        network.load_state_dict(earlier.state_dict())
    elif config.encoder_weights != "none":
        load_encoder_weights(network, config.encoder_weights)
    return network

"""The network a training starts from."""

from __future__ import annotations

import torch

from tsernet.config import Model
from tsernet.data.inherited import Start
from tsernet.errors import UserError
from tsernet.methods.graph import graph_of
from tsernet.methods.interface import SaliencyNetwork
from tsernet.methods.registry import build_network
from tsernet.models import TSERNet, initialise_residual, load_encoder_weights
from tsernet.weights import load_model


def initial_network(variant: str, seed: int, config: Model, start: Start | None = None) -> SaliencyNetwork:
    """Build the network: random weights by `seed`, then the encoder's from elsewhere, or all of them to fine-tune.

    Args:
        variant: Name of a network, as `tsernet.methods.network_names` lists them.
        seed: Of the random weights.
        config: The params' section `model`.
        start: What `model.start_from` means; None for `none`.
    Raises:
        UserError: If the weights cannot be had or are of another network, or it is made of layers that no runtime but PyTorch has.
    """
    torch.manual_seed(seed)
    width = config.width_of(variant)
    network = build_network(variant, width)
    graph_of(network)  # what could not be saved in the end is refused before it is trained
    if config.initialisation == "residual":
        initialise_residual(network)
    if start is not None:
        earlier, metadata = load_model(start.path)
        if (metadata["variant"], float(metadata["width"])) != (variant, width):
            raise UserError(
                f"params.yaml: model.start_from: {start.model} is {metadata['variant']} at width {metadata['width']},"
                f" expected {variant} at width {width}"
            )
        network.load_state_dict(earlier.state_dict())
    elif config.encoder_weights != "none":
        if not isinstance(network, TSERNet):
            raise UserError(f"params.yaml: model.encoder_weights is {config.encoder_weights!r}, which {variant} does not take; use none")
        load_encoder_weights(network, config.encoder_weights)
    return network

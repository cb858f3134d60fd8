"""The network: its parts one file each, the ablations as choices of parts, and the authors' weights."""

from tsernet.models.build import build_tsernet, outline_tsernet
from tsernet.models.encoder_weights import load_encoder_weights
from tsernet.models.initialise import initialise_residual
from tsernet.models.network import TSERNet, TSERNetOutput
from tsernet.models.official import load_official
from tsernet.models.variants import VARIANTS

__all__ = [
    "VARIANTS",
    "TSERNet",
    "TSERNetOutput",
    "build_tsernet",
    "initialise_residual",
    "load_encoder_weights",
    "load_official",
    "outline_tsernet",
]

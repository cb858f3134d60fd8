"""Where and how the arithmetic of a training runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, NamedTuple

import torch

from tsernet.config import Hardware
from tsernet.errors import UserError

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Precision = Literal["32-true", "bf16-mixed"]


class Settings(NamedTuple):
    """The hardware params with every `auto` resolved for this machine."""

    accelerator: Literal["cpu", "cuda"]
    precision: Precision
    memory_format: torch.memory_format


def resolve(config: Hardware) -> Settings:
    """Resolve `auto`: CUDA where there is one, bf16 only there, channels_last everywhere.

    bf16 stays off on CPUs, where it is slower unless the processor has matrix units, and changes the result.

    Raises:
        UserError: If CUDA is asked for and there is none, or fewer devices than asked for.
    """
    cuda = torch.cuda.is_available()
    if config.accelerator == "cuda" and not cuda:
        raise UserError(
            "params.yaml: train.hardware.accelerator is 'cuda', but this machine has no usable CUDA device; use 'auto' or 'cpu'"
        )
    accelerator: Literal["cpu", "cuda"] = "cuda" if cuda and config.accelerator != "cpu" else "cpu"
    if accelerator == "cuda" and config.devices > torch.cuda.device_count():
        raise UserError(f"params.yaml: train.hardware.devices is {config.devices}, but this machine has {torch.cuda.device_count()}")
    precision: Precision = "32-true"
    if config.precision == "bf16-mixed" or (config.precision == "auto" and accelerator == "cuda" and torch.cuda.is_bf16_supported()):
        precision = "bf16-mixed"
    memory_format = torch.contiguous_format if config.memory_format == "contiguous" else torch.channels_last
    return Settings(accelerator, precision, memory_format)


def device_name(settings: Settings) -> str:
    """Name the device for its lock: a training that sees some GPUs only does not wait for one on the others."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    return f"cuda-{visible.replace(',', '-')}" if settings.accelerator == "cuda" and visible else settings.accelerator


def make_fabric(config: Hardware, settings: Settings) -> Fabric:
    """Build the Fabric that places model and data, after setting the CPU's threads."""
    from lightning_fabric import Fabric

    if config.threads:
        torch.set_num_threads(config.threads)
    return Fabric(accelerator=settings.accelerator, devices=config.devices, strategy=config.strategy, precision=settings.precision)

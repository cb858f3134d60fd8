"""Where and how the arithmetic of a training runs."""

from __future__ import annotations

import ctypes
import os
import platform
from typing import TYPE_CHECKING, Literal, NamedTuple

import torch

from tsernet.config import Hardware, Train
from tsernet.devices import Device, choose_device
from tsernet.errors import UserError
from tsernet.locks import visible_gpus

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Precision = Literal["32-true", "bf16-mixed"]

# Of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


class Settings(NamedTuple):
    """The hardware params with every `auto` resolved for this machine."""

    accelerator: Device
    precision: Precision
    memory_format: torch.memory_format


def resolve(config: Hardware) -> Settings:
    """Resolve `auto`: CUDA where there is one, bf16 only there, channels_last everywhere.

    bf16 stays off on CPUs, where it is slower unless the processor has matrix units, and changes the result.

    Raises:
        UserError: If CUDA is asked for and there is none, or fewer devices than asked for.
    """
    accelerator = choose_device(config.accelerator, "params.yaml: train.hardware.accelerator")
    if accelerator == "cuda" and config.devices > torch.cuda.device_count():
        raise UserError(f"params.yaml: train.hardware.devices is {config.devices}, but this machine has {torch.cuda.device_count()}")
    precision: Precision = "32-true"
    if config.precision == "bf16-mixed" or (config.precision == "auto" and accelerator == "cuda" and torch.cuda.is_bf16_supported()):
        precision = "bf16-mixed"
    memory_format = torch.contiguous_format if config.memory_format == "contiguous" else torch.channels_last
    return Settings(accelerator, precision, memory_format)


def require_even_shares(config: Train) -> None:
    """Refuse a batch that the devices cannot share evenly, and another number of processes than of devices.

    Raises:
        UserError: Naming both numbers.
    """
    devices = config.hardware.devices
    if config.batch_size % devices:
        raise UserError(f"params.yaml: train.batch_size is {config.batch_size}, expected a multiple of train.hardware.devices ({devices})")
    started = int(os.environ.get("WORLD_SIZE", devices))
    if started != devices:
        raise UserError(f"params.yaml: train.hardware.devices is {devices}, but {started} processes were started")


def device_names(settings: Settings, count: int) -> list[str]:
    """Name the devices for their locks, in the order in which to take them: one lock for the CPU, one for each GPU."""
    if settings.accelerator == "cpu":
        # Workers that train side by side share the CPU: each has a lock of its own.
        return [os.environ.get("TSERNET_CPU", "cpu")]
    return sorted(f"cuda-{name}" for name in (visible_gpus() or list(map(str, range(count))))[:count])


def start(config: Hardware, settings: Settings) -> Fabric:
    """Start the processes, one a device, and return what places model and data; then set the CPU up."""
    from lightning_fabric import Fabric
    from lightning_fabric.strategies.ddp import DDPStrategy

    # The buffers are BatchNorm's joint statistics: the same everywhere without a broadcast.
    together = config.devices > 1 or config.strategy == "ddp"
    fabric = Fabric(
        accelerator=settings.accelerator,
        devices=config.devices,
        strategy=DDPStrategy(broadcast_buffers=False) if together else "auto",
        precision=settings.precision,
    )
    fabric.launch()
    if config.threads:
        torch.set_num_threads(config.threads)
    if settings.accelerator == "cpu":
        keep_freed_memory()
    return fabric


def keep_freed_memory() -> None:
    """Let the C library keep what freed tensors leave, for the next step's.

    By default glibc hands large blocks back to the system, which then has to map and clear each page anew: some hundred
    thousand page faults a step, a tenth of its time (docs/explanation/performance.md). Other C libraries are left alone.
    """
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_MAX, 0)
        library.mallopt(_M_TRIM_THRESHOLD, -1)

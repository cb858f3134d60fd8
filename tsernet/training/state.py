"""The state that a training changes: weights, their average, the optimiser, the record; to and from a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from tsernet.config import Optimiser
from tsernet.methods.interface import SaliencyNetwork
from tsernet.training.checkpoint import Checkpoint
from tsernet.training.history import History
from tsernet.training.schedule import ema_decay


@dataclass
class TrainingState:
    """Everything a step changes. `average` holds the averaged weights, or is None where `ema` is off."""

    model: SaliencyNetwork
    average: SaliencyNetwork | None
    optimizer: Optimizer
    history: History
    best: dict[str, Tensor] | None = None

    @property
    def product(self) -> SaliencyNetwork:
        """The network whose weights the training is for: the average where there is one."""
        return self.model if self.average is None else self.average


def make_optimizer(model: nn.Module, config: Optimiser) -> Adam:
    """Adam, in one fused kernel.

    Source: Han et al., TIM 2022, section IV-A2.
    """
    first, second = config.betas
    return Adam(model.parameters(), lr=config.lr, betas=(first, second), eps=config.eps, weight_decay=config.weight_decay, fused=True)


@torch.no_grad()
def update_average(state: TrainingState, step: int, decay: float) -> None:
    """Move the averaged weights a little towards the newest; buffers (running statistics) too, counters are copied."""
    if state.average is None:
        return
    weight = 1.0 - ema_decay(step, decay)
    pairs = list(zip(state.average.state_dict().values(), state.model.state_dict().values(), strict=True))
    floats = [(old, new) for old, new in pairs if old.is_floating_point()]
    torch._foreach_lerp_([old for old, _ in floats], [new for _, new in floats], weight)
    for old, new in pairs:
        if not old.is_floating_point():
            old.copy_(new)


def copy_weights(model: nn.Module) -> dict[str, Tensor]:
    """The weights on the CPU, as a copy that later steps do not change."""
    return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in model.state_dict().items()}


def to_checkpoint(state: TrainingState) -> Checkpoint:
    """Gather the state."""
    table, validation = state.history.to_state()
    tensors = {"history": table}
    tensors |= {f"model.{name}": tensor for name, tensor in copy_weights(state.model).items()}
    if state.average is not None:
        tensors |= {f"average.{name}": tensor for name, tensor in copy_weights(state.average).items()}
    if state.best is not None:
        tensors |= {f"best.{name}": tensor for name, tensor in state.best.items()}
    for index, moments in state.optimizer.state_dict()["state"].items():
        tensors |= {f"adam.{index}.{name}": value.detach().cpu().contiguous() for name, value in moments.items()}
    return Checkpoint(state.history.steps, tensors, {"validation": validation})


def restore(state: TrainingState, checkpoint: Checkpoint, log_every: int) -> None:
    """Put a checkpoint's state in place."""
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "average": {}, "best": {}, "adam": {}}
    for name, tensor in checkpoint.tensors.items():
        room, _, rest = name.partition(".")
        if room in parts:
            parts[room][rest] = tensor
    state.model.load_state_dict(parts["model"])
    if state.average is not None:
        state.average.load_state_dict(parts["average"])
    state.best = parts["best"] or None
    state.history = History.from_state(log_every, checkpoint.tensors["history"], checkpoint.values["validation"])
    _restore_moments(state.optimizer, parts["adam"])


def _restore_moments(optimizer: Optimizer, moments: dict[str, Tensor]) -> None:
    by_index: dict[int, dict[str, Tensor]] = {}
    for name, tensor in moments.items():
        index, _, key = name.partition(".")
        by_index.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": by_index, "param_groups": optimizer.state_dict()["param_groups"]})
    for parameter, values in optimizer.state.items():
        for key, value in values.items():
            if value.shape == parameter.shape:
                # The same strides as the parameter's, so that the same kernel runs and the same bits come out.
                values[key] = torch.empty_like(parameter).copy_(value)

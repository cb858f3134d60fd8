"""Training steps that a GPU takes as one graph: nothing is launched, sent or read for a single step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor
from torch.optim import Adam

from tsernet.config import Params
from tsernet.losses import tsernet_loss
from tsernet.methods.interface import SaliencyNetwork
from tsernet.methods.registry import method_of
from tsernet.resident.draws import Draws, draw_steps, require_plain
from tsernet.resident.samples import Inputs, ResidentSamples
from tsernet.training.hardware import resolve
from tsernet.training.history import LOSS_COLUMNS

EAGER_FIRST = 3
"""Steps before the capture, in which cuDNN chooses its kernels and Adam makes its moments; they are the training's first."""


class ResidentTraining:
    """Trains a network by Algorithm 1 in chunks of steps, whose draws travel to the device together and whose losses come back together.

    On a GPU a step is captured as a CUDA graph after the first ones and then replayed; elsewhere the same function is called each time.
    Each training has a stream of its own there: several work side by side if all are launched before one is collected.

    Args:
        network: With its first weights; moved to the device of the samples.
        samples: The training split.
        params: For `train` and `loss`.
        seed: Of the order and the augmentation.
        chunk: Steps in a chunk, at least 1.
        capture: Whether a GPU captures the step; else it takes each one eagerly.
        compile_network: Whether torch.compile makes the network's kernels, which the graph then holds.
    Raises:
        UserError: If the params ask for what Algorithm 1 does not have.
    """

    def __init__(
        self,
        network: SaliencyNetwork,
        samples: ResidentSamples,
        params: Params,
        seed: int,
        *,
        chunk: int = 100,
        capture: bool = True,
        compile_network: bool = False,
    ) -> None:
        require_plain(params.train)
        self.network, self.steps = network, 0
        self._samples, self._params, self._seed, self._chunk = samples, params, seed, chunk
        self._device = samples.device
        on_gpu = self._device.type == "cuda"
        self._is_captured = capture and on_gpu
        self._is_rounded = resolve(params.train.hardware).precision == "bf16-mixed"
        network.to(self._device).to(memory_format=torch.channels_last).train()
        if compile_network:
            network.compile(dynamic=False)
        config = params.train.optimiser
        # The rate is a tensor that the step itself sets: a captured step has no other way to hear of a new one.
        self._rate = torch.tensor(config.lr, device=self._device)
        self._optimizer = Adam(
            network.parameters(),
            lr=self._rate,
            betas=(config.betas[0], config.betas[1]),
            eps=config.eps,
            weight_decay=config.weight_decay,
            fused=True,
            capturable=self._is_captured,
        )
        self._table = Draws(*(table.to(self._device) for table in self._draw(0, chunk)))
        self._place = torch.zeros(1, dtype=torch.int64, device=self._device)
        self._losses = torch.zeros(chunk, len(LOSS_COLUMNS), dtype=torch.float64, device=self._device)
        self._take: Callable[[], None] = self._step
        self._ahead: Draws | None = None
        self._launched = 0
        self._stream = torch.cuda.Stream(self._device) if on_gpu else None  # type: ignore[no-untyped-call]  # torch's own
        if self._stream:
            self._stream.wait_stream(torch.cuda.current_stream(self._device))

    def launch(self, steps: int) -> None:
        """Set so many more steps going, at most a chunk, without a wait for them.

        Raises:
            ValueError: If they are too many, or those of before were not collected.
        """
        if not 1 <= steps <= self._chunk or self._launched:
            raise ValueError(f"steps must be from 1 to {self._chunk}, after those of before were collected, got {steps}")
        with self._on_stream():
            # Held until they are collected: what travels from pinned memory must stay there.
            self._travelling = self._ahead or self._pinned(self.steps)
            self._ahead = None
            self._table.copy_from(self._travelling)
            self._place.zero_()
            for _ in range(steps):
                if self._is_captured and self.steps == EAGER_FIRST:
                    self._take = self._capture()
                self._take()
                self.steps += 1
        self._launched = steps

    def draw_ahead(self) -> None:
        """Draw the steps that come next, while those that were launched run."""
        self._ahead = self._pinned(self.steps)

    def collect(self) -> Tensor:
        """Wait for the steps that were launched.

        Returns:
            Their losses on the CPU, float64, (steps, 6), in the order of LOSS_COLUMNS.
        """
        steps, self._launched = self._launched, 0
        with self._on_stream():
            return self._losses[:steps].cpu()

    def batches(self, count: int) -> Iterator[Inputs]:
        """Give the inputs of the first `count` steps, as BatchNorm's statistics are taken from them."""
        for step in range(count):
            draws = self._draw(step, 1)
            yield self._samples.inputs(*(table[0].to(self._device) for table in (draws.moves, draws.grains)))

    def _on_stream(self) -> AbstractContextManager[object]:
        return torch.cuda.stream(self._stream) if self._stream else nullcontext()

    def _pinned(self, first: int) -> Draws:
        drawn = self._draw(first, self._chunk)
        return Draws(*(table.pin_memory() for table in drawn)) if self._stream else drawn

    def _draw(self, first: int, count: int) -> Draws:
        return draw_steps(len(self._samples), self._params.train, self._seed, first, count)

    def _capture(self) -> Callable[[], None]:
        """Record a step, which is not taken by that, and return what takes one."""
        graph = torch.cuda.CUDAGraph()
        # Gradients of before would be added to, at places that are not the graph's.
        self._optimizer.zero_grad(set_to_none=True)
        with torch.cuda.graph(graph):
            self._step()
        return graph.replay

    def _step(self) -> None:
        """Take a step: everything that changes from one to the next is read from, and written to, tensors on the device."""
        inputs = self._samples.inputs(self._table.moves.index_select(0, self._place)[0], self._table.grains.index_select(0, self._place)[0])
        self._rate.copy_(self._table.rates.index_select(0, self._place)[0])
        self._optimizer.zero_grad(set_to_none=True)
        # No cache of rounded weights: one made outside a graph would be read in it after its memory is another's.
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._is_rounded, cache_enabled=False):
            output = self.network(inputs.images)
        loss = self._params.loss
        objective = method_of(self.network.variant).objective
        terms = tsernet_loss(output, inputs.masks, inputs.edges, loss.edge, None, loss.empty, objective)
        terms.total.backward()  # type: ignore[no-untyped-call]  # torch leaves Tensor.backward unannotated
        self._optimizer.step()
        losses = torch.stack([terms.total, terms.edge, terms.bce, terms.ssim, terms.iou, terms.f]).detach().double()
        self._losses.index_copy_(0, self._place, losses[None])
        self._place.add_(1)

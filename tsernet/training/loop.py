"""Algorithm 1: the loop."""

from __future__ import annotations

import copy
import sys
import time
from collections import Counter, defaultdict
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import torch
from torch import Tensor, nn

from tsernet import config
from tsernet.data.inherited import Start
from tsernet.data.pixels import ImageArray
from tsernet.data.samples import SampleStore
from tsernet.errors import CheckError, StoppedError
from tsernet.images.levels import Levels
from tsernet.losses import tsernet_loss
from tsernet.methods.interface import SaliencyNetwork
from tsernet.methods.registry import method_of
from tsernet.progress import ProgressBar
from tsernet.training.batches import Batch, Batches
from tsernet.training.batchnorm import recomputed_statistics
from tsernet.training.batchnorm_layers import use_plain_norms, use_training_norms
from tsernet.training.checkpoint import load_newest, save_checkpoint
from tsernet.training.checks import explain_out_of_memory, require_finite
from tsernet.training.device_lock import device_lock
from tsernet.training.distributed import all_reduce_max, all_reduce_mean, process_rank
from tsernet.training.hardware import Settings, device_names, require_even_shares, resolve, start
from tsernet.training.history import History, Row
from tsernet.training.network import initial_network
from tsernet.training.pace import mean_step
from tsernet.training.schedule import has_converged, learning_rate
from tsernet.training.signals import StopRequest, stop_requests
from tsernet.training.state import TrainingState, copy_weights, make_optimizer, restore, to_checkpoint, update_average
from tsernet.training.validation import SHOWN, Validator

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class Reporter(Protocol):
    """Who hears of a training while it runs."""

    def row(self, step: int, row: Row) -> None:
        """Take a row of the history."""

    def image(self, name: str, image: ImageArray, step: int) -> None:
        """Take an image that shows how far the network is."""


class NoReporter:
    """Hears nothing."""

    def row(self, step: int, row: Row) -> None:
        """Ignore the row."""

    def image(self, name: str, image: ImageArray, step: int) -> None:
        """Ignore the image."""


@dataclass(frozen=True)
class TrainingJob:
    """What to train, on what, and where its checkpoints lie.

    Args:
        variant: Name of a network, as `tsernet.methods.network_names` lists them.
        prepared: Folder with images/, masks/ and edges/.
        train_names: The training split.
        val_names: The validation split, empty for none.
        checkpoints: Folder of this job alone; a training found in it is gone on with.
        levels: Of a set of more than 8 bits.
        start: The weights to begin with, None for random ones; `initial_network` has more.
    """

    variant: str
    seed: int
    params: config.Params
    prepared: Path
    train_names: list[str]
    val_names: list[str]
    checkpoints: Path
    levels: Levels | None = None
    start: Start | None = None


@dataclass(frozen=True)
class TrainingResult:
    """The trained network, its record, the last step's weights and the step whose weights the network holds.

    `step_seconds` is `mean_step` of those that this process has done, what makes their batches and keeps checkpoints included; None where
    it has done none, or none of one of the sizes of progressive resizing.
    """

    model: SaliencyNetwork
    history: History
    last: dict[str, Tensor]
    chosen_step: int
    step_seconds: float | None = None


def train(job: TrainingJob, reporter: Reporter) -> TrainingResult:
    """Train a network as Algorithm 1 says, from where its newest checkpoint stands.

    Raises:
        UserError: If the machine lacks what the params ask for.
        CheckError: If the loss is not finite, or the memory does not suffice.
        StoppedError: On SIGINT or SIGTERM, after a checkpoint.
    Source: Han et al., TIM 2022, Algorithm 1.
    """
    settings = resolve(job.params.train.hardware)
    require_even_shares(job.params.train)
    with ExitStack() as held:
        # One process holds the devices for all; those that Fabric starts begin after that.
        if process_rank() == 0:
            for device in device_names(settings, job.params.train.hardware.devices):
                held.enter_context(device_lock(device, f"training {job.variant}, seed {job.seed}"))
        stop = held.enter_context(stop_requests())
        return _Training(job, settings, reporter).run(stop)


class _Training:
    """One training in progress, or one process's part of it.

    Every process takes every decision, from numbers that are the same in all of them; the first alone writes and reports.
    """

    def __init__(self, job: TrainingJob, settings: Settings, reporter: Reporter) -> None:
        self._job, self._reporter = job, reporter
        self._train = job.params.train
        self._format = settings.memory_format
        self._objective = method_of(job.variant).objective
        self._fabric: Fabric = start(self._train.hardware, settings)
        self._is_first = process_rank() == 0
        self._seconds: defaultdict[int, list[float]] = defaultdict(list)
        sides = {self._train.augment.resize, *(part.resize for part in self._train.progressive)}
        stores = {side: SampleStore(job.prepared, job.train_names, side, job.levels, self._train.window) for side in sides}
        self._batches = Batches(stores, self._train, job.seed, self._fabric.device, self._format)
        self._state, self._runner, self._optimizer = self._set_up()
        # Without a validation split, a training's sheets show the first of its own images.
        shown = job.val_names or job.train_names[:SHOWN]
        self._validator = Validator(job.prepared, shown, job.params, self._fabric.device, job.levels)

    def _set_up(self) -> tuple[TrainingState, nn.Module, torch.optim.Optimizer]:
        network = initial_network(self._job.variant, self._job.seed, self._job.params.model, self._job.start)
        network = network.to(memory_format=self._format)
        use_training_norms(network, self._fabric.device, self._train.hardware.compile)
        average = copy.deepcopy(network).to(self._fabric.device).eval() if self._train.optimiser.ema > 0 else None
        # torch.compile is typed for functions; of a module it makes a module.
        compiled = cast(nn.Module, torch.compile(network)) if self._train.hardware.compile else network
        runner, optimizer = self._fabric.setup(compiled, make_optimizer(network, self._train.optimiser))
        state = TrainingState(network, average, optimizer.optimizer, History(self._train.log_every))
        checkpoint = load_newest(self._job.checkpoints)
        if checkpoint is not None:
            restore(state, checkpoint, self._train.log_every)
            if self._is_first:
                print(f"going on from step {checkpoint.step} ({self._job.checkpoints})", file=sys.stderr)
        if all_reduce_max(state.history.steps, self._fabric.device) != state.history.steps:
            raise CheckError(f"the processes found different checkpoints in {self._job.checkpoints}; it must be one folder for all of them")
        return state, runner, optimizer

    def run(self, stop: StopRequest) -> TrainingResult:
        history, total = self._state.history, self._train.iterations
        what = f"train {self._job.variant}, seed {self._job.seed}"
        self._runner.train()
        batch = self._batches.of_step(history.steps)
        with ExitStack() as around:
            bar = around.enter_context(ProgressBar(what, total, history.steps)) if self._is_first else None
            around.enter_context(explain_out_of_memory(self._train))
            while history.steps < total and not has_converged(history.totals, self._train.plateau):
                begin, side = time.perf_counter(), self._side(history.steps)
                losses, rate = self._step(history.steps, batch)
                names = batch.names
                # The next batch, if there is one, is made while a GPU works; only then are the losses waited for.
                if history.steps + 1 < total:
                    batch = self._batches.of_step(history.steps + 1)
                history.add_step(self._finite(losses, names), rate)
                self._after_step(history.steps)
                if bar:
                    bar.advance(f"loss {history.totals[-1]:.3f}")
                self._seconds[side].append(time.perf_counter() - begin)
                if signal := self._joint_signal(stop):
                    self._stop(signal)
        self._save()
        return self._result()

    def _fresh_statistics(self) -> AbstractContextManager[None]:
        batches = (self._batches.of_step(step, full_size=True).images for step in range(self._train.norm_batches))
        return recomputed_statistics(self._state.product, batches)

    def _step(self, step: int, batch: Batch) -> tuple[Tensor, float]:
        """Set a step going; return its losses over all processes, in the order of LOSS_COLUMNS, and its learning rate."""
        rate = learning_rate(step, self._train.iterations, self._train.optimiser)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.zero_grad(set_to_none=True)
        share = all_reduce_mean(batch.edges.mean())
        loss = self._job.params.loss
        output = self._runner(batch.images)
        terms = tsernet_loss(output, batch.masks, batch.edges, loss.edge, share, loss.empty, self._objective)
        self._fabric.backward(terms.total)
        if self._train.optimiser.clip_norm > 0:
            self._fabric.clip_gradients(self._runner, self._optimizer, max_norm=self._train.optimiser.clip_norm)
        self._optimizer.step()
        update_average(self._state, step, self._train.optimiser.ema)
        losses = torch.stack([terms.total, terms.edge, terms.bce, terms.ssim, terms.iou, terms.f]).detach()
        return all_reduce_mean(losses.double()), rate

    def _finite(self, losses: Tensor, names: list[str]) -> list[float]:
        values: list[float] = losses.tolist()
        require_finite(values, self._state.history.steps, names, self._job.checkpoints)
        return values

    def _joint_signal(self, stop: StopRequest) -> int:
        """The signal that any process was stopped by, 0 for none: all stop at one step, or none does."""
        own = stop.signal or 0
        return all_reduce_max(own, self._fabric.device)

    def _after_step(self, step: int) -> None:
        is_validated = self._train.validate_every > 0 and bool(self._job.val_names) and step % self._train.validate_every == 0
        if is_validated:
            self._validate(step)
        row = self._state.history.row(step)
        if row is not None and self._is_first:
            self._reporter.row(step, row)
        if step % self._train.checkpoint_every == 0:
            self._save()
            if self._is_first and not is_validated:
                self._reporter.image("samples.png", self._validator.sheet(self._state.product), step)

    def _validate(self, step: int) -> None:
        history = self._state.history
        with self._fresh_statistics():
            scores, sheet = self._validator.score(self._state.product)
            history.add_validation(scores)
            if history.best_step() == step:
                self._state.best = copy_weights(self._state.product)
        if self._is_first:
            self._reporter.image("validation.png", sheet, step)

    def _save(self) -> Path | None:
        """Write a checkpoint; a full disk is said and the training goes on, since the one before is intact."""
        if not self._is_first:
            return None
        try:
            return save_checkpoint(self._job.checkpoints, to_checkpoint(self._state), self._train.keep_checkpoints)
        except OSError as error:
            print(f"warning: no checkpoint at step {self._state.history.steps} ({error}); the one before stands", file=sys.stderr)
            return None

    def _stop(self, signal: int) -> None:
        path = self._save()
        kept = f"kept as {path}" if path else "not kept: the checkpoint could not be written"
        raise StoppedError(
            signal, f"stopped by signal {signal} at step {self._state.history.steps}, {kept}; run 'dvc repro' again to go on"
        )

    def _result(self) -> TrainingResult:
        state, history = self._state, self._state.history
        with self._fresh_statistics():
            last = copy_weights(state.product)
        best_step = history.best_step()
        network = state.product.to("cpu").eval()
        use_plain_norms(network)
        network.load_state_dict(last if state.best is None else state.best)
        step_seconds = mean_step(self._seconds, Counter(map(self._side, range(history.steps))))
        return TrainingResult(network, history, last, best_step or history.steps, step_seconds)

    def _side(self, step: int) -> int:
        return self._train.augment_of_step(step).crop

"""Train in two processes; test_processes.py starts this script by itself, for Fabric's launcher, and by torchrun.

The argument is a JSON file: `params`, `prepared`, `checkpoints`, `train_names`, `val_names`, `out` (a folder) and `stop`, whether
the second process is sent SIGTERM on the way and the training then gone on with. The first process writes OUT/record.json.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from tsernet.config import parse_params
from tsernet.data.pixels import ImageArray
from tsernet.errors import StoppedError
from tsernet.losses import tsernet_loss
from tsernet.models import build_tsernet, initialise_residual
from tsernet.training import TrainingJob, TrainingResult, train
from tsernet.training.batchnorm_layers import use_training_norms
from tsernet.training.distributed import all_reduce_mean, process_rank


class Recorder:
    """Keeps what is reported, by the first process alone; after step 2 it has the second process stopped."""

    def __init__(self, out: Path, stop: bool) -> None:
        self.rows: dict[int, dict[str, float]] = {}
        self._out, self._stop = out, stop
        (out / f"pid-{process_rank()}").write_text(str(os.getpid()))

    def row(self, step: int, row: dict[str, float]) -> None:
        assert process_rank() == 0
        assert step not in self.rows
        self.rows[step] = row
        if self._stop and step == 2:
            os.kill(int((self._out / "pid-1").read_text()), signal.SIGTERM)

    def image(self, name: str, image: ImageArray, step: int) -> None:
        assert process_rank() == 0


def run(spec: dict[str, Any]) -> dict[str, Any]:
    out, stop = Path(spec["out"]), spec["stop"]
    params = parse_params(spec["params"], "spec")
    job = TrainingJob("full", 0, params, Path(spec["prepared"]), spec["train_names"], spec["val_names"], Path(spec["checkpoints"]))
    recorder, message = Recorder(out, stop), ""
    if stop:
        try:
            train(job, recorder)
        except StoppedError as error:
            message = str(error)
    rest = Recorder(out, stop=False)
    result = train(job, rest)
    assert not recorder.rows.keys() & rest.rows.keys()
    rows = {str(step): row for step, row in (recorder.rows | rest.rows).items()}
    # Both processes must hold the same network, or the average of their gradients means nothing.
    digests: list[str] = ["", ""]
    torch.distributed.all_gather_object(digests, digest_of(result))
    return {"message": message, "rows": rows, "digests": digests, "totals": result.history.totals}


def digest_of(result: TrainingResult) -> str:
    tensors = [*result.model.state_dict().values(), *result.last.values()]
    return hashlib.sha256(b"".join(tensor.contiguous().numpy().tobytes() for tensor in tensors)).hexdigest()


def largest_gradient_difference() -> float:
    """How far the gradients of two processes are from those of one with the joint batch, relative to the largest of them.

    In float64 and near the identity, since a deep chain of BatchNorms passes rounding on enlarged.
    """
    batch, rank = made_up(samples=4), process_rank()
    torch.manual_seed(0)
    alone, together = (build_tsernet("full", 0.0625).double().train() for _ in range(2))
    initialise_residual(alone)
    together.load_state_dict(alone.state_dict())
    use_training_norms(together, torch.device("cpu"))
    backward(alone, batch, None)
    own = [part[rank::2] for part in batch]
    backward(DistributedDataParallel(together, forward_sync_buffers=False), own, all_reduce_mean(own[2].mean()))
    pairs = zip(alone.parameters(), together.parameters(), strict=True)
    gradients = [(one.grad, two.grad) for one, two in pairs]
    assert all(one is not None and two is not None for one, two in gradients)
    scale = max(one.abs().max() for one, _ in gradients)
    for one, two in zip(alone.buffers(), together.buffers(), strict=True):
        torch.testing.assert_close(one, two)
    return max(float((one - two).abs().max() / scale) for one, two in gradients)


def made_up(samples: int) -> list[Tensor]:
    """Images, masks and edges; each sample has another share of edge pixels, so that no part's share is the whole's."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(samples, 3, 64, 64, generator=generator, dtype=torch.float64)
    chance = torch.rand(2, samples, 1, 64, 64, generator=generator, dtype=torch.float64)
    masks, edges = (chance < torch.linspace(0.1, 0.4, samples).view(-1, 1, 1, 1)).double()
    return [images, masks, edges]


def backward(network: nn.Module, batch: list[Tensor], share: Tensor | None) -> None:
    images, masks, edges = batch
    tsernet_loss(network(images), masks, edges, "balanced", share).total.backward()


if __name__ == "__main__":
    spec = json.loads(Path(sys.argv[1]).read_text())
    record = run(spec)
    if not spec["stop"]:
        record["gradient_difference"] = largest_gradient_difference()
    if process_rank() == 0:
        (Path(spec["out"]) / "record.json").write_text(json.dumps(record))

"""How the variants' trainings share the machines: one after another, or spread by Dask."""

from __future__ import annotations

import os
from typing import Any

from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner

from pipelines.flows.concurrency import concurrency_slot
from pipelines.flows.tasks import Place, evaluate, train
from tsernet.errors import UserError

_MOST_AT_ONCE = 16
Item = tuple[str, int]
Runner = TaskRunner[Any]


def train_and_evaluate(place: Place, spread: str) -> None:
    """Train every variant with every seed, then evaluate each.

    Args:
        place: The run's workspace.
        spread: `one after another`: the run keeps one slot for all of them, so that runs do not interleave;
            `dask`: each training takes a slot of its own, as many at once as there are slots.
    Raises:
        UserError: If prefect-dask is not installed.
    """
    items: list[Item] = [(variant, seed) for variant in place.params.variants for seed in place.params.seeds]
    if spread == "dask":
        _spread(place, items)
        return
    with concurrency_slot():
        for variant, seed in items:
            train(place, variant, seed)
        for variant, seed in items:
            evaluate(place, variant, seed)


def _spread(place: Place, items: list[Item]) -> None:
    try:
        runner = _dask(min(len(items), _MOST_AT_ONCE))
    except ModuleNotFoundError as error:
        raise UserError(f"spread: dask needs {error.name}, which is not installed here; pip install 'tsernet[dask]'") from None
    with runner:
        for stage in (train, evaluate):
            parameters = [{"place": place, "variant": variant, "seed": seed, "own_slot": True} for variant, seed in items]
            _all_of([runner.submit(stage, chosen) for chosen in parameters])


def _dask(at_once: int) -> Runner:
    """Use the cluster at $TSERNET_DASK_ADDRESS, which must see the workspace's disk, or threads of this process."""
    from prefect_dask.task_runners import DaskTaskRunner

    address = os.environ.get("TSERNET_DASK_ADDRESS")
    if address:
        return DaskTaskRunner(address=address)
    # A thread only looks after a subprocess: the stages are processes anyway. No dashboard: nothing listens.
    here = {"n_workers": 1, "threads_per_worker": at_once, "processes": False, "dashboard_address": None}
    return DaskTaskRunner(cluster_kwargs=here)


def _all_of(futures: list[PrefectFuture[Any]]) -> None:
    """Wait for all, then raise the first failure: the others' work is done and kept."""
    for future in futures:
        future.wait()
    for future in futures:
        future.result()

"""How the variants' trainings share the machines: one after another, or spread by Dask."""

from __future__ import annotations

import os

from prefect.futures import PrefectFuture

from pipelines.flows.slots import device_slot
from pipelines.flows.tasks import Place, evaluate, train

_MOST_AT_ONCE = 16
Item = tuple[str, int]


def train_and_evaluate(place: Place, spread: str) -> None:
    """Train every variant with every seed, then evaluate each.

    Args:
        place: The run's workspace.
        spread: `one after another`: the run keeps one slot for all of them, so that runs do not interleave;
            `dask`: each training takes a slot of its own, as many at once as there are slots.
    """
    items: list[Item] = [(variant, seed) for variant in place.params.variants for seed in place.params.seeds]
    if spread == "dask":
        _with_dask(place, items)
        return
    with device_slot():
        for variant, seed in items:
            train(place, variant, seed)
        for variant, seed in items:
            evaluate(place, variant, seed)


def _with_dask(place: Place, items: list[Item]) -> None:
    """Spread over the cluster at $TSERNET_DASK_ADDRESS, which must see the workspace's disk, or over threads of this process."""
    from prefect_dask.task_runners import DaskTaskRunner

    address = os.environ.get("TSERNET_DASK_ADDRESS")
    # A thread only looks after a subprocess: the stages are processes anyway. No dashboard: nothing listens.
    here = {"n_workers": 1, "threads_per_worker": min(len(items), _MOST_AT_ONCE), "processes": False, "dashboard_address": None}
    with DaskTaskRunner(address=address) if address else DaskTaskRunner(cluster_kwargs=here) as runner:
        for stage in (train, evaluate):
            parameters = [{"place": place, "variant": variant, "seed": seed, "own_slot": True} for variant, seed in items]
            _all_of([runner.submit(stage, chosen) for chosen in parameters])


def _all_of(futures: list[PrefectFuture[None]]) -> None:
    """Wait for all, then raise the first failure: the others' work is done and kept."""
    for future in futures:
        future.wait()
    for future in futures:
        future.result()

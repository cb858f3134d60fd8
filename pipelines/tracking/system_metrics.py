"""What the machine was busy with, as `system/…` metrics that MLflow's page of a run shows by themselves."""

from __future__ import annotations

import sys
import time

import psutil

from pipelines.tracking.outbox.spool import Spool

INTERVAL = 10.0
"""Seconds between two samples."""


class SystemMetrics:
    """Samples processor, memory, disk and, where torch has one in use, the GPU.

    Args:
        first_step: The number of the first sample; a resumed run counts on.
    """

    def __init__(self, first_step: int = 0) -> None:
        self._step = first_step
        self._next = time.monotonic()
        self._process = psutil.Process()

    def record(self, spool: Spool) -> None:
        """Add a sample to the spool if it is time for one."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + INTERVAL
        spool.append({"kind": "metrics", "step": self._step, "time": int(time.time() * 1000), "values": self._sample()})
        self._step += 1

    def _sample(self) -> dict[str, float]:
        memory = psutil.virtual_memory()
        values = {
            "system/cpu_utilization_percentage": psutil.cpu_percent(),
            "system/system_memory_usage_percentage": memory.percent,
            "system/system_memory_usage_megabytes": memory.used / 1e6,
            "system/process_memory_megabytes": self._process.memory_info().rss / 1e6,
            "system/disk_available_megabytes": psutil.disk_usage(".").free / 1e6,
        }
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_initialized():
            free, total = torch.cuda.mem_get_info()
            values["system/gpu_0_memory_usage_megabytes"] = (total - free) / 1e6
        return values

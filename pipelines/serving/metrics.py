"""What Prometheus is told."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


class Metrics:
    """The figures of one service, in a registry of their own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no annotations. A second line for each, the time of its first count
        self._registry = CollectorRegistry()
        self.requests = self._counter("requests", "Requests by path and status", "path", "status")
        self.seconds = self._histogram("request_seconds", "From a request's head to its answer", "path")
        self.images = self._counter("images", "Inspected images by role and verdict", "role", "verdict")
        self.image_seconds = self._histogram("image_seconds", "One image: decoding, map, defects", "role")
        self.defects = self._counter("defects", "Defects found", "role")
        self.refused = self._counter("refused_images", "Images that were not inspected, by status", "status")
        self.inside = self._gauge("requests_in_work", "Requests that are being read, waiting or in work")
        self.log_failures = self._counter("log_failures", "Inspections that the log could not take")
        self.model = self._gauge("model", "1 for what answers now", "role", "name", "weights_sha256")
        self.healthy = self._gauge("healthy", "1 if nothing is wrong; /health says what")

    def text(self) -> bytes:
        """Give all of them in Prometheus' text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"tsernet_{name}", words, labels, registry=self._registry)

    def _gauge(self, name: str, words: str, *labels: str) -> Gauge:
        return Gauge(f"tsernet_{name}", words, labels, registry=self._registry)

    def _histogram(self, name: str, words: str, *labels: str, buckets: Sequence[float] = _SECONDS) -> Histogram:
        return Histogram(f"tsernet_{name}", words, labels, buckets=buckets, registry=self._registry)

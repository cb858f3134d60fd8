"""The service behind the addresses: admission, threads, models, log and figures put together."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import cv2
import numpy as np

from pipelines.serving.desk import Desk
from pipelines.serving.inspecting import Inspection, Wanted, inspect_image, listed, read_map
from pipelines.serving.limits import Admission, Limits, RefusedError
from pipelines.serving.loaded import Loaded
from pipelines.serving.log import InspectionLog
from pipelines.serving.metrics import Metrics
from pipelines.serving.models import Models
from pipelines.serving.reading import Upload, read_body, uploads_of
from tsernet.defects import runs_of_rows
from tsernet.protocol import OperatingPoint


@dataclass
class Service:
    """What the addresses share.

    Attributes:
        models: Answer.
        desk: Computes.
        limits: Hold for every request.
        log: Of inspections; None for none.
        problem: What is wrong with the log, in one line; empty if nothing.
    """

    models: Models
    desk: Desk
    limits: Limits
    log: InspectionLog | None
    metrics: Metrics = field(default_factory=Metrics)
    problem: str = ""

    def __post_init__(self) -> None:
        self._admission = Admission(self.limits)

    async def inspect(self, chunks: AsyncIterator[bytes], headers: Any, role: str, wanted: Wanted, lenient: bool) -> tuple[int, bytes]:
        """Answer /v1/inspect.

        Args:
            chunks: Of the body.
            headers: Of the request.
            role: Of the model.
            wanted: Beyond the verdict.
            lenient: Whether to answer 200 even if no image could be inspected.
        Returns:
            HTTP's status and JSON. Of several images the answer names those that could not be inspected; if none could be, its status is
            the first one's.
        """
        with self._admission.enter() as ticket:
            body = await read_body(chunks, headers.get("content-length"), self.limits, ticket)
            model = self.models.get(role)
            uploads = await self.desk.run(partial(uploads_of, headers.get("content-type", ""), body, self.limits))
            del body
            found = await asyncio.gather(*(self._one(upload, model, role, wanted) for upload in uploads))
        failed = [status for status, _ in found if status]
        if len(failed) == len(found) and not lenient:
            first = json.loads(found[0][1])
            return failed[0], json.dumps({key: first[key] for key in ("detail", "code") if key in first}).encode()
        described = json.dumps({"role": role, **model.described()})
        return 200, f'{{"model": {described}, "images": [{", ".join(text for _, text in found)}]}}'.encode()

    async def defects(self, chunks: AsyncIterator[bytes], headers: Any, role: str, threshold: float, min_area: float | None) -> bytes:
        """Answer /v1/defects: list what a map shows from a threshold on, without the network."""
        model = self.models.get(role)
        least = model.min_area if min_area is None else min_area

        def work(body: bytes) -> bytes:
            saliency = read_map(body, self.limits)
            # The bytes themselves: 8 bits are what a map has, and rounding of a quotient must not move its edge.
            runs = runs_of_rows(saliency.astype(np.float32) / np.float32(255), (OperatingPoint(threshold).level - 0.5) / 255.0)
            rows, total = listed(runs, saliency.shape, least, model.pixel_mm, self.limits.defects)
            return json.dumps({"threshold": threshold, "min_area": least, "defects_total": total, "defects": rows}).encode()

        return await self._of_map(chunks, headers, work)

    async def annotations(self, chunks: AsyncIterator[bytes], headers: Any, name: str, threshold: float, min_area: float) -> bytes:
        """Answer /v1/annotations: what a map shows from a threshold on, as a file of LabelMe."""

        def work(body: bytes) -> bytes:
            from tsernet.annotations.export import ExportOptions, labelme_of

            saliency, level = read_map(body, self.limits), OperatingPoint(threshold).level
            _, labels, boxes, _ = cv2.connectedComponentsWithStats((saliency >= level).astype(np.uint8), connectivity=8)
            kept = boxes[:, cv2.CC_STAT_AREA] >= min_area
            kept[0] = False
            if kept.sum() > self.limits.defects:
                raise RefusedError(422, f"{kept.sum()} defects, expected at most {self.limits.defects}; raise threshold or min_area")
            large = np.where(kept[labels], saliency, 0).astype(np.uint8)
            return json.dumps(labelme_of(large, name, ExportOptions(threshold=level)), ensure_ascii=False, indent=1).encode()

        return await self._of_map(chunks, headers, work)

    def health(self) -> dict[str, Any]:
        """Say whether it answers, and what is wrong."""
        problems = "; ".join(one for one in (self.models.problem, self.problem) if one)
        if self.models.slots["champion"].current is None:
            return {"status": "no-model", "problem": problems}
        return {"status": "degraded", "problem": problems} if problems else {"status": "ok"}

    def scrape(self) -> bytes:
        """Give Prometheus what it asks for."""
        self.metrics.inside.set(self._admission.inside)
        self.metrics.healthy.set(self.health()["status"] == "ok")
        self.metrics.model.clear()
        for role, slot in self.models.slots.items():
            if slot.current is not None:
                self.metrics.model.labels(role, slot.current.name, slot.current.weights_sha256).set(1)
        return self.metrics.text()

    async def _of_map(self, chunks: AsyncIterator[bytes], headers: Any, work: Any) -> bytes:
        kind = headers.get("content-type", "")
        if kind.partition(";")[0].strip().lower() != "image/png":
            raise RefusedError(415, f"the body is {kind[:60] or 'of no named kind'}, expected image/png: a map as /v1/inspect gives it")
        with self._admission.enter() as ticket:
            body = await read_body(chunks, headers.get("content-length"), self.limits, ticket)
            answer: bytes = await self.desk.run(partial(work, body))
            return answer

    async def _one(self, upload: Upload, model: Loaded, role: str, wanted: Wanted) -> tuple[int, str]:
        """Inspect one image: 0 and what was found as JSON, or a status and why not."""
        try:
            return 0, await self.desk.run(partial(self._work, upload, model, role, wanted))
        except RefusedError as refused:
            self.metrics.refused.labels(str(refused.status)).inc()
            content = {"name": upload.name, "status": refused.status, **refused.content()}
            content["detail"] = f"{upload.name}: {refused.sentence}"
            return refused.status, json.dumps(content)

    def _work(self, upload: Upload, model: Loaded, role: str, wanted: Wanted) -> str:
        found = inspect_image(upload, model, wanted, self.limits)
        self.metrics.images.labels(role, found.verdict).inc()
        self.metrics.image_seconds.labels(role).observe(found.seconds)
        self.metrics.defects.labels(role).inc(found.total)
        self._note(found, role, model, upload)
        return json.dumps(found.described(wanted))

    def _note(self, found: Inspection, role: str, model: Loaded, upload: Upload) -> None:
        if self.log is None:
            return
        try:
            self.log.add(found, role, model, hashlib.sha256(upload.content).hexdigest())
            self.problem = ""
        except (OSError, sqlite3.Error) as error:  # a full disk must not stop the plant's inspection, and is said wherever one looks
            self.metrics.log_failures.inc()
            problem = f"the inspection log cannot be written ({' '.join(str(error).split())[:200]})"
            if problem != self.problem:
                print(f"serve: {problem}: {self.log.file}", file=sys.stderr, flush=True)
            self.problem = problem

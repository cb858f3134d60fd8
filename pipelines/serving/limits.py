"""What a request may cost, and the sentence for one that would cost more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field


class RefusedError(Exception):
    """A request, or one image of it, that gets a status and one sentence instead of an answer.

    Args:
        status: HTTP's.
        sentence: What was given and what was expected.
        code: A word that a program can tell the reason by.
        headers: More of the answer.
    """

    def __init__(self, status: int, sentence: str, code: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.code, self.headers = status, sentence, code, dict(headers or {})

    def content(self) -> dict[str, str]:
        """Give what the answer says."""
        return {"detail": self.sentence} | ({"code": self.code} if self.code else {})


@dataclass(frozen=True)
class Limits:
    """Of a request and of all together.

    Attributes:
        body_bytes: Of one request.
        bodies_bytes: Of all requests that are in memory at once.
        images: In one request.
        pixels: Of one image, known from its header before anything is decoded.
        requests: In work or waiting at once.
        read_seconds: Until a request's body must have arrived.
        wait_seconds: That an image may wait for a free core.
        work_seconds: That one image may take.
        defects: Listed of one image; the largest are.
    """

    body_bytes: int = 64 * 2**20
    bodies_bytes: int = 256 * 2**20
    images: int = 64
    pixels: int = 50_000_000
    requests: int = 32
    read_seconds: float = 30.0
    wait_seconds: float = 120.0
    work_seconds: float = 120.0
    defects: int = 1000


class BusyError(RefusedError):
    """There is no room now, and there will be."""

    def __init__(self, sentence: str) -> None:
        super().__init__(429, sentence, "busy", {"Retry-After": "1"})


@dataclass
class Admission:
    """Counts the requests that are in, and their bytes. For one event loop: nothing in it may be called by another thread."""

    limits: Limits
    inside: int = 0
    held: int = 0

    @contextmanager
    def enter(self) -> Iterator[Ticket]:
        """Let a request in until the context ends.

        Raises:
            BusyError: If too many are in.
        """
        if self.inside >= self.limits.requests:
            raise BusyError(f"{self.inside} requests are being worked on, the most at once; try again in a second")
        self.inside += 1
        ticket = Ticket(self)
        try:
            yield ticket
        finally:
            self.inside -= 1
            self.held -= ticket.held


@dataclass
class Ticket:
    """One request that is in."""

    of: Admission
    held: int = field(default=0)

    def hold(self, size: int) -> None:
        """Note bytes that the request keeps in memory.

        Raises:
            BusyError: If all requests together would keep too many.
        """
        if self.of.held + size > self.of.limits.bodies_bytes:
            raise BusyError(f"requests of {self.of.held} bytes are being worked on, the most at once; try again in a second")
        self.of.held += size
        self.held += size

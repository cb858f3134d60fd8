"""A request's body as images, in memory: nothing of it is ever written to a disk."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import Message
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, File, MultipartDecoder, NeedData
from werkzeug.sansio.multipart import Field as TextField

from pipelines.serving.limits import Limits, RefusedError, Ticket

EXPECTED = "multipart/form-data with files, or application/json"
_DRAINED = 16
"""Times the limit: so much of a body that is too large is read and dropped, so that its sender gets to read why it was refused."""
_NAME = 255


@dataclass(frozen=True)
class Upload:
    """An image file as it came."""

    name: str
    content: bytes


class JsonImage(BaseModel):
    """An image in JSON."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(max_length=_NAME)] = "image"
    data: Annotated[str, Field(description="The file's bytes, base64")]


class JsonImages(BaseModel):
    """Images in JSON."""

    model_config = ConfigDict(extra="forbid")
    images: Annotated[list[JsonImage], Field(min_length=1)]


async def read_body(chunks: AsyncIterator[bytes], declared: str | None, limits: Limits, ticket: Ticket) -> bytes:
    """Read a body that is neither too large nor too slow.

    Args:
        chunks: As they arrive.
        declared: The header Content-Length.
        limits: In force.
        ticket: Of the request.
    Raises:
        RefusedError: 413 if it is too large, 408 if it does not arrive, 429 if there is no room for it now.
    """
    body, size = bytearray(), 0
    too_large = declared is not None and declared.isdecimal() and int(declared) > limits.body_bytes
    try:
        async with asyncio.timeout(limits.read_seconds):
            async for chunk in chunks:
                size += len(chunk)
                too_large = too_large or size > limits.body_bytes
                if too_large:
                    body.clear()
                    if size > _DRAINED * limits.body_bytes:
                        break
                    continue
                ticket.hold(len(chunk))
                body += chunk
    except TimeoutError:
        raise RefusedError(408, f"the body did not arrive within {limits.read_seconds:g} seconds") from None
    if too_large:
        raise RefusedError(413, f"the body has over {limits.body_bytes} bytes, the most of a request; send fewer images at once")
    return bytes(body)


def uploads_of(content_type: str, body: bytes, limits: Limits) -> list[Upload]:
    """Take a body apart; of a large one this takes a while.

    Raises:
        RefusedError: 415 for another kind of body, 422 for one that is not what its kind says, 413 for too many images.
    """
    kind, boundary = _kind_of(content_type)
    if kind == "multipart/form-data":
        found = _of_multipart(boundary, body, limits)
    elif kind == "application/json":
        found = _of_json(body)
    else:
        raise RefusedError(415, f"the body is {kind or 'of no named kind'}, expected {EXPECTED}")
    if not found:
        raise RefusedError(422, "the body holds no image; expected at least one file")
    if len(found) > limits.images:
        raise RefusedError(413, f"the body holds {len(found)} images, expected at most {limits.images}")
    return found


def _kind_of(content_type: str) -> tuple[str, str]:
    header = Message()
    header["Content-Type"] = content_type.encode("ascii", "replace").decode()
    boundary = header.get_param("boundary", "")
    return (header.get_content_type() if content_type else ""), boundary if isinstance(boundary, str) else ""


def _of_multipart(boundary: str, body: bytes, limits: Limits) -> list[Upload]:
    if not boundary:
        raise RefusedError(422, "multipart/form-data without its boundary")
    decoder = MultipartDecoder(boundary.encode("ascii", "replace"), max_parts=limits.images + 16)
    found: list[Upload] = []
    name, parts = None, bytearray()
    try:
        decoder.receive_data(body)
        decoder.receive_data(None)
        while not isinstance(event := decoder.next_event(), Epilogue | NeedData):
            if isinstance(event, File):
                name = event.filename
            elif isinstance(event, TextField):
                # Options are in the address; an image in a field without a file name is none.
                raise RefusedError(
                    422, f"the form's field {str(event.name)[:60]!r} is no file; options go into the address, such as ?threshold=0.5"
                )
            elif isinstance(event, Data) and name is not None:
                parts += event.data
                if not event.more_data:
                    found.append(Upload(_clean(name), bytes(parts)))
                    name, parts = None, bytearray()
    except RequestEntityTooLarge:
        raise RefusedError(413, f"the body holds over {limits.images} images, the most of a request") from None
    except (ValueError, AttributeError) as error:  # werkzeug's own for bytes that are no form
        raise RefusedError(422, f"the body is no multipart/form-data ({' '.join(str(error).split())[:120]})") from None
    return found


def _of_json(body: bytes) -> list[Upload]:
    try:
        given = JsonImages.model_validate_json(body)
    except ValidationError as error:
        raise RefusedError(422, f"the body is not {{'images': [{{'name': …, 'data': …}}]}}: {first_error(error.errors())}") from None
    found = []
    for index, one in enumerate(given.images):
        try:
            content = base64.b64decode(one.data.removeprefix("data:").partition("base64,")[2] or one.data, validate=True)
        except (binascii.Error, ValueError):
            raise RefusedError(422, f"images.{index}.data is not base64") from None
        found.append(Upload(_clean(one.name), content))
    return found


def first_error(errors: object) -> str:
    """Say pydantic's first complaint in one line: where, and what."""
    assert isinstance(errors, list | tuple)
    first = errors[0]
    place = ".".join(str(part) for part in first["loc"] if part not in ("query", "body"))
    return f"{place}: {first['msg']}" if place else str(first["msg"])


def _clean(name: str) -> str:
    """Keep of a name what can stand in a line of text; it never names a file here."""
    last = name.replace("\\", "/").strip("/")
    text = "".join(one if one.isprintable() else "?" for one in last)
    return text.encode("utf-8", "replace").decode()[-_NAME:] or "image"

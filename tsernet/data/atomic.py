"""Writing: folders that appear whole or not at all, and PNG files."""

from __future__ import annotations

import errno
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tsernet.data.partial import whole_file
from tsernet.errors import UserError

if TYPE_CHECKING:
    from tsernet.images.levels import Samples

_FULL = {errno.ENOSPC: "no space left", errno.EDQUOT: "the quota is used up", errno.EFBIG: "the largest allowed file size is reached"}


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give an empty folder that takes the target's place when the block ends well.

    A stage that fails, is killed or fills the disk so leaves the earlier output as it was. What a killed process left
    behind is removed by the next one.

    Args:
        target: The folder to make or replace; its parents are made.
    Raises:
        UserError: If the disk is full; one line naming the target.
    """
    fresh, former = target.with_name(f".{target.name}.new"), target.with_name(f".{target.name}.old")
    with full_disk_named(target):
        try:
            for leftover in (fresh, former):
                shutil.rmtree(leftover, ignore_errors=True)
            fresh.mkdir(parents=True)
            yield fresh
            if target.exists():
                target.rename(former)
            fresh.rename(target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(former, ignore_errors=True)


def write_whole(target: Path, content: str | bytes | memoryview) -> None:
    """Write a file, text as UTF-8, so that a reader sees the earlier one or this one, never half; its folder is made if need be.

    Raises:
        UserError: If the disk is full.
    """
    with full_disk_named(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(target) as partial:
            partial.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def full_disk_named(target: Path) -> Iterator[None]:
    """Turn a full disk into one line for the user.

    Raises:
        UserError: If the block ran out of disk space, quota or file size.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise UserError(f"{target}: cannot be written, {_FULL[error.errno]}; what was there before is untouched") from None


def png_bytes(pixels: Samples, compress_level: int = 4) -> bytes:
    """Encode uint8 or uint16 pixels, (H, W) or (H, W, 3), as a PNG.

    In memory first: writing through Pillow hides a full disk behind an encoder's error.

    Args:
        pixels: What is encoded.
        compress_level: Of zlib, 0 to 9.
    """
    if pixels.dtype == "uint16" and pixels.ndim == 3:
        # Pillow has no 48-bit colour.
        import imagecodecs

        return bytes(imagecodecs.png_encode(pixels, level=compress_level))
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", compress_level=compress_level)
    return buffer.getvalue()

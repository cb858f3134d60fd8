"""One raw file to pixels by the one decoder, or the reason why not in the words of the manifest."""

from __future__ import annotations

from pathlib import Path

from tsernet.data.links import is_foreign_link
from tsernet.images.decode import Decoded, decode
from tsernet.images.errors import ImageError


class UnusableError(Exception):
    """A file that cannot become a sample: `code: what was found`."""

    def __init__(self, code: str, found: str) -> None:
        super().__init__(f"{code}: {found}")


def decode_file(path: Path, side: str, max_pixels: int) -> Decoded:
    """Decode a file of a raw dataset.

    Args:
        path: The file.
        side: `image` or `mask`, with which the reason's code begins.
        max_pixels: Above this nothing is decoded.
    Raises:
        UnusableError: The reason begins with a code that the validation knows.
    """
    if is_foreign_link(path):
        raise UnusableError(f"{side}-link", f"{path.name} is a symbolic link, expected the file itself")
    try:
        return decode(path, max_pixels)
    except ImageError as error:
        raise unusable(side, path, error) from None


def unusable(side: str, path: Path, error: ImageError) -> UnusableError:
    """Put an image's fault into a reason for the manifest."""
    return UnusableError(f"{side}-{error.code}", f"{path.name} {error.sentence}")

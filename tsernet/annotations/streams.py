"""Large files read in pieces, so that memory grows with the largest piece and not with the file."""

from __future__ import annotations

from typing import BinaryIO

from tsernet.errors import UserError


class InPieces:
    """A file whose pieces, such as the tasks of a list, may each have so many bytes and no more: a parser holds a piece as a whole.

    Args:
        stream: The file.
        most: Bytes of one piece.
        where: Named in the error.
        ahead: So many bytes come before the first piece, and do not count.
    """

    def __init__(self, stream: BinaryIO, most: int, where: str, ahead: int = 0) -> None:
        self._stream, self._most, self._where = stream, most, where
        self._since = -ahead

    def read(self, size: int = -1) -> bytes:
        """Read on.

        Raises:
            UserError: If more was read since the last piece than one may have.
        """
        if self._since > self._most:
            raise UserError(f"{self._where}: one of its entries has more than {self._most} bytes, which is no annotation of an image")
        found = self._stream.read(size)
        self._since += len(found)
        return found

    def next_piece(self) -> None:
        """Say that a piece is complete."""
        self._since = 0

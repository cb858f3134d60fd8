"""Why a file cannot be used as an image."""

from __future__ import annotations


class ImageError(Exception):
    """A file that cannot be used: a short code for tables, and a sentence without the file's name.

    Every way into the project says the same sentence behind its own words for the file.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence

"""Datasets that are masks already, in layouts of their own: MVTec AD and KolektorSDD2. All but 0 is defect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from tsernet.annotations.shapes import Marked, Piece
from tsernet.errors import UserError
from tsernet.images.decode import decode
from tsernet.images.errors import ImageError

_RULE = "mask files: exact pixels, all but 0 is defect"
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")


@dataclass(frozen=True)
class MaskedImage:
    """An image and its mask file; none for an image that is good."""

    file: Path
    name: str
    mask_file: Path | None
    class_name: str

    def draw(self, width: int, height: int) -> Iterator[Marked]:
        """Give the mask as one object; nothing for an empty one."""
        if self.mask_file is None:
            return
        try:
            pixels = decode(self.mask_file).pixels
        except ImageError as error:
            raise UserError(f"{self.mask_file}: {error.sentence}") from None
        marked = pixels > 0 if pixels.ndim == 2 else (pixels > 0).any(axis=2)
        if marked.shape != (height, width):
            raise UserError(f"{self.mask_file}: is {marked.shape[1]}×{marked.shape[0]}, its image {width}×{height}")
        if marked.any():
            yield Marked(self.class_name, Piece(marked))


def read_mvtec(source: Path, images: Path | None, line_width: int | None) -> list[MaskedImage]:
    """List a category of MVTec AD: train/good/, test/TYPE/, ground_truth/TYPE/NAME_mask.png; the type is the class.

    Raises:
        UserError: If it is not laid out so, or a mask is missing.
    """
    if not (source / "test").is_dir() or not (source / "ground_truth").is_dir():
        raise UserError(f"{source}: expected a category of MVTec AD, with test/ and ground_truth/")
    found = []
    for path in sorted(path for part in ("train", "test") for path in (source / part).glob("*/*") if path.suffix.lower() in _SUFFIXES):
        kind, mask = path.parent.name, source / "ground_truth" / path.parent.name / f"{path.stem}_mask.png"
        if kind != "good" and not mask.is_file():
            raise UserError(f"{path}: has no mask {mask}")
        name = path.relative_to(source).with_suffix("").as_posix()
        found.append(MaskedImage(path, name, None if kind == "good" else mask, kind))
    return found


def read_kolektor(source: Path, images: Path | None, line_width: int | None) -> list[MaskedImage]:
    """List KolektorSDD2: train/ and test/, each NAME.png with NAME_GT.png beside it.

    Raises:
        UserError: If it is not laid out so, or a mask is missing.
    """
    files = sorted(path for part in ("train", "test") for path in (source / part).glob("*.png") if not path.stem.endswith("_GT"))
    if not files:
        raise UserError(f"{source}: expected KolektorSDD2, with NAME.png and NAME_GT.png in train/ and test/")
    found = []
    for path in files:
        mask = path.with_name(f"{path.stem}_GT.png")
        if not mask.is_file():
            raise UserError(f"{path}: has no mask {mask.name} beside it")
        found.append(MaskedImage(path, path.relative_to(source).with_suffix("").as_posix(), mask, "defect"))
    return found


mvtec = SimpleNamespace(read=read_mvtec, RULE=_RULE)
kolektor = SimpleNamespace(read=read_kolektor, RULE=_RULE)

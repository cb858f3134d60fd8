"""Public sets of steel in layouts of their own: NEU-Seg, masks of class numbers, and GC10-DET, boxes in Pascal VOC's XML."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np

from tsernet.annotations.shapes import Marked, Piece
from tsernet.annotations.voc import VocImage
from tsernet.errors import UserError

_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
# Nothing in the set names them. 910 of its 4,470 images are images of SD-saliency-900, whose names do: all 307 of inclusions hold a 1, all
# 300 of patches a 2, all 303 of scratches a 3 (https://github.com/DHW-Master/NEU_Seg at da8cebe).
_NEU_CLASSES = ("ground", "inclusion", "patches", "scratches")
_GC10_LABELS = ("lable", "label", "labels", "Annotations")  # the first as it is published
_MOST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class BoxedImage:
    """An image and its XML file; none for an image without an annotation."""

    file: Path
    name: str
    xml_file: Path | None

    def draw(self, width: int, height: int) -> Iterator[Marked]:
        """Fill the boxes: corners counted from 1, both included."""
        for class_name, (left, top, right, bottom) in self._boxes(width, height):
            marked = np.zeros((height, width), dtype=bool)
            marked[max(top - 1, 0) : max(bottom, 0), max(left - 1, 0) : max(right, 0)] = True
            if not marked.any():
                raise UserError(f"{self.xml_file}: the box {left}, {top}, {right}, {bottom} has no pixel in the image of {width}×{height}")
            yield Marked(class_name, Piece(marked))

    def _boxes(self, width: int, height: int) -> list[tuple[str, tuple[int, int, int, int]]]:
        if self.xml_file is None:
            return []
        if self.xml_file.stat().st_size > _MOST_BYTES:
            raise UserError(f"{self.xml_file}: {self.xml_file.stat().st_size} bytes, expected at most {_MOST_BYTES}")
        found = []
        try:
            root = ElementTree.parse(self.xml_file).getroot()
            size = int(root.findtext("size/width", "0")), int(root.findtext("size/height", "0"))
            if size not in ((0, 0), (width, height)):
                raise UserError(f"{self.xml_file}: its image is {width}×{height}, the file says {size[0]}×{size[1]}")
            for one in root.iter("object"):
                corners = [int(float(one.findtext(f"bndbox/{side}", ""))) for side in ("xmin", "ymin", "xmax", "ymax")]
                found.append((one.findtext("name", "").strip() or "defect", (corners[0], corners[1], corners[2], corners[3])))
        except (ElementTree.ParseError, ValueError, OverflowError) as error:
            raise UserError(f"{self.xml_file}: expected Pascal VOC's XML with size and boxes: {type(error).__name__} {error}") from None
        return found


def read_neu_seg(source: Path, images: Path | None, line_width: int | None) -> list[VocImage]:
    """List NEU-Seg: images/training/, images/test/ and masks of the same names in annotations/; 1 inclusion, 2 patches, 3 scratches.

    Raises:
        UserError: If it is not laid out so, or one of a pair is missing.
    """
    root, masks = images or source / "images", source / "annotations"
    if not root.is_dir() or not masks.is_dir():
        raise UserError(f"{source}: expected NEU-Seg, with images/training/ and annotations/training/")
    files = {path.relative_to(root).with_suffix("").as_posix(): path for path in _images_below(root)}
    known = {path.relative_to(masks).with_suffix("").as_posix(): path for path in masks.rglob("*.png") if not path.name.startswith(".")}
    for name in sorted(files.keys() ^ known.keys())[:1]:
        raise UserError(
            f"{known.get(name) or files[name]}: has no {'image' if name in known else 'mask'} in {root if name in known else masks}"
        )
    return [VocImage(path, name, known[name], _NEU_CLASSES) for name, path in files.items()]


def read_gc10(source: Path, images: Path | None, line_width: int | None) -> list[BoxedImage]:
    """List GC10-DET: folders of images, a class each, and one folder with an XML file an image.

    Raises:
        UserError: If it is not laid out so, an image is missing, or images that differ share an XML file.
    """
    root = images or source
    folders = [source / name for name in _GC10_LABELS if (source / name).is_dir()]
    files = _images_below(root)
    if len(folders) != 1 or not files:
        raise UserError(f"{source}: expected GC10-DET, with folders of images and one of {', '.join(_GC10_LABELS)} with XML files")
    by_stem = defaultdict(list)
    for path in files:
        by_stem[path.stem].append(path)
    known = {path.stem: path for path in sorted(folders[0].glob("*.xml"))}
    missing = sorted(known.keys() - by_stem.keys())
    if missing:
        raise UserError(f"{folders[0]}: {missing[0]}.xml has no image in {root}")
    shared = [stem for stem in known if len({path.read_bytes() for path in by_stem[stem]}) > 1]
    if shared:
        raise UserError(
            f"{known[shared[0]]}: is the file of {len(by_stem[shared[0]])} images that differ ({', '.join(map(str, by_stem[shared[0]]))}); "
            f"remove or rename all but one ({len(shared)} names are such)"
        )
    # An image that lies in the folders of two classes is one image.
    return [BoxedImage(paths[0], paths[0].relative_to(root).with_suffix("").as_posix(), known.get(stem)) for stem, paths in by_stem.items()]


def _images_below(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.suffix.lower() in _SUFFIXES and not path.name.startswith("."))


neu_seg = SimpleNamespace(read=read_neu_seg, RULE="mask files: exact pixels, 0 is ground")
gc10 = SimpleNamespace(read=read_gc10, RULE="boxes, filled, corners counted from 1 and included: more is marked than the defects")

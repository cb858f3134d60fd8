"""Which images an exported network is held against PyTorch on."""

from __future__ import annotations

from pathlib import Path

from tsernet.errors import UserError

SPLITS, PREPARED = Path("data/splits"), Path("data/prepared/images")


def choose_images(given: Path | None, part: str, option: str, most: int) -> list[Path]:
    """List images: those that are named, else those of a part of this repository's split; of many, some at even distances.

    Args:
        given: An image, or a folder of them.
        part: `train` or `val`.
        option: That names them, for the message.
        most: So many at most.
    Raises:
        UserError: If there are none.
    """
    from pipelines.commands.predict import list_images

    if given is not None:
        paths = list_images(given, given / ".none")
    else:
        paths = [path for path in _of_split(SPLITS / f"{part}.csv") if path.is_file()]
        if not paths:
            raise UserError(f"no images in {PREPARED} of a split {SPLITS / part}.csv here; {option} FOLDER names real ones")
    step = max(1.0, len(paths) / most)
    return [paths[int(index * step)] for index in range(min(len(paths), most))]


def _of_split(split: Path) -> list[Path]:
    from tsernet.data.samples import read_split

    return [PREPARED / f"{name}.png" for name in read_split(split)] if split.is_file() else []

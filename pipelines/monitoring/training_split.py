"""The images that a model was trained on: in the working copy, or in DVC's cache, where every version's are."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipelines.tracking.provenance import INPUTS, data_digests
from tsernet.data.samples import read_split
from tsernet.errors import UserError

_IMAGES, *_ = INPUTS["prepare"]
(_SPLITS,) = INPUTS["split"]
_TRAIN = "train.csv"


@dataclass(frozen=True)
class TrainingSplit:
    """The training part of a split.

    Attributes:
        digest: Of names and images, as validation wrote it down.
        names: Of the samples.
        read: Gives the PNG of a sample's image, as prepare wrote it.
    """

    digest: str
    names: tuple[str, ...]
    read: Callable[[str], bytes]


def split_here(root: Path) -> TrainingSplit:
    """Take the split of the working copy.

    Raises:
        UserError: If it is not there, or not validated: then it has no digest.
    """
    digest = data_digests(root).get("train", "")
    if not digest:
        raise UserError(f"{root / 'results/validation/summary.json'}: not there or without digests; 'dvc repro validate' makes it")
    names = tuple(read_split(root / _SPLITS / _TRAIN))
    folder = root / _IMAGES

    def read(name: str) -> bytes:
        try:
            return (folder / f"{name}.png").read_bytes()
        except OSError as error:
            raise UserError(f"{folder / name}.png: cannot be read ({error.strerror}); 'dvc checkout' brings it back") from None

    return TrainingSplit(digest, names, read)


def split_of_version(root: Path, model: str, digest: str, inputs: dict[str, str]) -> TrainingSplit:
    """Take the split that a registered version was made from: the working copy's, if it is that, else from DVC's cache.

    Args:
        root: The repository.
        model: The version, for messages.
        digest: Of its training split.
        inputs: DVC's digests of what its training read, by path.
    Raises:
        UserError: If it is in neither.
    """
    if digest and data_digests(root).get("train") == digest:
        return split_here(root)
    cache = _Cache(root)
    splits, images = (cache.listing(inputs.get(path, "")) for path in (_SPLITS, _IMAGES))
    table = splits and cache.file(splits.get(_TRAIN, ""))
    if not table or not images:
        raise UserError(
            f"{model}: the images that it was trained on (split {digest[:12] or 'unknown'}) are neither in the working copy nor in"
            " DVC's cache; bring them with 'dvc exp apply' or 'dvc pull' of the state that it was made from"
        )

    def read(name: str) -> bytes:
        path = cache.file(images.get(f"{name}.png", ""))
        if path is None:
            raise UserError(f"{model}: the image {name}, which it was trained on, is not in DVC's cache; 'dvc pull' may bring it")
        return path.read_bytes()

    return TrainingSplit(digest, tuple(read_split(table)), read)


class _Cache:
    """DVC's cache of a repository, read only: files by their MD5, folders as lists of them."""

    def __init__(self, root: Path) -> None:
        from dvc.config import Config, ConfigError

        try:
            folder = Config(str(root / ".dvc"))["cache"].get("dir") or ".dvc/cache"
        except ConfigError as error:
            raise UserError(f"DVC's settings in {root}: {' '.join(str(error).split())}") from None
        self._folder = (root / folder).resolve() / "files" / "md5"

    def file(self, md5: str) -> Path | None:
        """Find a file; None if it is not there."""
        path = self._folder / md5[:2] / md5[2:]
        return path if md5 and path.is_file() else None

    def listing(self, md5: str) -> dict[str, str]:
        """Read a folder: MD5 by path within; empty if it is not there."""
        path = self.file(md5)
        found = json.loads(path.read_text(encoding="utf-8")) if path else []
        return {str(one["relpath"]): str(one["md5"]) for one in found}

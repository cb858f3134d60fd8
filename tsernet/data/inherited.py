"""What a training takes over from the champion, as the stage `inherit` pins it: the weights to start from, and which samples were which."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tsernet.data.atomic import replacing
from tsernet.data.listed import SAMPLES, read_listed
from tsernet.errors import CheckError, UserError

CHAMPION = "champion"
START, SPLIT = Path("data/inherited/start"), Path("data/inherited/split")
RECORD, WEIGHTS = "record.json", "model.safetensors"
_AGAIN = "'dvc repro --force inherit' pins the champion of now"


@dataclass(frozen=True)
class Start:
    """The weights that a training begins with.

    Attributes:
        model: As a person names it: `models:/tsernet/3`, `shipped` or a file.
        weights_sha256: Digest of the file.
        path: The file.
    """

    model: str
    weights_sha256: str
    path: Path


@dataclass(frozen=True)
class Pin:
    """Which version was champion when `inherit` ran, or which file is named: its URI or name, and the digest of its weights."""

    model: str
    weights_sha256: str


def pin_start(pin: Pin | None, weights: Path | None, folder: Path = START) -> None:
    """Write the champion and a copy of its weights, a file's digest, or that nothing is taken over; equal weights give equal bytes."""
    with replacing(folder) as fresh:
        _write_record(pin, fresh)
        if weights is not None:
            shutil.copyfile(weights, fresh / WEIGHTS)


def pin_split(pin: Pin | None, samples: Path | None, folder: Path = SPLIT) -> None:
    """Write the champion and a copy of its samples.csv, or that nothing is taken over."""
    with replacing(folder) as fresh:
        _write_record(pin, fresh)
        if samples is not None:
            shutil.copyfile(samples, fresh / SAMPLES)


def find_start(name: str, folder: Path = START) -> Start | None:
    """Find the weights that `model.start_from` means.

    Args:
        name: `none`, `champion`, `shipped`, `shipped-paper` or a file.
        folder: Where `inherit` has pinned the champion.
    Returns:
        None for `none`.
    Raises:
        UserError: If there is no such file, or no champion was pinned.
        CheckError: If the pinned weights are not those that were pinned.
    """
    if name == "none":
        return None
    from tsernet.digests import sha256_of
    from tsernet.model_files import require_file
    from tsernet.shipped import SHIPPED_NAMES, shipped_model

    if name == CHAMPION:
        pin = _read_record(folder)
        if pin is None:
            raise UserError(f"{folder}: holds no champion to start from (model.start_from: champion); {_AGAIN}")
        require_file(folder / WEIGHTS)
        found = sha256_of(folder / WEIGHTS)
        if found != pin.weights_sha256:
            raise CheckError(f"{folder / WEIGHTS}: sha256 {found}, but {pin.model} has {pin.weights_sha256}; {_AGAIN}")
        return Start(pin.model, found, folder / WEIGHTS)
    path = shipped_model(name) if name in SHIPPED_NAMES else Path(name)
    require_file(path)
    return Start(name, sha256_of(path), path)


def find_kept(keep: str, folder: Path = SPLIT) -> Mapping[str, str]:
    """Tell which samples keep the part of the split that they had when the champion was made.

    Args:
        keep: The params' `split.keep`.
        folder: Where `inherit` has pinned the lists.
    Returns:
        The part (`train`, `val`, `test`) by the sample's name; empty where nothing is kept, as before the first champion.
    Raises:
        UserError: If nothing was pinned.
    """
    if keep != CHAMPION or _read_record(folder) is None:
        return {}
    return {one.name: one.part for one in read_listed(folder / SAMPLES)}


def _write_record(pin: Pin | None, folder: Path) -> None:
    (folder / RECORD).write_text(json.dumps(asdict(pin) if pin else {}, indent=2) + "\n", encoding="utf-8")


def _read_record(folder: Path) -> Pin | None:
    try:
        content = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{folder / RECORD}: cannot be read ({error.strerror}); {_AGAIN}") from None
    return Pin(**content) if content else None

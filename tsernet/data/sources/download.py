"""Fetch one folder out of a published .tar.gz, trusting nothing in it."""

from __future__ import annotations

import tarfile
import urllib.error
import urllib.request
from pathlib import Path, PurePosixPath

from rich.console import Console
from rich.progress import DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from tsernet.errors import UserError

_TIMEOUT_SECONDS = 60
_BLOCK = 1 << 18
# The published archive unpacks to about 130 MB; what claims to be far larger is not it.
_MOST_BYTES = 2 << 30


def fetch_archive(url: str, folder: str, scratch: Path) -> Path:
    """Download an archive and unpack one folder of it.

    Args:
        url: Of a .tar.gz whose top folder holds `folder`, as GitHub makes them.
        folder: The name to look for on the second level.
        scratch: An empty folder to work in.
    Returns:
        The unpacked folder.
    Raises:
        UserError: If the download fails, the archive is none, or an entry of it leaves the folder or is no plain file.
    """
    archive = scratch / "archive.tar.gz"
    _download(url, archive)
    target = scratch / folder
    target.mkdir()
    try:
        with tarfile.open(archive, "r:gz") as entries:
            _unpack(entries, folder, target, url)
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise UserError(f"{url}: expected a .tar.gz archive ({error})") from None
    archive.unlink()
    return target


def _download(url: str, place: Path) -> None:
    columns = (TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn())
    hint = "set SD_SALIENCY_900 to a folder that holds the dataset to do without the network"
    if not url.startswith(("https://", "http://")):
        raise UserError(f"{url}: expected an http(s) address")
    try:
        with (
            urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer,
            place.open("wb") as out,
            Progress(*columns, console=Console(stderr=True)) as bar,
        ):
            length = int(answer.headers.get("Content-Length") or 0)
            task = bar.add_task("fetching SD-saliency-900", total=length or None)
            while block := answer.read(_BLOCK):
                out.write(block)
                bar.advance(task, len(block))
            if length and out.tell() != length:
                raise UserError(f"{url}: the connection ended after {out.tell()} of {length} bytes; {hint}")
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise UserError(f"{url}: cannot be fetched ({getattr(error, 'reason', error)}); {hint}") from None


def _unpack(entries: tarfile.TarFile, folder: str, target: Path, url: str) -> None:
    unpacked = 0
    for entry in entries:
        path = PurePosixPath(entry.name)
        if path.is_absolute() or ".." in path.parts:
            raise UserError(f"{url}: the entry {entry.name} leaves the folder; nothing was taken from it")
        if len(path.parts) < 3 or path.parts[1] != folder or entry.isdir():
            continue
        if not entry.isreg():
            raise UserError(f"{url}: the entry {entry.name} is a link or a device, expected plain files; nothing was taken from it")
        unpacked += entry.size
        if unpacked > _MOST_BYTES:
            raise UserError(f"{url}: unpacks to over {_MOST_BYTES >> 30} GiB at {entry.name}; nothing was taken from it")
        content = entries.extractfile(entry)
        if content is None:
            raise UserError(f"{url}: the entry {entry.name} has no content")
        place = target.joinpath(*path.parts[2:])
        place.parent.mkdir(parents=True, exist_ok=True)
        with content, place.open("wb") as out:
            while block := content.read(_BLOCK):
                out.write(block)

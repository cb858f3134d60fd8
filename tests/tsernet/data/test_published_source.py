"""SD-saliency-900 from a folder or an archive, checked against known digests (here, of a few files of our own)."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tsernet.config import Dataset, Synthetic
from tsernet.data.sources import acquire, published
from tsernet.errors import UserError

FILES = {
    "Source Images/In_1.bmp": b"first image",
    "Source Images/Pa_1.bmp": b"second image",
    "Ground truth/In_1.png": b"first mask",
    "Ground truth/Pa_1.png": b"second mask",
}
DATASET = Dataset(source="sd-saliency-900", folder="unused", synthetic=Synthetic(per_class=4, size=48, seed=0))


@pytest.fixture(autouse=True)
def _few_known_files(monkeypatch: pytest.MonkeyPatch) -> None:
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    monkeypatch.setattr(published, "known_digests", lambda: digests)
    monkeypatch.delenv("SD_SALIENCY_900", raising=False)
    monkeypatch.delenv("SD_SALIENCY_900_URL", raising=False)


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "copy"
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    monkeypatch.setenv("SD_SALIENCY_900", str(folder))
    return folder


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    folder = tmp_path / "site"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _archive(place: Path, files: dict[str, bytes], extra: Callable[[tarfile.TarFile], None] | None = None) -> None:
    with tarfile.open(place, "w:gz") as archive:
        for name, content in {"README.md": b"hello", **{f"SD-saliency-900/{name}": content for name, content in files.items()}}.items():
            entry = tarfile.TarInfo(f"MCITF-776c590/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        if extra:
            extra(archive)


def test_the_committed_digests_are_those_of_1800_files() -> None:
    text = (Path(published.__file__).parent / "SD-saliency-900.sha256").read_text()
    names = [line.split("  ", 1)[1] for line in text.splitlines()]
    assert len(names) == 1800
    assert {name.split("/")[0] for name in names} == {"Source Images", "Ground truth"}


def test_a_folder_is_taken_as_published(copy: Path, tmp_path: Path) -> None:
    assert acquire(DATASET, tmp_path / "raw") == 4
    assert {path.relative_to(tmp_path / "raw").as_posix(): path.read_bytes() for path in (tmp_path / "raw").rglob("*.*")} == FILES


def test_an_archive_is_taken_as_published(site: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _archive(site[0] / "set.tar.gz", FILES)
    monkeypatch.setenv("SD_SALIENCY_900_URL", f"{site[1]}/set.tar.gz")
    assert acquire(DATASET, tmp_path / "raw") == 4
    assert (tmp_path / "raw/Ground truth/Pa_1.png").read_bytes() == b"second mask"


def _one_byte(copy: Path) -> None:
    (copy / "Ground truth/Pa_1.png").write_bytes(b"second masc")


def _missing(copy: Path) -> None:
    (copy / "Source Images/In_1.bmp").unlink()


def _extra(copy: Path) -> None:
    (copy / "Source Images/In_2.bmp").write_bytes(b"third")


def _link(copy: Path) -> None:
    (copy.parent / "mask").write_bytes(b"second mask")
    (copy / "Ground truth/Pa_1.png").unlink()
    (copy / "Ground truth/Pa_1.png").symlink_to(copy.parent / "mask")


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (_one_byte, "differs from the published file: Ground truth/Pa_1.png"),
        (_missing, "missing: Source Images/In_1.bmp"),
        (_extra, "not the dataset's: Source Images/In_2.bmp"),
        (_link, "is a symbolic link: Ground truth/Pa_1.png"),
    ],
)
def test_what_is_not_as_published_is_named_before_anything_is_written(
    copy: Path, tmp_path: Path, spoil: Callable[[Path], None], named: str
) -> None:
    acquire(DATASET, tmp_path / "raw")
    spoil(copy)
    with pytest.raises(UserError) as error:
        acquire(DATASET, tmp_path / "raw")
    assert str(error.value).endswith(named)
    assert (tmp_path / "raw/Ground truth/Pa_1.png").read_bytes() == b"second mask"


def _climbing(archive: tarfile.TarFile) -> None:
    archive.addfile(tarfile.TarInfo("MCITF-776c590/SD-saliency-900/../../evil.png"), io.BytesIO(b""))


def _absolute(archive: tarfile.TarFile) -> None:
    archive.addfile(tarfile.TarInfo("/tmp/evil.png"), io.BytesIO(b""))


def _linking(archive: tarfile.TarFile) -> None:
    entry = tarfile.TarInfo("MCITF-776c590/SD-saliency-900/Ground truth/evil.png")
    entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
    archive.addfile(entry)


@pytest.mark.parametrize("extra", [_climbing, _absolute, _linking])
def test_an_archive_entry_that_leaves_the_folder_is_refused_by_name(
    site: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extra: Callable[[tarfile.TarFile], None]
) -> None:
    _archive(site[0] / "set.tar.gz", FILES, extra)
    monkeypatch.setenv("SD_SALIENCY_900_URL", f"{site[1]}/set.tar.gz")
    with pytest.raises(UserError, match=r"the entry .*evil\.png"):
        acquire(DATASET, tmp_path / "raw")
    assert not (tmp_path / "raw").exists()
    assert not list(tmp_path.rglob("evil.png"))


def test_a_download_that_cannot_be_used_is_one_line_that_names_the_address(
    site: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _archive(site[0] / "whole.tar.gz", FILES)
    whole = (site[0] / "whole.tar.gz").read_bytes()
    (site[0] / "half.tar.gz").write_bytes(whole[: len(whole) // 2])
    (site[0] / "page.tar.gz").write_text("<html>")
    addresses = [f"{site[1]}/{name}" for name in ("nowhere.tar.gz", "half.tar.gz", "page.tar.gz")] + ["file:///etc/passwd"]
    for address in addresses:
        monkeypatch.setenv("SD_SALIENCY_900_URL", address)
        with pytest.raises(UserError) as error:
            acquire(DATASET, tmp_path / "raw")
        assert str(error.value).startswith(address)
        assert "\n" not in str(error.value)

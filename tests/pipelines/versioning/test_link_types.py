"""A dataset that DVC shows by links into its cache is a dataset of files, whichever `cache.type` a plant uses."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from dvc_clone import add_images

from tsernet.data.prepare import prepare
from tsernet.data.sources.folder import copy_folder
from tsernet.errors import UserError

# DVC in this process, for its start is seconds: it uses what pygtrie deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value")


@pytest.fixture(autouse=True)
def quiet_dvc(caplog: pytest.LogCaptureFixture) -> None:
    """DVC keeps the output of the test that imported it first in this process, which may be closed by now."""
    import dvc.repo  # noqa: F401 - sets its own level

    caplog.set_level(logging.CRITICAL, logger="dvc")


@pytest.fixture
def other_file_system() -> Iterator[Path]:
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        pytest.skip("there is no /dev/shm to write to")
    with tempfile.TemporaryDirectory(prefix="tsernet-", dir=memory) as folder:
        yield Path(folder)


def add(root: Path, link: str, cache: Path | None = None) -> Path:
    """Put a dataset under a real DVC whose cache shows it by one type of link; give the cache."""
    from dvc.exceptions import CacheLinkError
    from dvc.repo import Repo

    add_images(root / "own", 1, 2)
    repository = Repo.init(str(root), no_scm=True)
    with repository.config.edit() as config:
        config["cache"]["type"] = [link]
        if cache is not None:
            config["cache"]["dir"] = str(cache)
    repository.close()
    with Repo(str(root)) as again:
        try:
            again.add([str(root / "own")])
        except CacheLinkError:
            pytest.skip(f"this file system has no {link}s")
    return cache or root / ".dvc/cache"


def require_whole(cache: Path) -> None:
    """Check that no entry of the cache was written to."""
    entries = [path for path in (cache / "files/md5").rglob("*") if path.is_file() and not path.name.endswith(".dir")]
    assert len(entries) == 12
    assert all(hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() == path.parent.name + path.name for path in entries)


@pytest.mark.parametrize("link", ["symlink", "hardlink", "reflink", "copy"])
def test_every_type_of_link_is_a_file(tmp_path: Path, link: str) -> None:
    cache = add(tmp_path, link)
    one = tmp_path / "own/images/In_1.png"
    assert (one.is_symlink(), one.stat().st_nlink > 1) == {"symlink": (True, False), "hardlink": (False, True)}.get(link, (False, False))

    rows = prepare(tmp_path / "own", tmp_path / "prepared", 3, 100_000)
    (tmp_path / "raw").mkdir()
    copy_folder(tmp_path / "own", tmp_path / "raw")

    assert [row.reason for row in rows if not row.usable] == []
    assert not any(path.is_symlink() for room in ("prepared", "raw") for path in (tmp_path / room).rglob("*"))
    require_whole(cache)


def test_a_cache_on_another_file_system_will_do(tmp_path: Path, other_file_system: Path) -> None:
    cache = add(tmp_path, "symlink", other_file_system / "cache")
    assert all(row.usable for row in prepare(tmp_path / "own", tmp_path / "prepared", 3, 100_000))
    require_whole(cache)


def test_a_link_elsewhere_stays_refused(tmp_path: Path) -> None:
    """Also one to a file that is only named like an entry of a cache."""
    add_images(tmp_path / "own", 1, 2)
    one, other = tmp_path / "own/images/In_1.png", tmp_path / "own/images/In_2.png"
    elsewhere, named = tmp_path / "elsewhere.png", tmp_path / "ab" / ("cd" * 15)
    named.parent.mkdir()
    shutil.copyfile(one, elsewhere)
    shutil.copyfile(other, named)
    for link, end in ((one, elsewhere), (other, named)):
        link.unlink()
        link.symlink_to(end)

    rows = {row.name: row for row in prepare(tmp_path / "own", tmp_path / "prepared", 3, 100_000)}

    assert [name for name, row in rows.items() if row.reason.startswith("image-link:")] == ["In_1", "In_2"]
    (tmp_path / "raw").mkdir()
    with pytest.raises(UserError, match="leaves the folder"):
        copy_folder(tmp_path / "own", tmp_path / "raw")

"""A folder of one's own as a source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tsernet.config import Dataset, Synthetic
from tsernet.data.sources import acquire
from tsernet.errors import UserError

Make = Callable[..., Path]


def _dataset(folder: Path, source: str = "folder") -> Dataset:
    return Dataset.model_validate({"source": source, "folder": str(folder), "synthetic": Synthetic(per_class=4, size=48, seed=0)})


def test_images_masks_and_labels_are_copied_and_nothing_else(make_folder: Make, tmp_path: Path) -> None:
    own = make_folder()
    (own / "labels.csv").write_text("name,class\nIn_1,rust\n")
    for stray in ("notes.txt", "images/.DS_Store", "images/Thumbs.db", "images/list.txt"):
        (own / stray).write_text("stray")
    assert acquire(_dataset(own), tmp_path / "raw") == 13
    assert (tmp_path / "raw/labels.csv").read_text() == "name,class\nIn_1,rust\n"
    assert (tmp_path / "raw/images/In_1.png").read_bytes() == (own / "images/In_1.png").read_bytes()


def test_a_copy_replaces_the_former_as_a_whole(make_folder: Make, tmp_path: Path) -> None:
    acquire(_dataset(make_folder()), tmp_path / "raw")
    small = make_folder(1, "other")
    assert acquire(_dataset(small), tmp_path / "raw") == 6
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "own", "raw"]


def _no_folder(own: Path) -> Path:
    return own / "nowhere"


def _no_masks(own: Path) -> Path:
    (own / "masks").rename(own / "labels")
    return own


def _no_image(own: Path) -> Path:
    for path in (own / "images").iterdir():
        path.unlink()
    return own


def _inner_folder(own: Path) -> Path:
    (own / "images/more").symlink_to(own / "masks")
    return own


def _leaving_file(own: Path) -> Path:
    outside = own.parent / "secret.png"
    Image.new("L", (48, 48)).save(outside)
    (own / "images/In_9.png").symlink_to(outside)
    return own


def _leaving_room(own: Path) -> Path:
    (own / "masks").rename(own.parent / "elsewhere")
    (own / "masks").symlink_to(own.parent / "elsewhere")
    return own


def _dangling(own: Path) -> Path:
    (own / "images/In_9.png").symlink_to(own / "images/In_10.png")
    return own


def _label_twice(own: Path) -> Path:
    (own / "labels.csv").write_text("name,class\nIn_1,a\nIn_1.png,b\n")
    return own


def _label_columns(own: Path) -> Path:
    (own / "labels.csv").write_text("image;kind\nIn_1;a\n")
    return own


def _label_bytes(own: Path) -> Path:
    (own / "labels.csv").write_bytes(b"name,class\nIn_1,\xff\xfe\n")
    return own


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (_no_folder, "nowhere is not a folder"),
        (_no_masks, "expected the folders images/ and masks/"),
        (_no_image, "images: holds no image"),
        (_inner_folder, "images/more: is a symbolic link to a folder"),
        (_leaving_file, "images/In_9.png: is a symbolic link that leaves the folder"),
        (_leaving_room, "masks: is a symbolic link that leaves the folder"),
        (_dangling, "images/In_9.png: is a symbolic link to nothing"),
        (_label_twice, "line 3: In_1 comes twice"),
        (_label_columns, "labels.csv: expected the columns name, class"),
        (_label_bytes, "labels.csv: expected a CSV file in UTF-8"),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused_by_name_and_what_was_there_stays(
    make_folder: Make, tmp_path: Path, spoil: Callable[[Path], Path], named: str
) -> None:
    own = make_folder()
    raw = tmp_path / "raw"
    acquire(_dataset(own), raw)
    before = {path: path.read_bytes() for path in raw.rglob("*.png")}
    with pytest.raises(UserError) as error:
        acquire(_dataset(spoil(own)), raw)
    assert named in str(error.value)
    assert "\n" not in str(error.value)
    assert {path: path.read_bytes() for path in raw.rglob("*.png")} == before
    assert not list(tmp_path.glob(".raw*"))


def test_a_link_inside_the_folder_is_followed(make_folder: Make, tmp_path: Path) -> None:
    own = make_folder()
    (own / "images/In_3.png").symlink_to("In_1.png")
    acquire(_dataset(own), tmp_path / "raw")
    assert not (tmp_path / "raw/images/In_3.png").is_symlink()
    assert (tmp_path / "raw/images/In_3.png").read_bytes() == (own / "images/In_1.png").read_bytes()


def test_the_synthetic_set_is_the_same_whole_or_as_the_start_of_a_larger_one(tmp_path: Path) -> None:
    dataset = _dataset(tmp_path, "synthetic")
    assert acquire(dataset, tmp_path / "four") == 24
    larger = dataset.model_copy(update={"synthetic": Synthetic(per_class=25, size=48, seed=0)})
    assert acquire(larger, tmp_path / "many") == 150
    for path in (tmp_path / "four").rglob("*.png"):
        assert path.read_bytes() == (tmp_path / "many" / path.relative_to(tmp_path / "four")).read_bytes()

"""A mill for the drills of the loop after registration: its repository, its first images, and the person who corrects annotations."""

from __future__ import annotations

from pathlib import Path

from dvc_clone import Clone, add_images

from tsernet.annotations.export import ExportOptions, MapFile, export_annotations


def make_mill(clone: Path, folder: Path) -> Clone:
    """Clone a repository into `folder`/mill, with 36 images of a camera's first weeks and small params."""
    made = Clone(folder / "mill")
    Clone(folder).git("clone", "-q", str(clone), "mill")
    made.git("config", "user.name", "Person")
    made.git("config", "user.email", "person@example.org")
    made.params(dataset__source="folder", split__method="stratified", split__keep="champion", variants=["full"], train__iterations=30)
    made.params(train__clean_share=0.0, operate__rule="none")
    made.commit("Our images")
    add_images(made.root / "data/own", 1, 12)
    return made


def correct_annotations(project: Path, masks: Path) -> None:
    """Correct every annotation of a review to the true mask, as the person does."""
    maps = [MapFile(path.stem, masks / f"{path.stem}.png", path) for path in sorted((project / "images").iterdir())]
    folder = project / "annotations"
    export_annotations("labelme", maps, project / "images", folder, folder, ExportOptions(128, 0.0, "defect"), lambda: None)

"""Label Studio's JSON: brushes exactly, percent as edges; what is malformed leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tsernet.annotations import ImportOptions, import_dataset, label_studio
from tsernet.annotations.brush import from_brush
from tsernet.errors import UserError

WIDTH, HEIGHT = 50, 40


def silent(done: int, total: int) -> None:
    """Show nothing."""


def packed(*fields: tuple[int, int]) -> list[int]:
    """Pack numbers of so many bits each into bytes."""
    text = "".join(f"{value:0{size}b}" for value, size in fields)
    return [int(text[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(text), 8)]


def head(words: int, word: int = 8) -> tuple[tuple[int, int], ...]:
    """Give the beginning of a code whose lengths have 3, 4, 8 or 16 bits."""
    return ((words, 32), (word - 1, 5), (2, 4), (3, 4), (7, 4), (15, 4))


def region(kind: str, value: dict[str, Any], label: str = "scratch", **more: Any) -> dict[str, Any]:
    return {
        "original_width": WIDTH,
        "original_height": HEIGHT,
        "image_rotation": 0,
        "value": value | {kind: [label]},
        "id": "x",
        "from_name": "label",
        "to_name": "image",
        "type": kind,
        "origin": "manual",
    } | more


def export_file(folder: Path, *regions: dict[str, Any], image: str = "/data/upload/1/0123abcd-coil_7.png", **task: Any) -> Path:
    """Write an export of two tasks, the second without a region."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for name in ("coil 7.png", "empty.png"):
        Image.fromarray(np.full((HEIGHT, WIDTH), 90, np.uint8)).save(folder / "images" / name)
    tasks = [
        {"id": 11, "data": {"image": image, "line": "3"}, "annotations": [{"id": 1, "was_cancelled": False, "result": list(regions)}]}
        | task,
        {"id": 12, "data": {"image": "/data/local-files/?d=mill/empty.png"}, "annotations": []},
    ]
    (folder / "export.json").write_text(json.dumps(tasks), encoding="utf-8")
    return folder / "export.json"


def drawn(folder: Path, *regions: dict[str, Any], image: str = "/data/upload/1/0123abcd-coil_7.png", **options: Any) -> Any:
    import_dataset("label-studio", export_file(folder, *regions, image=image), folder / "own", ImportOptions(**options), silent)
    return np.array(Image.open(folder / "own/masks/coil 7.png")) > 0


@pytest.mark.parametrize(
    "image",
    [
        "/data/upload/1/0123abcd-coil_7.png",
        "/data/upload/1/0123abcd-coil%207.png",
        "/data/local-files/?d=mill/coil%207.png",
        "s3://bucket/mill/coil 7.png",
        "https://host.example/mill/coil%207.png?token=a.b",
    ],
)
def test_percents_are_edges_and_images_are_found_by_their_address(tmp_path: Path, image: str) -> None:
    found = drawn(
        tmp_path,
        region("polygonlabels", {"points": [[10, 10], [30, 10], [30, 12.5], [10, 12.5]], "closed": True}),
        region("polygonlabels", {"points": [[90, 90], [120, 90], [120, 120], [90, 120]], "closed": True}),  # leaves the image
        region("rectanglelabels", {"x": 50, "y": 50, "width": 20, "height": 10, "rotation": 90}),
        image=image,
    )
    wanted = np.zeros((HEIGHT, WIDTH), bool)
    wanted[4, 5:15], wanted[36:, 45:], wanted[20:30, 21:25] = True, True, True
    assert (found == wanted).all()


def test_an_ellipse_and_an_open_polygon(tmp_path: Path) -> None:
    line = region("polygonlabels", {"points": [[10, 51.25], [80, 51.25]], "closed": False})
    with pytest.raises(UserError, match="holds an open polygon, which has no width of its own"):
        drawn(tmp_path, line)
    found = drawn(tmp_path, line, region("ellipselabels", {"x": 50, "y": 20, "radiusX": 20, "radiusY": 10, "rotation": 0}), line_width=1)
    assert found[20, 5:40].all()
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    ellipse = ((x - 25) / 10) ** 2 + ((y - 8) / 4) ** 2 <= 1
    assert (found[:15] == ellipse[:15]).mean() > 0.998


def test_a_brush_is_read_to_the_bit(tmp_path: Path) -> None:
    count = 4 * WIDTH * HEIGHT
    # 100 opaque pixels: a run of 400, then single words across the bytes, then nothing up to the end.
    code = packed(
        *head(count),
        (1, 1),
        (3, 2),
        (399, 16),
        (255, 8),
        (0, 1),
        (0, 2),
        (3, 3),
        (1, 8),
        (2, 8),
        (3, 8),
        (4, 8),
        (1, 1),
        (3, 2),
        (count - 405, 16),
        (0, 8),
    )
    wanted = np.zeros(WIDTH * HEIGHT, bool)
    wanted[:101] = True
    assert (drawn(tmp_path, region("brushlabels", {"format": "rle", "rle": code})).ravel() == wanted).all()


@pytest.mark.parametrize(
    ("code", "named"),
    [
        (packed(*head(2**32 - 1), (1, 1)), "holds 4294967295 words of 8 bits, expected 8000 of 8"),
        (packed(*head(8000, word=16), (1, 1)), "holds 8000 words of 16 bits"),
        (packed(*head(8000), (1, 1), (3, 2), (7000, 16), (255, 8)), "ends too early"),
        (packed(*head(8000), (0, 1), (3, 2), (7999, 16), (255, 8)), "ends too early"),
        (packed(*head(8000), (1, 1), (3, 2), (8000, 16), (255, 8)), "holds more than its 8000 bytes"),
        ([1, 2, 3], "ends within its head"),
    ],
)
def test_a_brush_that_lies_about_its_length_is_refused_before_it_is_drawn(code: list[int], named: str) -> None:
    with pytest.raises(UserError, match=named):
        from_brush(bytes(code), WIDTH, HEIGHT, "a.json")


BOX = region("rectanglelabels", {"x": 50, "y": 50, "width": 20, "height": 10, "rotation": 0})


def test_cancelled_and_second_annotations(tmp_path: Path) -> None:
    one = {"id": 1, "was_cancelled": False, "result": [BOX, {"type": "choices", "value": {"choices": ["deep"]}}]}
    report = import_dataset(
        "label-studio", export_file(tmp_path, annotations=[one, one | {"was_cancelled": True}]), tmp_path / "own", ImportOptions(), silent
    )
    assert (report.images, report.unannotated, report.objects, report.classes) == (1, 1, 1, {"scratch": 1})
    with pytest.raises(UserError, match="task 11: has 2 annotations; set one as ground truth"):
        import_dataset("label-studio", export_file(tmp_path, annotations=[one, one]), tmp_path / "two", ImportOptions(), silent)
    source = export_file(tmp_path, annotations=[one, one | {"result": [], "ground_truth": True}])
    report = import_dataset("label-studio", source, tmp_path / "three", ImportOptions(unannotated="clean"), silent)
    assert report.objects == 0


@pytest.mark.parametrize(
    ("regions", "task", "named"),
    [
        ([region("brushlabels", {"rle": [1, 2, 300]})], {}, "a brush without its rle, a list of bytes"),
        ([region("polygonlabels", {"points": [[1, 2], [3]]})], {}, "points as pairs of percent"),
        ([region("polygonlabels", {"points": [[1, 2], [3, 4]]})], {}, "three points or more"),
        ([region("polygonlabels", {"points": [[1, 2], [3, 4], [1e9, 5]]})], {}, "lies far outside the image"),
        ([region("keypointlabels", {"x": 1, "y": 2})], {}, "holds keypointlabels; expected polygons, brushes"),
        ([BOX | {"original_width": 99}], {}, "its image is 50×40, the region says 99×40"),
        ([BOX | {"image_rotation": 90}], {}, "turned by 90°"),
        ([BOX | {"value": BOX["value"] | {"rectanglelabels": []}}], {}, r"the labels \[\], expected one"),
        ([BOX], {"data": {"image": "/data/upload/1/none.png"}}, "'none.png' is not in"),
        ([BOX], {"data": {"image": "/data/local-files/?d=../../secret.png"}}, "leaves the folder"),
        ([BOX], {"data": {"text": "coil 7"}}, "has 0 images, expected one"),
        ([BOX], {"data": "coil 7"}, "export as JSON"),
    ],
)
def test_malformed_exports_are_one_line_and_nothing_is_written(tmp_path: Path, regions: Any, task: Any, named: str) -> None:
    source = export_file(tmp_path, *regions, **task)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError, match=named) as caught:
        import_dataset("label-studio", source, tmp_path / "own", ImportOptions(), silent)
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_task_that_never_ends_is_not_read_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_studio, "_MOST_BYTES", 2**20)
    source = export_file(tmp_path, BOX)
    with source.open("w") as file:
        file.write('[{"data": {"image": "a.png"}, "annotations": [{"result": [{"value": {"rle": [')
        file.write("0, " * 500_000)
    with pytest.raises(UserError, match="one of its entries has more than 1048576 bytes"):
        import_dataset("label-studio", source, tmp_path / "own", ImportOptions(), silent)


@pytest.mark.parametrize(("content", "named"), [("[{", "not JSON"), ("{}", "lists no task"), ("[1]", "export as JSON"), ("", "not JSON")])
def test_what_is_no_export_is_one_line(tmp_path: Path, content: str, named: str) -> None:
    source = export_file(tmp_path, BOX)
    source.write_text(content)
    with pytest.raises(UserError, match=named):
        import_dataset("label-studio", source, tmp_path / "own", ImportOptions(), silent)


def test_tasks_of_predictions_that_nobody_has_submitted_are_named(tmp_path: Path) -> None:
    """`tsernet annotations --format label-studio` writes such tasks; what a person has seen is in the project's export."""
    (tmp_path / "tasks.json").write_text(json.dumps([{"data": {"image": "a.png"}, "predictions": [{"result": []}]}]))
    with pytest.raises(UserError, match=r"tasks\.json: holds predictions; import them into Label Studio, submit them there"):
        import_dataset("label-studio", tmp_path / "tasks.json", tmp_path / "own", ImportOptions(images=tmp_path), silent)

"""The files that a mill really has, in every way into the project: prepared, predicted, served and scored alike."""

from __future__ import annotations

import base64
import io
import runpy
import shutil
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tsernet.data.pixels import scale_image
from tsernet.data.prepare import prepare
from tsernet.data.prepare.manifest import Row
from tsernet.errors import UserError
from tsernet.images.decode import decode
from tsernet.images.errors import ImageError
from tsernet.images.levels import Levels, to_8bit
from tsernet.images.masks import DEFAULT_RULE, MaskRule
from tsernet.metrics import score_folder
from tsernet.metrics.files import read_grey
from tsernet.tiles import open_rows

REFUSED = "holds 2 images, expected one"
TWELVE, SIXTEEN = Levels(0, 4095), Levels(0, 65535)
LEVELS = {"camera12": TWELVE, "twelve_in_sixteen": TWELVE, "sixteen": SIXTEEN, "white_is_zero16": SIXTEEN}
RULES = {
    "zero_one": MaskRule(values="nonzero"),
    "instances": MaskRule(values="nonzero"),
    "voc": MaskRule(values=(1,)),
    "soft": MaskRule(threshold=128),
    "jpeg_mask": MaskRule(threshold=128),
    "suffix": MaskRule(suffix="_mask"),
}


@pytest.fixture(scope="module")
def cases(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of make_cases.py: images/, masks/, expected.csv."""
    out = tmp_path_factory.mktemp("cases")
    runpy.run_path(str(shared / "cases/make_cases.py"))["files"](out)
    return out


@pytest.fixture(scope="module")
def expected(cases: Path) -> pd.DataFrame:
    return pd.read_csv(cases / "expected.csv").set_index("name")


@pytest.fixture(scope="module")
def scene(shared: Path) -> tuple[Any, Any]:
    """The image and the mask that all files were made from: uint8, 0 and 255."""
    data = shared / "data/SD-saliency-900"
    image, mask = (np.asarray(Image.open(data / name).convert("L")) for name in ("Source Images/Sc_20.bmp", "Ground truth/Sc_20.png"))
    return image[:, :150], np.where(mask[:, :150] > 127, 255, 0).astype(np.uint8)


@pytest.fixture(scope="module")
def prepared(cases: Path, expected: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Row, Path]]:
    """Every case prepared, alone and under its own rule: its row of the manifest, and the folder."""
    found = {}
    for name in expected.index:
        root = tmp_path_factory.mktemp(name)
        for room in ("images", "masks"):
            (root / "raw" / room).mkdir(parents=True)
            for path in (cases / room).glob(f"{name}*"):
                if path.stem in (name, f"{name}_mask"):
                    shutil.copyfile(path, root / "raw" / room / path.name)
        rule = RULES.get(name, DEFAULT_RULE)
        (row,) = prepare(root / "raw", root / "prepared", 3, 100_000, masks=rule, has_levels=name in LEVELS)
        found[name] = (row, root / "prepared")
    return found


def file_of(cases: Path, name: str) -> Path:
    return next((cases / "images").glob(f"{name}.*"))


class Recorder:
    """Stands where the network does, and keeps what it was given."""

    batch_size = 1

    def __init__(self, levels: Levels | None) -> None:
        self.levels = levels
        self.seen: list[Any] = []

    def predict(self, images: list[Any]) -> list[Any]:
        self.seen += images
        return [np.zeros(image.shape[:2], dtype=np.float32) for image in images]


def predicted(path: Path, levels: Levels | None, out: Path) -> tuple[list[Any], list[str]]:
    from pipelines.map_files import write_maps

    recorder: Any = Recorder(levels)
    bad = write_maps({path: out / "map.png"}, recorder, 1, 100_000)
    return recorder.seen, bad


def served(path: Path, levels: Levels | None) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pipelines.registry.pyfunc_model import read_input
    table = pd.DataFrame({"image": [path.read_bytes(), base64.b64encode(path.read_bytes()).decode()]})
    (raw, text), _ = read_input(table, levels)
    np.testing.assert_array_equal(raw, text)
    return raw


def grey(pixels: Any) -> Any:
    return np.asarray(Image.fromarray(pixels).convert("L"))


def test_every_way_in_sees_the_same_8_bits(
    cases: Path, expected: pd.DataFrame, prepared: dict[str, tuple[Row, Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tsernet.tiles.rows.WINDOWED_FROM", 0)
    for name, wanted in expected.drop("pages").iterrows():
        path, levels = file_of(cases, str(name)), LEVELS.get(str(name))
        row, folder = prepared[str(name)]
        assert row.usable, row.reason
        trained = to_8bit(decode(folder / "images" / f"{name}.png").pixels, levels)
        (seen,), bad = predicted(path, levels, tmp_path)
        assert (bad, trained.shape[:2]) == ([], (wanted.upright_height, wanted.upright_width)), name
        np.testing.assert_array_equal(seen, trained, err_msg=str(name))
        np.testing.assert_array_equal(served(path, levels), trained, err_msg=str(name))
        np.testing.assert_array_equal(read_grey(path, levels), grey(trained), err_msg=str(name))
        with open_rows(path, levels) as source:  # as `inspect` and the strip's predict read; TIFFs piece by piece
            rows = [source.rows(top, min(top + 7, source.height)) for top in range(0, source.height, 7)]
        np.testing.assert_array_equal(np.concatenate(rows), trained, err_msg=str(name))


def test_the_scene_is_what_it_was_in_all_lossless_files(cases: Path, scene: tuple[Any, Any]) -> None:
    for name in ("camera12", "twelve_in_sixteen", "sixteen", "white_is_zero16", "white_is_zero8", "opaque", "clean"):
        pixels = grey(to_8bit(decode(file_of(cases, name)).pixels, LEVELS.get(name)))
        # 12 bits hold the scene times 16, of which 4095 is white: up to one level off.
        assert np.abs(pixels.astype(int) - scene[0]).max() <= (1 if "twelve" in name or "12" in name else 0), name
    inputs = [scale_image(to_8bit(decode(file_of(cases, name)).pixels, SIXTEEN), "unit") for name in ("sixteen", "white_is_zero16")]
    for one in inputs:
        assert np.abs(one - scale_image(scene[0], "unit")).max() <= 1 / 255


def test_every_mask_marks_the_defect(scene: tuple[Any, Any], prepared: dict[str, tuple[Row, Path]]) -> None:
    for name, (row, folder) in prepared.items():
        if name == "pages":
            continue
        wanted = scene[1]
        if name == "exif6":
            wanted = np.rot90(wanted, -1)
        if name == "clean":
            wanted = np.zeros_like(wanted)
        found = np.asarray(Image.open(folder / "masks" / f"{name}.png"))
        union = ((found > 0) | (wanted > 0)).sum()
        overlap = 1.0 if not union else float(((found > 0) & (wanted > 0)).sum() / union)
        # A blurred border and a JPEG's ringing move single pixels of it.
        assert overlap >= (0.95 if name in ("soft", "jpeg_mask") else 1.0), (name, overlap)
        assert (row.mask_between or 0) > 0 if name in ("soft", "jpeg_mask") else row.mask_between == 0, name


def test_without_a_rule_what_is_ambiguous_is_refused_by_the_key_to_set(cases: Path, tmp_path: Path) -> None:
    for room in ("images", "masks"):
        shutil.copytree(cases / room, tmp_path / "raw" / room)
    reasons = {row.name: row.reason for row in prepare(tmp_path / "raw", tmp_path / "prepared", 3, 100_000) if not row.usable}
    keys = {
        "zero_one": "dataset.masks.values",
        "instances": "dataset.masks.values",
        "voc": "dataset.masks.values",
        "soft": "dataset.masks.threshold",
        "jpeg_mask": "dataset.masks.threshold",
        **dict.fromkeys(LEVELS, "dataset.levels"),
        "suffix": "no mask file",
        "suffix_mask": "no image file",
        "pages": REFUSED,
    }
    assert {name: key for name, key in keys.items() if key not in reasons.get(name, "")} == {}, reasons
    assert reasons.keys() == keys.keys()


def test_several_pages_are_refused_on_all_ways_with_one_sentence(
    cases: Path, prepared: dict[str, tuple[Row, Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tsernet.tiles.rows.WINDOWED_FROM", 0)
    path = file_of(cases, "pages")
    row, _ = prepared["pages"]
    with pytest.raises(ImageError) as decoded:
        decode(path)
    seen, bad = predicted(path, None, tmp_path)
    with pytest.raises(UserError) as scored:
        read_grey(path)
    with pytest.raises(Exception, match=REFUSED) as answered:
        served(path, None)
    with pytest.raises(UserError) as by_rows, open_rows(path):
        pass
    assert decoded.value.sentence == REFUSED
    assert str(by_rows.value) == f"{path}: {REFUSED}"
    assert (row.usable, row.reason) == (False, f"image-pages: pages.tif {REFUSED}")
    assert (seen, bad) == ([], [f"{path}: {REFUSED}"])
    assert str(scored.value) == f"{path}: {REFUSED}"
    assert type(answered.value).__name__ == "MlflowException"


def test_a_perfect_map_scores_as_one_whatever_the_mask_file_holds(cases: Path, scene: tuple[Any, Any], tmp_path: Path) -> None:
    for name, rule in RULES.items():
        maps, masks = tmp_path / name / "maps", tmp_path / name / "masks"
        maps.mkdir(parents=True)
        masks.mkdir()
        Image.fromarray(scene[1]).save(maps / f"{name}.png")
        source = next(path for path in (cases / "masks").glob(f"{name}*"))
        shutil.copyfile(source, masks / source.name)
        scores = score_folder(maps, masks, workers=1, rule=rule)
        assert scores.max_f_measure >= (0.96 if name in ("soft", "jpeg_mask") else 1.0 - 1e-9), (name, scores.max_f_measure)


@pytest.mark.slow
@pytest.mark.parametrize("levels", [SIXTEEN, TWELVE])
def test_a_registered_model_answers_as_predict_does_and_its_maps_can_be_scored(
    cases: Path,
    expected: pd.DataFrame,
    prepared: dict[str, tuple[Row, Path]],
    tmp_path: Path,
    levels: Levels,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The network itself: `tsernet predict` with the weights, their MLflow model with the files' bytes, `tsernet score`."""
    import mlflow
    import torch
    from typer.testing import CliRunner

    from pipelines.cli import build_app
    from pipelines.registry.export import export_model
    from tsernet.models import build_tsernet
    from tsernet.weights import save_model, sha256_of

    monkeypatch.setattr(sys, "path", list(sys.path))  # MLflow puts the model's code before all else, for every later test too
    torch.manual_seed(0)
    weights, images, masks = tmp_path / "model.safetensors", tmp_path / "images", tmp_path / "masks"
    save_model(weights, build_tsernet("full", 0.0625), {"resize": "64", "scaling": "unit", "stretch": "true"} | levels.metadata())
    config = {"weights_sha256": sha256_of(weights), "batch_size": 4, "resize": 64, "stretch": True}
    export_model(tmp_path / "model", weights, {}, config, np.zeros((1, 40, 50), dtype=np.uint16))
    images.mkdir()
    masks.mkdir()
    names = [name for name in expected.index if name != "pages" and LEVELS.get(name, levels) == levels]
    for name in names:
        shutil.copyfile(file_of(cases, name), images / file_of(cases, name).name)
        shutil.copyfile(prepared[name][1] / f"masks/{name}.png", masks / f"{name}.png")
    words = ["predict", str(images), "--out", str(tmp_path / "maps"), "--model", str(weights)]
    result = CliRunner().invoke(build_app(), words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    model = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    for name in names:
        answers = model.predict(pd.DataFrame({"image": [file_of(cases, name).read_bytes()]}))
        answer = np.asarray(Image.open(io.BytesIO(base64.b64decode(answers[0]))))
        assert answer.shape == (expected.upright_height[name], expected.upright_width[name]), name
        np.testing.assert_array_equal(answer, np.asarray(Image.open(tmp_path / f"maps/{name}.png")), err_msg=name)
    scores = score_folder(tmp_path / "maps", masks, workers=1)
    assert np.isfinite(scores.mae)

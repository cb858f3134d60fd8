"""Splits: the official rule, and the properties of drawn ones."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsernet.config import Split
from tsernet.data.prepare.manifest import Row
from tsernet.data.splits import make_splits
from tsernet.errors import UserError


def _row(name: str, class_name: str = "a", group: str = "", coverage: float = 0.1, digest: str = "", usable: bool = True) -> Row:
    return Row(
        name,
        class_name,
        group or name,
        usable,
        "" if usable else "image-missing: x",
        "",
        "",
        coverage=coverage,
        image_digest=digest or name,
    )


def _split(**changes: object) -> Split:
    return Split.model_validate({"method": "stratified", "validation": 0.1, "test": 0.4, "seed": 0, "files": "unused", **changes})


def test_the_official_split_is_the_papers() -> None:
    rows = [_row(f"{prefix}_{number}", prefix) for prefix in ("In", "Pa", "Sc") for number in range(1, 301)]
    parts = make_splits(rows, _split(method="official", validation=0.0), "sd-saliency-900")
    assert [len(parts[part]) for part in ("train", "val", "test")] == [540, 0, 360]
    numbers = sorted(int(name.split("_")[1]) for name in parts["test"] if name.startswith("Pa"))
    assert numbers == [*range(61, 101), *range(161, 201), *range(261, 301)]
    shared = make_splits(rows, _split(method="official", validation=0.1), "sd-saliency-900")
    assert shared["test"] == parts["test"]
    assert Counter(name[:2] for name in shared["val"]) == {"In": 18, "Pa": 18, "Sc": 18}


def test_the_synthetic_split_is_three_to_two_and_does_not_move_when_the_set_grows() -> None:
    few, many = ([_row(f"In_{number}") for number in range(1, count + 1)] for count in (20, 45))
    small, large = (make_splits(rows, _split(method="official", validation=0.0), "synthetic") for rows in (few, many))
    assert len(small["test"]) == 8
    assert set(small["test"]) <= set(large["test"])
    assert set(small["train"]) <= set(large["train"])


rows_strategy = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 14), st.floats(0, 1), st.integers(0, 40)), min_size=12, max_size=80
).map(
    lambda drawn: [
        _row(f"s{index}", kind, f"g{group}" if group < 10 else "", coverage, f"d{digest}")
        for index, (kind, group, coverage, digest) in enumerate(drawn)
    ]
)


@settings(max_examples=60, deadline=None)
@given(rows_strategy, st.integers(0, 5))
def test_a_drawn_split_parts_everything_and_keeps_groups_and_duplicates_together(rows: list[Row], seed: int) -> None:
    parts = make_splits(rows, _split(seed=seed), "folder")
    home = {name: part for part, names in parts.items() for name in names}
    assert sorted(home) == sorted(row.name for row in rows)
    assert sum(map(len, parts.values())) == len(rows)
    for key in ("group", "image_digest"):
        homes: dict[str, set[str]] = {}
        for row in rows:
            homes.setdefault(getattr(row, key), set()).add(home[row.name])
        assert all(len(where) == 1 for where in homes.values())
    assert parts == make_splits(rows, _split(seed=seed), "folder")


def test_a_drawn_split_has_the_shares_of_every_class_and_of_small_and_large_defects() -> None:
    rows = [_row(f"{kind}{index}", kind, coverage=index / 200) for kind, count in (("a", 100), ("b", 37)) for index in range(count)]
    parts = make_splits(rows, _split(test=0.4, validation=0.1), "folder")
    test = Counter(name[0] for name in parts["test"])
    assert abs(test["a"] - 40) <= 1
    assert abs(test["b"] - 14.8) <= 1
    assert abs(len(parts["val"]) - 0.1 * (137 - len(parts["test"]))) <= 2
    small = sum(1 for name in parts["test"] if name[0] == "a" and int(name[1:]) < 50)
    assert 17 <= small <= 23
    assert parts != make_splits(rows, _split(test=0.4, validation=0.1, seed=1), "folder")


def _folds(rows: list[Row], count: int, **changes: object) -> list[dict[str, list[str]]]:
    return [make_splits(rows, _split(fold=fold, folds=count, **changes), "folder") for fold in range(1, count + 1)]


@settings(max_examples=30, deadline=None)
@given(rows_strategy, st.integers(0, 5), st.integers(2, 6))
def test_folds_part_the_training_part_and_keep_groups_and_duplicates_together(rows: list[Row], seed: int, count: int) -> None:
    whole = make_splits(rows, _split(seed=seed, validation=0.0), "folder")
    folds = _folds(rows, count, seed=seed)
    assert all(parts["test"] == whole["test"] for parts in folds)
    assert sorted(name for parts in folds for name in parts["val"]) == sorted(whole["train"])
    for parts in folds:
        assert sorted(parts["train"] + parts["val"]) == sorted(whole["train"])
        for key in ("group", "image_digest"):
            kept, chosen = ({getattr(row, key) for row in rows if row.name in set(parts[part])} for part in ("train", "val"))
            assert not kept & chosen


def test_folds_have_one_size_and_the_shares_of_every_class_and_of_small_and_large_defects() -> None:
    rows = [_row(f"{kind}{index}", kind, coverage=index / 200) for kind, count in (("a", 100), ("b", 37)) for index in range(count)]
    folds = _folds(rows, 5, test=0.0)
    assert sorted(len(parts["val"]) for parts in folds) == [27, 27, 27, 28, 28]
    for parts in folds:
        assert 19 <= sum(name[0] == "a" for name in parts["val"]) <= 21
        assert 9 <= sum(name[0] == "a" and int(name[1:]) < 50 for name in parts["val"]) <= 11
    assert folds != _folds(rows, 5, test=0.0, seed=1)
    with pytest.raises(ValueError, match="fold must be none or from 1 to folds"):
        _split(fold=6)


@settings(max_examples=30, deadline=None)
@given(rows_strategy, st.integers(0, 5), st.integers(0, 40))
def test_what_is_kept_stays_where_it_was_whatever_comes_beside_it(rows: list[Row], seed: int, count: int) -> None:
    before = make_splits(rows[:count], _split(seed=seed), "folder")
    kept = {name: part for part, names in before.items() for name in names}
    parts = make_splits(rows, _split(seed=seed + 1), "folder", kept)
    home = {name: part for part, names in parts.items() for name in names}
    assert sorted(home) == sorted(row.name for row in rows)
    assert {name: home[name] for name in kept} == kept


def test_new_images_are_drawn_into_all_parts_and_stay_with_what_they_belong_to() -> None:
    old = [_row(f"s{index}", group=f"coil{index}") for index in range(40)]
    before = make_splits(old, _split(), "folder")
    kept = {name: part for part, names in before.items() for name in names}
    new = [_row(f"n{index}", group=f"new coil{index}") for index in range(40)]
    of_old = [_row(f"same coil as {name}", group=f"coil{name[1:]}") for name in (before["test"][0], before["train"][0])]
    parts = make_splits([*old, *new, *of_old], _split(), "folder", kept)
    assert 14 <= sum(name.startswith("n") for name in parts["test"]) <= 18
    assert sum(name.startswith("n") for name in parts["val"]) >= 1
    assert f"same coil as {before['test'][0]}" in parts["test"]
    assert f"same coil as {before['train'][0]}" in parts["train"]
    with pytest.raises(ValueError, match="keep must be none where method is files"):
        _split(method="files", keep="champion")


def test_unusable_samples_are_in_no_drawn_split() -> None:
    rows = [_row(f"s{index}", usable=index != 3) for index in range(20)]
    assert "s3" not in {name for names in make_splits(rows, _split(), "folder").values() for name in names}


def test_lists_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("class,name\na,s1.bmp\na, s2\n")
    (tmp_path / "test.csv").write_text("\ufeffname\ns3\n", encoding="utf-8")
    parts = make_splits([_row("s1")], _split(method="files", files=str(tmp_path)), "folder")
    assert parts == {"train": ["s1", "s2"], "val": [], "test": ["s3"]}


def test_what_cannot_be_split_is_one_line(tmp_path: Path) -> None:
    rows = [_row(f"s{index}") for index in range(10)]
    (tmp_path / "train.csv").write_text("s1\ns2\n")
    (tmp_path / "test.csv").write_text("name\n")
    cases = [
        (rows, _split(method="official"), "folder", "source folder came with no split"),
        (rows, _split(method="official"), "synthetic", "names such as Pa_101, got s0"),
        (rows, _split(method="files", files="nowhere"), "folder", "nowhere/train.csv: missing"),
        (rows, _split(method="files", files=str(tmp_path)), "folder", "one of them 'name'"),
    ]
    for given_rows, config, source, named in cases:
        with pytest.raises(UserError) as error:
            make_splits(given_rows, config, source)
        assert named in str(error.value)


def test_a_part_for_which_no_sample_is_left_is_empty_and_for_the_validation_to_say() -> None:
    assert make_splits([_row("s", usable=False)], _split(), "folder") == {"train": [], "val": [], "test": []}

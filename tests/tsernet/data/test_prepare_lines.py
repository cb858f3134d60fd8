"""Lines about the manifest as a whole."""

from __future__ import annotations

import pytest

from tsernet.data.prepare import Row, describe_faults, describe_lone_samples


def row(name: str, group: str, reason: str = "") -> Row:
    return Row(name, "scratch", group, usable=not reason, reason=reason, image_file=f"images/{name}.tif", mask_file=f"masks/{name}.png")


def test_a_semicolon_within_the_reason_does_not_end_it() -> None:
    """Pillow's modes have one."""
    reason = "image-depth: a.tif has 16 bits a sample (mode I;16); dataset.levels says how they become 8"
    assert "image-depth: a.tif has 16 bits a sample (mode I;16) (images/a.tif)" in str(describe_faults([row("a", "a", reason)]))


def test_samples_without_a_group_beside_others_are_named() -> None:
    rows = [row("a", "coil1"), row("b", "coil1"), *(row(name, name) for name in "cdef"), row("x", "x", "mask-size: x")]
    said = describe_lone_samples(rows)
    assert said is not None
    assert said.startswith("4 of 6 samples have no group (c, d, e, …)")


@pytest.mark.parametrize("rows", [[row("a", "a"), row("b", "b")], [row("a", "coil1"), row("b", "coil2")], []])
def test_where_all_or_none_have_groups_nothing_is_said(rows: list[Row]) -> None:
    assert describe_lone_samples(rows) is None

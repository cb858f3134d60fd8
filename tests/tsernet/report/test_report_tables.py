"""One table, four forms."""

import csv
from importlib import resources

import pytest

from tsernet.report.published import paper_rows, published_variant
from tsernet.report.tables import MISSING, Column, Row, Spread, Table, to_latex, to_markdown, write_table


@pytest.fixture
def table():
    columns = (Column("name", "method"), Column("f", "max F", 3, "measured"), Column("d", "max F", 3, "difference", signed=True))
    rows = (
        Row({"name": "w/o S_edge & more", "f": Spread(0.8765, 0.0042), "d": -0.0123}),
        Row({"name": "a|b", "f": Spread(0.5), "d": -0.0001}),
        Row({"name": "none", "f": MISSING}),
    )
    return Table("some", "Some", "", columns, rows)


def test_cells_as_a_reader_sees_them(table):
    cells = [[table.text(row, column) for column in table.columns] for row in table.rows]
    assert cells == [["w/o S_edge & more", "0.876 ± 0.004", "−0.012"], ["a|b", "0.500", "0.000"], ["none", "missing", "–"]]
    assert Column("n", "", 0).show(1234567) == "1,234,567"


def test_gaps_have_no_key_to_sort_by(table):
    keys = [[table.sort_key(row, column) for column in table.columns] for row in table.rows]
    assert keys == [["w/o S_edge & more", "0.8765", "-0.0123"], ["a|b", "0.5", "-0.0001"], ["none", "", ""]]


def test_groups_span_their_columns(table):
    assert [(group.label, group.span) for group in table.groups()] == [("", 1), ("measured", 1), ("difference", 1)]
    assert Table("t", "", "", (Column("a", "a"),), ()).groups() == []


def test_markdown_escapes_its_bars(table):
    lines = to_markdown(table).splitlines()
    assert lines[0] == "| method | measured max F | difference max F |"
    assert lines[3] == "| a\\|b | 0.500 | 0.000 |"


def test_latex_escapes_what_it_must(table):
    text = to_latex(table)
    assert "\\begin{tabular}{lrr}" in text
    assert r"w/o S\_edge \& more & 0.876 $\pm$ 0.004 & $-$0.012 \\" in text


def test_csv_holds_figures_in_full_and_the_deviation_beside(table, tmp_path):
    write_table(table, tmp_path)
    rows = list(csv.reader((tmp_path / "some.csv").read_text().splitlines()))
    assert rows[0] == ["name", "f", "f_sd", "d"]
    assert rows[1] == ["w/o S_edge & more", "0.8765", "0.0042", "-0.0123"]
    assert rows[3] == ["none", "missing", "", ""]


def test_the_papers_rows():
    assert [len(paper_rows(table)) for table in ("I", "II", "III")] == [23, 4, 5]
    assert published_variant("full").measures["max_e_measure"] == 0.965
    assert published_variant("no_s_edge").measures == {"s_measure": 0.88, "mae": 0.025, "max_e_measure": None, "max_f_measure": 0.874}
    assert published_variant("other") is None


def test_the_papers_figures_are_those_of_the_reference(shared):
    ours = resources.files("tsernet.report").joinpath("paper_tables.csv").read_text()
    assert ours == (shared / "reference/paper_tables.csv").read_text()

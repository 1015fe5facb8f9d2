import math
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoicing.workbooks.guard import inspect_file
from invoicing.workbooks.reader import Cell, Sheet, UnreadableCell, read_sheets
from invoicing.workbooks.refusal import WorkbookRefused
from tests import hostile_workbooks as files

NOT_AVAILABLE = UnreadableCell("error", "#N/A")


def open_sheets(path: Path) -> list[Sheet]:
    return read_sheets(path, inspect_file(path, max_bytes=50 << 20, max_rows=200_000))


def read_first(path: Path) -> dict[int, list[Cell]]:
    return dict(open_sheets(path)[0].rows())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "workbook.xlsx"


def test_rows_and_columns_have_their_true_places_when_the_sheet_starts_low_and_right(path: Path) -> None:
    files.write_sheet(path, files.row(3, files.cell("C3"), files.cell("E3", 2)) + files.row(5, files.cell("D5", 3)))
    rows = read_first(path)
    assert rows[3] == ["", "", 1.0, "", 2.0]
    assert rows[5] == ["", "", "", 3.0, ""]
    assert not any(any(rows[number]) for number in (1, 2, 4))


def test_merged_ranges_have_their_true_places(path: Path) -> None:
    merged = '<mergeCells><mergeCell ref="C3:F4"/></mergeCells>'
    files.write_sheet(path, files.row(3, files.cell("C3")), after=merged)
    assert open_sheets(path)[0].merged_ranges == [(3, 2, 4, 5)]


def test_error_cells_and_valueless_formulas_are_shown_at_their_places(path: Path) -> None:
    first = files.row(2, files.cell("B2"), '<c r="C2" t="e"><v>#N/A</v></c>', '<c r="D2"><f>B2*1.11</f><v>1.11</v></c>')
    second = files.row(4, '<c r="C4"><f>SUM(A1:A3)&amp;"x"</f></c>', '<c r="H4"><f t="shared" si="0"/><v></v></c>')
    below = files.row(7, '<c r="B7" t="e"><f>NA()</f><v>#N/A</v></c>')
    files.write_sheet(path, first + second + below)
    rows = read_first(path)
    assert rows[2] == ["", 1.0, NOT_AVAILABLE, 1.11]
    assert rows[4][2] == UnreadableCell("formula", '=SUM(A1:A3)&"x"')
    assert rows[4][7] == UnreadableCell("formula", "=")
    assert rows[7][1] == NOT_AVAILABLE
    assert list(rows) == [1, 2, 3, 4, 5, 6, 7]


def test_formula_rows_below_and_above_all_values_are_not_lost(path: Path) -> None:
    formula = '<c r="{}"><f>1</f></c>'
    files.write_sheet(
        path, files.row(1, formula.format("A1")) + files.row(2, files.cell("B2")) + files.row(5, formula.format("C5"))
    )
    rows = read_first(path)
    assert rows[1][0] == rows[5][2] == UnreadableCell("formula", "=1")
    assert list(rows) == [1, 2, 3, 4, 5]


def test_formula_whose_value_is_the_empty_text_is_an_empty_cell(path: Path) -> None:
    files.write_sheet(path, files.row(1, files.cell("A1"), '<c r="B1" t="str"><f>IF(A1=1,"",2)</f><v></v></c>'))
    assert read_first(path)[1] == [1.0, ""]


def test_cells_without_references_keep_their_order(path: Path) -> None:
    cells = '<c><v>1</v></c><c t="e"><v>#N/A</v></c><c/><c t="s"><v>0</v></c>'
    files.write_sheet(path, f"<row>{cells}</row><row/><row>{cells}</row>")
    assert read_first(path) == {
        1: [1.0, NOT_AVAILABLE, "", "teks"],
        2: ["", "", "", ""],
        3: [1.0, NOT_AVAILABLE, "", "teks"],
    }


def test_single_quotes_and_prefixes_hide_nothing(path: Path, tmp_path: Path) -> None:
    files.write_sheet(path, "<row r='2'><c r='B2' t='e'><v>#N/A</v></c><c r='C2'><v>1</v></c></row>")
    assert read_first(path)[2] == ["", NOT_AVAILABLE, 1.0]
    files.write_prefixed(path)
    assert read_first(path)[1] == [1.0, NOT_AVAILABLE, UnreadableCell("formula", "=A1*2")]


def test_numbers_that_are_none_are_floats_that_say_so(path: Path) -> None:
    files.write_not_a_number(path)
    nan, infinite, negative, five = read_first(path)[1]
    assert isinstance(nan, float)
    assert math.isnan(nan)
    assert (infinite, negative, five) == (math.inf, -math.inf, 5.0)


@pytest.mark.parametrize("extra", ["", '<c r="C1" t="e"><v>#REF!</v></c>'])
def test_formatted_rows_below_the_data_are_not_yielded(extra: str, path: Path) -> None:
    formats = "".join(f'<row r="{number}" s="1" customFormat="1"/>' for number in range(3, 60_000))
    files.write_sheet(path, files.row(1, files.cell("A1"), extra) + files.row(2, files.cell("A2")) + formats)
    assert list(read_first(path)) == [1, 2]


def test_hidden_sheets_are_named_and_errors_are_found_in_the_right_sheet(path: Path) -> None:
    writer = files.start_workbook(path, sheets=(("Rahasia &amp; lama", "hidden"), ("Data", "visible")))
    writer.add("xl/worksheets/sheet1.xml", files.SHEET_HEAD + files.row(1, files.cell("A1")) + files.SHEET_TAIL)
    bad = files.row(1, files.cell("A1"), '<c r="B1" t="e"><v>#N/A</v></c>')
    writer.add("xl/worksheets/sheet2.xml", files.SHEET_HEAD + bad + files.SHEET_TAIL)
    writer.close()
    hidden, shown = open_sheets(path)
    assert (hidden.name, hidden.visible, shown.name, shown.visible) == ("Rahasia & lama", False, "Data", True)
    assert dict(hidden.rows()) == {1: [1.0]}
    assert dict(shown.rows()) == {1: [1.0, NOT_AVAILABLE]}


def test_damaged_values_refuse_the_file(path: Path) -> None:
    files.write_sheet(path, files.row(1, '<c r="A1" t="s"><v>999</v></c>'))
    with pytest.raises(WorkbookRefused) as refused:
        read_first(path)
    assert refused.value.code == "workbook_damaged"


def test_empty_sheet_has_no_rows(path: Path) -> None:
    files.write_sheet(path, "")
    assert read_first(path) == {}


def write_normal(path: Path, rows: list[list[Any]]) -> None:
    book = openpyxl.Workbook()
    for values in rows:
        book.active.append(values)  # type: ignore[union-attr]
    book.save(path)


def write_streaming(path: Path, rows: list[list[Any]]) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Data")
    for values in rows:
        sheet.append(values)
    book.save(path)


@pytest.mark.parametrize("write", [write_normal, write_streaming])
def test_openpyxl_workbooks_are_read(write: Callable[[Path, list[list[Any]]], None], path: Path) -> None:
    write(
        path,
        [["No", "Nama", "Tanggal"], [1, "Ma'ruf  ", date(2026, 12, 31)], [2.5, None, "=A2*2"], [True, "#N/A", "x"]],
    )
    assert read_first(path) == {
        1: ["No", "Nama", "Tanggal"],
        2: [1.0, "Ma'ruf  ", date(2026, 12, 31)],
        3: [2.5, "", UnreadableCell("formula", "=A2*2")],
        4: [True, NOT_AVAILABLE, "x"],
    }


kinds = st.sampled_from(["value", "error", "formula", "calculated", "blank", "none"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.lists(kinds, max_size=5)), max_size=6), st.booleans())
def test_any_mix_of_cells_is_read_where_it_stands(
    tmp_path_factory: pytest.TempPathFactory, layout: list[tuple[int, list[str]]], referenced: bool
) -> None:
    xml, expected, number = "", {}, 0
    for gap, cells in layout:
        number += gap
        xml += f'<row r="{number}">'
        for index, kind in enumerate(cells):
            reference = f' r="{"ABCDE"[index]}{number}"' if referenced else ""
            bodies = {
                "value": f"<c{reference}><v>7</v></c>",
                "error": f'<c{reference} t="e"><v>#N/A</v></c>',
                "formula": f"<c{reference}><f>1+1</f></c>",
                "calculated": f"<c{reference}><f>1+6</f><v>7</v></c>",
                "blank": f'<c{reference} s="0"/>',
                "none": "" if referenced else f"<c{reference}/>",
            }
            xml += bodies[kind]
            shown = {
                "error": NOT_AVAILABLE,
                "formula": UnreadableCell("formula", "=1+1"),
                "value": 7.0,
                "calculated": 7.0,
            }
            if kind in shown:
                expected[number, index] = shown[kind]
        xml += "</row>"
    path = tmp_path_factory.mktemp("mix") / "workbook.xlsx"
    files.write_sheet(path, xml)
    seen = {
        (row, column): cell
        for row, cells in open_sheets(path)[0].rows()
        for column, cell in enumerate(cells)
        if cell != ""
    }
    assert seen == expected

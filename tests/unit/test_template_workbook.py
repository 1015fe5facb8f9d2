"""The template holds what it promises, and what a user types into it passes the check without an edit."""

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from invoicing.billers import Module
from invoicing.modules import e_invoice, pintu_kelas
from invoicing.modules.columns import EXAMPLE_SHEET, GUIDE_SHEET, Column, WorkbookSpec
from invoicing.modules.template_workbook import TEMPLATE_VERSION, VERSION_NAME, build_template
from invoicing.texts import text
from invoicing.workbooks.refusal import WorkbookRefused
from upload.check_workbook import check_workbook

SPECS = [e_invoice.SPEC, pintu_kelas.SPEC]


@pytest.fixture(params=SPECS, ids=lambda spec: spec.module.value)
def spec(request: pytest.FixtureRequest) -> WorkbookSpec:
    return request.param


@pytest.fixture
def template(spec: WorkbookSpec) -> Iterator[Workbook]:
    stream = io.BytesIO()
    build_template(spec.module, stream)
    workbook = load_workbook(stream)
    yield workbook
    workbook.close()


def shown(spec: WorkbookSpec) -> list[Column]:
    return [column for column in spec.columns if column.in_template]


def column_cell_format(sheet: Worksheet, index: int) -> str:
    return sheet.column_dimensions[sheet.cell(1, index).column_letter].number_format


def test_template_has_guide_data_and_example_sheets(template: Workbook, spec: WorkbookSpec) -> None:
    assert template.sheetnames == [GUIDE_SHEET, spec.data_sheet, EXAMPLE_SHEET]


def test_every_header_of_the_data_sheet_is_found_again(template: Workbook, spec: WorkbookSpec) -> None:
    headers = [cell.value for cell in template[spec.data_sheet][1]]
    assert [spec.find_column(header) for header in headers] == shown(spec)
    assert [header.endswith(" *") for header in headers] == [column.required for column in shown(spec)]


def test_data_sheet_holds_nothing_below_its_frozen_header(template: Workbook, spec: WorkbookSpec) -> None:
    sheet = template[spec.data_sheet]
    assert sheet.max_row == 1
    assert sheet.freeze_panes == "C2"
    assert sheet.print_title_rows == "$1:$1"


def test_ids_and_phones_are_text_in_rows_that_do_not_exist_yet(template: Workbook, spec: WorkbookSpec) -> None:
    sheet = template[spec.data_sheet]
    formats = {column.key: column_cell_format(sheet, index) for index, column in enumerate(shown(spec), start=1)}
    assert all(formats[column.key] == "@" for column in shown(spec) if column.text_formatted)
    assert formats["amount"] == "#,##0"
    assert formats["due_date"] == "dd/mm/yyyy"
    # A percentage typed into a numeric cell would arrive as 0.1.
    assert formats["discount" if spec.module is Module.PINTU_KELAS else "item_discount"] == "@"


def test_dropdowns_offer_the_choices_and_only_closed_ones_refuse_others(template: Workbook, spec: WorkbookSpec) -> None:
    sheet = template[spec.data_sheet]
    found = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    with_choices = [(index, column) for index, column in enumerate(shown(spec), start=1) if column.choices]
    assert len(found) == len(with_choices)
    for index, column in with_choices:
        letter = sheet.cell(1, index).column_letter
        rule = found[f"{letter}2:{letter}1048576"]
        choices = rule.formula1.strip('"').split(",")
        assert len(choices) == len(column.choices)
        assert column.choices_open or choices == list(column.choices)
        assert rule.showErrorMessage is not column.choices_open
        # Excel's own limit; a longer list makes it "repair" the file.
        assert len(rule.formula1) <= 257


def test_guide_explains_every_column_in_both_languages(template: Workbook, spec: WorkbookSpec) -> None:
    rows = {row[1]: row for row in template[GUIDE_SHEET].iter_rows(values_only=True) if row[1]}
    for column in shown(spec):
        _, _, english, need, rule_id, rule_en, _ = rows[column.header]
        assert english == column.header_en
        assert need.startswith("Ya") is column.required
        assert rule_id == text(f"columns.{spec.module.value}.{column.key}", "id")
        assert rule_en == text(f"columns.{spec.module.value}.{column.key}", "en")


def test_notes_on_headers_name_the_english_column(template: Workbook, spec: WorkbookSpec) -> None:
    for column, cell in zip(shown(spec), template[spec.data_sheet][1], strict=True):
        assert cell.comment is not None
        assert f"{column.header_en}: " in cell.comment.text


def test_examples_show_dates_as_real_dates(template: Workbook, spec: WorkbookSpec) -> None:
    sheet = template[EXAMPLE_SHEET]
    index = [column.key for column in shown(spec)].index("due_date") + 1
    assert isinstance(sheet.cell(2, index).value, datetime)
    assert sheet.max_row >= len(spec.examples) + 1


def test_version_is_hidden_in_the_workbook(template: Workbook, spec: WorkbookSpec) -> None:
    name = template.defined_names[VERSION_NAME]
    assert name.hidden
    assert name.attr_text == f'"{spec.module.value}/{TEMPLATE_VERSION}"'


def test_same_template_has_the_same_bytes(spec: WorkbookSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = io.BytesIO(), tmp_path / "second.xlsx"
    build_template(spec.module, first)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    build_template(spec.module, second)
    assert first.getvalue() == second.read_bytes()
    with zipfile.ZipFile(first) as package:
        assert package.read("docProps/core.xml").count(b">2026-01-01T00:00:00Z<") == 2
    assert len(first.getvalue()) < 40_000


def test_template_holds_no_formula_and_no_code(spec: WorkbookSpec) -> None:
    stream = io.BytesIO()
    build_template(spec.module, stream)
    with zipfile.ZipFile(stream) as package:
        sheets = [package.read(name) for name in package.namelist() if name.startswith("xl/worksheets/sheet")]
        assert len(sheets) == 3
        assert not any(b"<f>" in sheet for sheet in sheets)
        assert not any(name.endswith(".bin") for name in package.namelist())


def check(path: Path, spec: WorkbookSpec) -> tuple[dict[str, Any], bytes]:
    answer = check_workbook(
        {
            "path": str(path),
            "out_dir": str(path.parent),
            "module": spec.module.value,
            "channels": ["email"],
            "today": "2026-11-23",
            "now": "2026-11-23T03:00:00Z",
            "max_rows": 1_000,
            "max_bytes": 1 << 20,
            "last_amounts": None,
        }
    )
    return answer, (path.parent / "issues.ndjson").read_bytes()


def test_untouched_template_is_refused_as_empty(spec: WorkbookSpec, tmp_path: Path) -> None:
    build_template(spec.module, tmp_path / "template.xlsx")
    with pytest.raises(WorkbookRefused) as refused:
        check(tmp_path / "template.xlsx", spec)
    assert (refused.value.code, refused.value.params) == ("empty_sheet", {"sheet": spec.data_sheet})


def test_examples_copied_to_the_data_sheet_pass_whole(template: Workbook, spec: WorkbookSpec, tmp_path: Path) -> None:
    for row in template[EXAMPLE_SHEET].iter_rows(min_row=2, max_row=len(spec.examples) + 1, values_only=True):
        template[spec.data_sheet].append(row)
    template.save(tmp_path / "filled.xlsx")
    answer, issues = check(tmp_path / "filled.xlsx", spec)
    assert b'"error"' not in issues
    assert answer["rows"] == len(spec.examples)
    assert answer["bad_rows"] == 0
    assert answer["sheet"] == spec.data_sheet


def test_template_filled_with_nonsense_blames_the_marked_columns(
    template: Workbook, spec: WorkbookSpec, tmp_path: Path
) -> None:
    """The star that marks a required header does not hide which column it is."""
    template[spec.data_sheet].append(["x"])
    template.save(tmp_path / "filled.xlsx")
    _, issues = check(tmp_path / "filled.xlsx", spec)
    blamed = {record.get("column") for line in issues.splitlines() if (record := orjson.loads(line))["row"] == 2}
    # The first column is filled.
    required = {f"{column.header} *" for column in shown(spec)[1:] if column.required}
    assert required <= blamed

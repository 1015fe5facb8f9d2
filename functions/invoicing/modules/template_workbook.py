"""The downloadable template of a module: guide sheet, data sheet, example sheet.

The same bytes for the same columns and texts, so that a template can be cached and compared.
"""

import re
import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import IO

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from invoicing.billers import Module
from invoicing.modules import e_invoice, pintu_kelas
from invoicing.modules.columns import EXAMPLE_SHEET, GUIDE_SHEET, Column, Kind, WorkbookSpec
from invoicing.texts import text

TEMPLATE_VERSION = 1
"""Counted up when columns change; hidden in the workbook, for support to see which one a user filled in."""
VERSION_NAME = "template_version"

LAST_EXCEL_ROW = 1_048_576
FONT = "Arial"
NAVY, BLUE, GREY, RED, INK = "1F2A44", "2F6690", "E4E7EC", "C8102E", "222222"

# Percentages are text too: Excel would turn 100% into 1, which nobody can tell from one rupiah.
TEXT_FORMAT = "@"
NUMBER_FORMATS = {
    Kind.MONEY: "#,##0",
    Kind.REDUCTION: TEXT_FORMAT,
    Kind.DATE: "dd/mm/yyyy",
    Kind.EXPIRY: "dd/mm/yyyy hh:mm",
}
DATE_FORMATS = {Kind.DATE: "%d/%m/%Y", Kind.EXPIRY: "%d/%m/%Y %H:%M"}
_FIXED_TIME = "2026-01-01T00:00:00Z"
_CORE_TIMES = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")

_SPECS = {spec.module: spec for spec in (e_invoice.SPEC, pintu_kelas.SPEC)}


def build_template(module: Module, target: Path | IO[bytes], rows: Iterable[Mapping[str, str | int]] = ()) -> None:
    """Write the template of ``module`` to a path or a binary stream; ``rows``, by column key, fill its data sheet."""
    spec = _SPECS[module]
    columns = [column for column in spec.columns if column.in_template]
    workbook = Workbook()
    guide = workbook.active
    assert isinstance(guide, Worksheet)  # noqa: S101 - a new workbook has one
    guide.title = GUIDE_SHEET
    _fill_guide(guide, spec, columns)
    data_sheet = workbook.create_sheet(spec.data_sheet)
    _fill_data_sheet(data_sheet, spec, columns)
    _fill_rows(data_sheet, columns, rows)
    _fill_examples(workbook.create_sheet(EXAMPLE_SHEET), spec, columns)
    workbook.defined_names[VERSION_NAME] = DefinedName(
        VERSION_NAME, attr_text=f'"{module.value}/{TEMPLATE_VERSION}"', hidden=True
    )
    workbook.properties.title = text("workbooks.guide.title", "id", sheet=spec.data_sheet)
    workbook.properties.creator = ""
    _save_without_times(workbook, target)


def _save_without_times(workbook: Workbook, target: Path | IO[bytes]) -> None:
    """Save with fixed dates in place of the clock's, in the zip directory and the document properties."""
    saved = BytesIO()
    workbook.save(saved)
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = _CORE_TIMES.sub(rb"\g<1>" + _FIXED_TIME.encode(), content)
            package.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def _fill(color: str) -> PatternFill:
    return PatternFill("solid", start_color=color)


def _font(color: str = INK, *, bold: bool = False, italic: bool = False, size: float = 10) -> Font:
    return Font(name=FONT, size=size, bold=bold, italic=italic, color=color)


_THIN = Side(style="thin", color="C9CFD8")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_WRAP = Alignment(wrap_text=True, vertical="center", horizontal="left", indent=1)
_CENTRED = Alignment(wrap_text=True, vertical="center", horizontal="center")


def _header_colors(column: Column) -> tuple[str, str]:
    """Fill and text colour that tell whether a column must be filled in."""
    if column.required:
        return NAVY, "FFFFFF"
    return (BLUE, "FFFFFF") if column.contact else (GREY, INK)


def _number_format(column: Column) -> str:
    return TEXT_FORMAT if column.text_formatted else NUMBER_FORMATS.get(column.kind, "General")


def _write_headers(sheet: Worksheet, row: int, columns: list[Column]) -> None:
    sheet.row_dimensions[row].height = 32
    for index, column in enumerate(columns, start=1):
        fill, ink = _header_colors(column)
        cell = sheet.cell(row, index, f"{column.header} *" if column.required else column.header)
        cell.fill, cell.font, cell.alignment, cell.border = _fill(fill), _font(ink, bold=True), _CENTRED, _BOX
        dimension = sheet.column_dimensions[get_column_letter(index)]
        dimension.width = column.width
        # The style of the whole column: cells that do not exist yet take it, and the file stays small.
        dimension.number_format = _number_format(column)
        dimension.font = _font()


def _fill_data_sheet(sheet: Worksheet, spec: WorkbookSpec, columns: list[Column]) -> None:
    _write_headers(sheet, 1, columns)
    sheet.freeze_panes = "C2"
    sheet.sheet_properties.tabColor = RED
    for index, column in enumerate(columns, start=1):
        _add_note(sheet, index, column, spec.module)
        if column.choices:
            sheet.add_data_validation(_make_dropdown(column, get_column_letter(index)))
    _set_up_table_printing(sheet)


def _fill_rows(sheet: Worksheet, columns: list[Column], rows: Iterable[Mapping[str, str | int]]) -> None:
    for number, row in enumerate(rows, start=2):
        for index, column in enumerate(columns, start=1):
            if row.get(column.key, "") == "":
                continue
            cell = sheet.cell(number, index, _example_value(column, row[column.key]))
            cell.number_format = _number_format(column)
            if isinstance(cell.value, str):
                # Whatever it begins with, it is text.
                cell.data_type, cell.quotePrefix = "s", cell.value[:1] in "=+-@"


def _add_note(sheet: Worksheet, index: int, column: Column, module: Module) -> None:
    lines = [
        text(f"columns.{module.value}.{column.key}", "id"),
        f"{column.header_en}: " + text(f"columns.{module.value}.{column.key}", "en"),
    ]
    sheet.cell(1, index).comment = Comment("\n\n".join(lines), author="", width=320, height=170)


def _make_dropdown(column: Column, letter: str) -> DataValidation:
    # A comma ends a choice; channels may be joined by a plus as well.
    choices = [choice.replace(",", " + ") for choice in column.choices]
    dropdown = DataValidation(
        type="list",
        formula1=f'"{",".join(choices)}"',
        allow_blank=True,
        showErrorMessage=not column.choices_open,
        errorTitle=text("workbooks.choice.title", "id"),
        error=" / ".join(text("workbooks.choice.closed", language) for language in ("id", "en")),
    )
    dropdown.add(f"{letter}2:{letter}{LAST_EXCEL_ROW}")
    return dropdown


def _fill_examples(sheet: Worksheet, spec: WorkbookSpec, columns: list[Column]) -> None:
    _write_headers(sheet, 1, columns)
    sheet.freeze_panes = "C2"
    for number, example in enumerate(spec.examples, start=2):
        for index, column in enumerate(columns, start=1):
            cell = sheet.cell(number, index, _example_value(column, example.get(column.key)))
            cell.number_format, cell.font, cell.border = _number_format(column), _font(), _BOX
    note = sheet.cell(len(spec.examples) + 3, 1)
    note.value = " / ".join(
        text("workbooks.example.note", language, sheet=spec.data_sheet) for language in ("id", "en")
    )
    note.font = _font(RED, italic=True)
    _set_up_table_printing(sheet)


def _example_value(column: Column, value: str | int | None) -> str | int | datetime | None:
    """Dates as real ones, as they look when somebody types them into Excel."""
    if column.kind in DATE_FORMATS and isinstance(value, str):
        return datetime.strptime(value, DATE_FORMATS[column.kind])  # noqa: DTZ007 - Excel dates have no zone
    return value


def _set_up_table_printing(sheet: Worksheet) -> None:
    """Two pages wide, headers and the first two columns on each."""
    _set_up_printing(sheet)
    sheet.page_setup.fitToWidth = 2
    sheet.print_title_rows = "1:1"
    sheet.print_title_cols = "A:B"


def _set_up_printing(sheet: Worksheet) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_options.horizontalCentered = True
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top = sheet.page_margins.bottom = 0.6
    if sheet.oddFooter:
        sheet.oddFooter.left.text = "&A"
        sheet.oddFooter.right.text = "&P / &N"


# Guide sheet: A margin, B and C names, D need, E and F rules, G example.
GUIDE_WIDTHS = {"A": 2, "B": 22, "C": 22, "D": 13, "E": 52, "F": 52, "G": 26}
LANGUAGE_BLOCKS = (("id", "B", "E"), ("en", "F", "G"))


def _both(key: str) -> str:
    return " / ".join(text(f"workbooks.{key}", language) for language in ("id", "en"))


def _fill_guide(sheet: Worksheet, spec: WorkbookSpec, columns: list[Column]) -> None:
    sheet.sheet_view.showGridLines = False
    for letter, width in GUIDE_WIDTHS.items():
        sheet.column_dimensions[letter].width = width
    _write_title(sheet, spec)
    row = _write_legend(sheet, 4)
    row = _write_steps(sheet, row + 1, "steps", _step_keys(spec.module), spec)
    row = _write_steps(sheet, row + 1, "errors", ["error_1", "error_2", "error_3"], spec)
    _write_column_table(sheet, row + 1, spec, columns)
    _set_up_printing(sheet)


def _write_title(sheet: Worksheet, spec: WorkbookSpec) -> None:
    for number, language, size, height in ((1, "id", 18, 34), (2, "en", 11, 20)):
        sheet.row_dimensions[number].height = height
        for letter in GUIDE_WIDTHS:
            sheet[f"{letter}{number}"].fill = _fill(NAVY)
        cell = sheet[f"B{number}"]
        cell.value = text("workbooks.guide.title", language, sheet=spec.data_sheet)
        cell.font = _font("FFFFFF", bold=language == "id", size=size)
        cell.alignment = Alignment(vertical="center")
    # A thin band below the title.
    sheet.row_dimensions[3].height = 4
    for letter in GUIDE_WIDTHS:
        sheet[f"{letter}3"].fill = _fill(RED)


def _write_legend(sheet: Worksheet, row: int) -> int:
    sheet.row_dimensions[row].height = 8
    row += 1
    sheet.row_dimensions[row].height = 30
    sheet[f"B{row}"].value = _both("guide.legend")
    sheet[f"B{row}"].font = _font(bold=True)
    sheet[f"B{row}"].alignment = _CENTRED
    marks = (("C", "guide.required", NAVY, "FFFFFF"), ("E", "guide.contact", BLUE, "FFFFFF"))
    for letter, key, fill, ink in (*marks, ("F", "guide.optional", GREY, INK)):
        cell = sheet[f"{letter}{row}"]
        cell.value, cell.fill, cell.font, cell.alignment = _both(key), _fill(fill), _font(ink, bold=True), _CENTRED
    sheet.merge_cells(f"C{row}:D{row}")
    return row + 1


def _step_keys(module: Module) -> list[str]:
    return [f"step_{number}" if number != 5 else f"step_5_{module.value}" for number in range(1, 7)]


def _write_steps(sheet: Worksheet, row: int, title: str, keys: list[str], spec: WorkbookSpec) -> int:
    for language, first, last in LANGUAGE_BLOCKS:
        _write_section_title(sheet, row, first, last, text(f"workbooks.guide.{title}", language))
    for number, key in enumerate(keys, start=1):
        sheet.row_dimensions[row + number].height = 19
        for language, first, last in LANGUAGE_BLOCKS:
            cell = sheet[f"{first}{row + number}"]
            cell.value = f"{number}.  " + text(f"workbooks.guide.{key}", language, sheet=spec.data_sheet)
            cell.font, cell.alignment = _font(), _WRAP
            sheet.merge_cells(f"{first}{row + number}:{last}{row + number}")
    return row + len(keys) + 1


def _write_section_title(sheet: Worksheet, row: int, first: str, last: str, title: str) -> None:
    sheet.row_dimensions[row].height = 20
    cell = sheet[f"{first}{row}"]
    cell.value, cell.font, cell.alignment = title, _font(NAVY, bold=True, size=12), Alignment(vertical="center")
    for letter in GUIDE_WIDTHS:
        if first <= letter <= last:
            sheet[f"{letter}{row}"].border = Border(bottom=Side(style="medium", color=RED))


def _write_column_table(sheet: Worksheet, row: int, spec: WorkbookSpec, columns: list[Column]) -> None:
    titles = {
        "B": text("workbooks.guide.header", "id"),
        "C": text("workbooks.guide.header", "en"),
        "D": _both("guide.need"),
        "E": text("workbooks.guide.rule", "id"),
        "F": text("workbooks.guide.rule", "en"),
        "G": _both("guide.example"),
    }
    sheet.row_dimensions[row].height = 28
    for letter, title in titles.items():
        cell = sheet[f"{letter}{row}"]
        cell.value, cell.fill, cell.font, cell.alignment = title, _fill(NAVY), _font("FFFFFF", bold=True), _CENTRED
        cell.border = _BOX
    for number, column in enumerate(columns, start=row + 1):
        _write_column_row(sheet, number, spec.module, column)
    sheet.print_title_rows = f"{row}:{row}"


def _write_column_row(sheet: Worksheet, row: int, module: Module, column: Column) -> None:
    rules = {language: text(f"columns.{module.value}.{column.key}", language) for language in ("id", "en")}
    values = {
        "B": column.header,
        "C": column.header_en,
        "D": _both(_need_key(column)),
        "E": rules["id"],
        "F": rules["en"],
        "G": _print_example(column),
    }
    fill, ink = _header_colors(column)
    for letter, value in values.items():
        cell = sheet[f"{letter}{row}"]
        cell.value, cell.font, cell.alignment, cell.border = value, _font(), _WRAP, _BOX
        cell.number_format = TEXT_FORMAT
    sheet[f"D{row}"].alignment = _CENTRED
    name = sheet[f"B{row}"]
    name.fill, name.font = _fill(fill), _font(ink, bold=True)
    # Programs do not grow rows that were never opened in them: count the lines of the longest rule.
    lines = max(2 if column.contact else 1, *(len(rule) // 54 + 1 for rule in rules.values()))
    sheet.row_dimensions[row].height = 8 + 13 * lines


def _need_key(column: Column) -> str:
    if column.required:
        return "guide.yes"
    return "guide.one_contact" if column.contact else "guide.no"


def _print_example(column: Column) -> str:
    """Money with the thousands dots that Indonesians write."""
    return f"{column.example:,}".replace(",", ".") if isinstance(column.example, int) else column.example

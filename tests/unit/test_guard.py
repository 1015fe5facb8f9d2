import re
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.texts.en.refusals import TEXTS as ENGLISH
from invoicing.texts.id.refusals import TEXTS as INDONESIAN
from invoicing.workbooks.guard import EXCEL_ROWS, GuardReport, _digits_from, inspect_file
from invoicing.workbooks.refusal import WorkbookRefused
from tests import hostile_workbooks as files

MAX_BYTES, MAX_ROWS = 50 << 20, 200_000
# Legal XML in a shape that only the child's limits stop: tests/integration/test_sandbox.py.
LEFT_TO_THE_CHILD = {"far corner in odd spacing"}


def inspect(path: Path, max_rows: int = MAX_ROWS) -> GuardReport:
    return inspect_file(path, max_bytes=MAX_BYTES, max_rows=max_rows)


@pytest.mark.parametrize("name", sorted(files.REFUSED.keys() - LEFT_TO_THE_CHILD))
def test_hostile_or_wrong_file_is_refused_with_its_reason(name: str, tmp_path: Path) -> None:
    write, code = files.REFUSED[name]
    path = tmp_path / "workbook.xlsx"
    write(path)
    with pytest.raises(WorkbookRefused) as refused:
        inspect(path)
    assert refused.value.code == code
    for texts in (INDONESIAN, ENGLISH):
        for part in ("what", "mend"):
            assert "{" not in texts[f"{code}.{part}"].format_map(refused.value.params)


@pytest.mark.parametrize("name", sorted(files.ACCEPTED))
def test_odd_but_honest_file_passes(name: str, tmp_path: Path) -> None:
    path = tmp_path / "workbook.xlsx"
    files.ACCEPTED[name](path)
    assert "xl/worksheets/sheet1.xml" in inspect(path).parts


def test_file_over_the_size_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "workbook.xlsx"
    files.write_sheet(path, files.row(1, files.cell("A1")))
    with pytest.raises(WorkbookRefused) as refused:
        inspect_file(path, max_bytes=1000, max_rows=10)
    assert refused.value.code == "file_too_large"


def test_row_limit_follows_the_setting(tmp_path: Path) -> None:
    path = tmp_path / "workbook.xlsx"
    files.write_too_many_rows(path)
    assert inspect(path).last_row == 209_999
    assert inspect(path, max_rows=2_450).last_row == 3_499
    assert inspect(path, max_rows=2_000_000).last_row == EXCEL_ROWS
    files.write_sheet(path, files.row(1, files.cell("A1")) + files.row(150_000, files.cell("B150000")))
    inspect(path)
    with pytest.raises(WorkbookRefused) as refused:
        inspect(path, max_rows=100_000)
    assert (refused.value.code, refused.value.params) == ("too_many_rows", {"cell": "B150000", "max_rows": 100_000})


def test_far_value_behind_a_million_ordinary_cells_is_found_wherever_blocks_end(tmp_path: Path) -> None:
    ordinary = "".join(files.row(number, files.cell(f"A{number}", "x" * 50)) for number in range(1, 9_000))
    for padding in range(0, 120, 7):
        path = tmp_path / "workbook.xlsx"
        filling = ordinary[: 256 * 1024 * 2 - 60 - len(files.SHEET_HEAD)]
        filling = filling[: filling.rindex("<row")] + files.row(8_999, f'<c r="B8999"><v>{"1" * padding}</v></c>')
        files.write_sheet(path, filling + files.row(300_000, files.cell("C300000")) + ordinary[-100_000:][50:])
        with pytest.raises(WorkbookRefused) as refused:
            inspect(path)
        assert refused.value.params["cell"] == "C300000"


@pytest.mark.parametrize(
    ("cells", "errors", "valueless"),
    [
        ('<c r="A1"><v>1</v></c>', False, False),
        ('<c r="A1" t="e"><v>#N/A</v></c>', True, False),
        ("<c r='A1' t='e'><v>#N/A</v></c>", True, True),
        ('<c r="A1"><f>1+1</f><v>2</v></c>', False, False),
        ('<c r="A1"><f>1+1</f></c>', False, True),
        ('<c r="A1"><f>1+1</f><v></v></c>', False, True),
        ('<c r="A1"><f>1+1</f><v /></c>', False, True),
        ('<c r="A1"><f t="shared" si="0"/></c>', False, True),
        ('<c r="A1"><f t="shared" si="0"/><v>3</v></c>', False, False),
        ('<c r="A1" t="inlineStr"><is><t>Ma\'ruf</t></is></c>', False, False),
    ],
)
def test_report_tells_what_the_fast_reader_would_hide(
    cells: str, errors: bool, valueless: bool, tmp_path: Path
) -> None:
    path = tmp_path / "workbook.xlsx"
    files.write_sheet(path, files.row(1, cells))
    scan = inspect(path).parts["xl/worksheets/sheet1.xml"]
    assert (scan.has_errors, scan.has_valueless_formulas) == (errors, valueless)


@given(st.integers(10, 109), st.integers(0, 5), st.integers(0, 20_000_000))
def test_pattern_of_large_numbers_agrees_with_comparison(lead: int, zeros: int, number: int) -> None:
    bound = int(str(lead)[:2]) * 10**zeros
    assert bool(re.fullmatch(_digits_from(bound), str(number).encode())) == (number >= bound)


def test_refusals_have_the_same_keys_and_placeholders_in_both_languages() -> None:
    def fields(texts: dict[str, str]) -> dict[str, set[str | None]]:
        return {key: {field for _, field, _, _ in Formatter().parse(text) if field} for key, text in texts.items()}

    assert fields(INDONESIAN) == fields(ENGLISH)
    codes = {key.removesuffix(".what").removesuffix(".mend") for key in ENGLISH}
    assert set(ENGLISH) == {f"{code}.{part}" for code in codes for part in ("what", "mend")}

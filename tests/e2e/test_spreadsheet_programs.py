"""A template filled in with LibreOffice, Google Sheets, WPS or a small exporter uploads without an edit.

LibreOffice is the real program: it types into the template, and saves it again from its own formats. The others are
files that hold what those programs are known to write differently.
"""

import os
import signal
import subprocess
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from shutil import which
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape

import orjson
import pytest
from openpyxl import load_workbook

from infra.local.sample_workbooks import MISTAKES, write_sample
from invoicing.billers import Module
from invoicing.modules import e_invoice, pintu_kelas
from invoicing.modules.columns import Column, Kind, WorkbookSpec
from invoicing.modules.template_workbook import build_template
from upload.check_workbook import check_workbook
from upload.failed_rows import build_failed_rows

SPECS = [e_invoice.SPEC, pintu_kelas.SPEC]
DEBIAN_PACKAGES = "libreoffice-calc-nogui python3-uno"
SYSTEM_PYTHON = "/usr/bin/python3"
"""Debian builds the module ``uno`` for its own Python only."""
LIMITS = {"max_rows": 200_000, "max_bytes": 50 << 20}
EXAMPLE_INVOICES = {Module.E_INVOICE: 3, Module.PINTU_KELAS: 3}


@pytest.fixture(params=SPECS, ids=lambda spec: spec.module.value)
def spec(request: pytest.FixtureRequest) -> WorkbookSpec:
    return request.param


@pytest.fixture(scope="session")
def soffice() -> str:
    program = which("soffice")
    assert program, f"LibreOffice is not installed: apt-get install --no-install-recommends {DEBIAN_PACKAGES}"
    return program


def shown(spec: WorkbookSpec) -> list[Column]:
    return [column for column in spec.columns if column.in_template]


def example_rows(spec: WorkbookSpec) -> list[list[str | int]]:
    return [[example.get(column.key, "") for column in shown(spec)] for example in spec.examples]


def run_check(path: Path, spec: WorkbookSpec, tmp_path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The check's answer and the planned invoices."""
    out_dir = tmp_path / "out"
    out_dir.mkdir(exist_ok=True)
    answer = check_workbook(
        {
            "path": str(path),
            "out_dir": str(out_dir),
            "module": spec.module.value,
            "channels": ["email"],
            "today": "2026-11-23",
            "now": "2026-11-23T03:00:00Z",
            "last_amounts": None,
            **LIMITS,
        }
    )
    plan = [orjson.loads(line)["invoice"] for line in (out_dir / "plan.ndjson").read_bytes().splitlines()]
    return answer, plan


def assert_examples_planned(path: Path, spec: WorkbookSpec, tmp_path: Path) -> None:
    answer, plan = run_check(path, spec, tmp_path)
    assert not answer["errors"], (tmp_path / "out/issues.ndjson").read_text()
    assert answer["sheet"] == spec.data_sheet
    assert answer["rows"] == len(spec.examples)
    assert answer["bad_rows"] == 0
    first, example = plan[0], spec.examples[0]
    assert len(plan) == EXAMPLE_INVOICES[spec.module]
    assert first["payer_name"] == example["payer_name"]
    assert first["due_date"] == "2027-01-31"
    if spec.module is Module.PINTU_KELAS:
        # The leading zeros are what a spreadsheet program loses first.
        assert [invoice["student"]["nis"] for invoice in plan] == ["00231", "00232", "00417"]
        assert [invoice["amount"] for invoice in plan] == [315_000, 2_500_000, 400_000]
    else:
        assert [invoice["number"] for invoice in plan] == ["INV-2027-0001", "INV-2027-0002", "INV-2027-0003"]
        assert [invoice["amount"] for invoice in plan] == [1_500_000, 1_665_000, 250_000]
        assert first["recipients"][0].get("email") == "keuangan@majujaya.example"


# --- LibreOffice -----------------------------------------------------------------------------------------------------

TYPE_INTO_CALC = """
import json, sys, time
import uno
from com.sun.star.beans import PropertyValue

job = json.load(sys.stdin)
context = uno.getComponentContext()
resolver = context.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", context)
deadline = time.time() + 60
while True:
    try:
        remote = resolver.resolve("uno:pipe,name=%s;urp;StarOffice.ComponentContext" % job["pipe"])
        break
    except Exception:
        if time.time() > deadline:
            raise
        time.sleep(0.1)
desktop = remote.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", remote)
hidden = PropertyValue("Hidden", 0, True, 0)
document = desktop.loadComponentFromURL(job["template"], "_blank", 0, (hidden,))
sheet = document.Sheets.getByName(job["sheet"])
for row, values in enumerate(job["rows"], start=1):
    for column, value in enumerate(values):
        if value != "":
            # As the keyboard does it: the program decides what a text, a number or a date is.
            sheet.getCellByPosition(column, row).FormulaLocal = str(value)
for url, name in job["save"]:
    document.storeToURL(url, (PropertyValue("FilterName", 0, name, 0),))
document.close(True)
# The office closes the pipe while it answers the last call, which UNO does not always survive.
sys.stdout.write("saved")
sys.stdout.flush()
try:
    desktop.terminate()
except Exception:
    pass
"""


def start_office(soffice: str, tmp_path: Path, *arguments: str) -> list[str]:
    return [
        soffice,
        "--headless",
        "--norestore",
        f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
        *arguments,
    ]


def convert(soffice: str, source: Path, kind: str, tmp_path: Path) -> Path:
    """Let LibreOffice read ``source`` and save it as ``kind`` in a folder of its own."""
    folder = tmp_path / f"as-{kind}"
    command = start_office(soffice, tmp_path, "--convert-to", kind, "--outdir", str(folder), str(source))
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return folder / f"{source.stem}.{kind}"


def test_template_typed_into_with_libreoffice_passes(soffice: str, spec: WorkbookSpec, tmp_path: Path) -> None:
    assert subprocess.run([SYSTEM_PYTHON, "-c", "import uno"], capture_output=True).returncode == 0, (
        f"The UNO module is not installed: apt-get install --no-install-recommends {DEBIAN_PACKAGES}"
    )
    template, typed, ods = tmp_path / "template.xlsx", tmp_path / "typed.xlsx", tmp_path / "typed.ods"
    build_template(spec.module, template)
    pipe = f"check{uuid4().hex}"
    job = {
        "pipe": pipe,
        "template": template.as_uri(),
        "sheet": spec.data_sheet,
        "rows": example_rows(spec),
        "save": [(typed.as_uri(), "Calc MS Excel 2007 XML"), (ods.as_uri(), "calc8")],
    }
    office = subprocess.Popen(
        start_office(soffice, tmp_path, f"--accept=pipe,name={pipe};urp;"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        typing = subprocess.run(
            [SYSTEM_PYTHON, "-c", TYPE_INTO_CALC], input=orjson.dumps(job), capture_output=True, timeout=120
        )
        assert typing.stdout == b"saved", typing.stderr.decode()
        office.wait(30)
    finally:
        if office.poll() is None:
            # soffice is a script: the office itself is a child of it, in the same group.
            os.killpg(office.pid, signal.SIGKILL)
            office.wait()
    assert_examples_planned(typed, spec, tmp_path)
    # Kept as .ods for a while, then saved as Excel for the upload.
    assert_examples_planned(convert(soffice, ods, "xlsx", tmp_path), spec, tmp_path)


def test_template_filled_elsewhere_and_saved_by_libreoffice_passes(
    soffice: str, spec: WorkbookSpec, tmp_path: Path
) -> None:
    filled = tmp_path / "filled.xlsx"
    build_template(spec.module, filled)
    workbook = load_workbook(filled)
    sheet = workbook[spec.data_sheet]
    for row in example_rows(spec):
        sheet.append([value if value != "" else None for value in row])
    workbook.save(filled)
    assert_examples_planned(filled, spec, tmp_path)
    assert_examples_planned(convert(soffice, filled, "xlsx", tmp_path), spec, tmp_path)


def test_failed_rows_saved_by_libreoffice_fail_for_the_same_reasons(
    soffice: str, spec: WorkbookSpec, tmp_path: Path
) -> None:
    """Nothing but what the user mends may change between the failed-rows workbook and its upload."""
    workbook = tmp_path / "in.xlsx"
    sample = write_sample(
        spec.module, workbook, 20 * len(MISTAKES[spec.module]), bad_share=1 / 20, first_due=date(2027, 1, 4)
    )
    first, _ = run_check(workbook, spec, tmp_path)
    failed_rows = tmp_path / "failed-rows.xlsx"
    request = {"path": str(workbook), "out_path": str(failed_rows), "issues_path": str(tmp_path / "out/issues.ndjson")}
    build_failed_rows(request | {"module": spec.module.value} | LIMITS)
    again, plan = run_check(convert(soffice, failed_rows, "xlsx", tmp_path), spec, tmp_path)
    assert again["rows"] == again["bad_rows"] == len(sample.mistakes)
    assert again["errors"] == first["errors"]
    assert plan == []


# --- What other programs write ---------------------------------------------------------------------------------------

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
DATE_STYLES = (
    f'{XML}<styleSheet xmlns="{MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="d&quot;/&quot;m&quot;/'
    '&quot;yyyy"/></numFmts><fonts count="1"><font/></fonts><fills count="1"><fill><patternFill/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf/>'
    '<xf numFmtId="164" applyNumberFormat="1"/></cellXfs></styleSheet>'
)
EPOCH = date(1899, 12, 30)

Value = str | int | date


def typed_rows(spec: WorkbookSpec) -> list[list[Value]]:
    """Header and examples as somebody types them: due dates as real dates."""
    rows: list[list[Value]] = [[f"{column.header} *" if column.required else column.header for column in shown(spec)]]
    for example in example_rows(spec):
        row: list[Value] = list(example)
        for index, column in enumerate(shown(spec)):
            if column.kind is Kind.DATE and row[index]:
                day, month, year = str(row[index]).split("/")
                row[index] = date(int(year), int(month), int(day))
        rows.append(row)
    return rows


def write_package(
    path: Path, spec: WorkbookSpec, sheet: str, *, target: str = "worksheets/sheet1.xml", **parts: str
) -> None:
    """An xlsx of one sheet; ``parts`` may bring ``styles`` and ``strings``."""
    styles, strings = parts.get("styles"), parts.get("strings")
    base = target.removesuffix("worksheets/sheet1.xml")
    relations = [("rId1", "worksheet", target)]
    files = {"xl/worksheets/sheet1.xml": sheet}
    types = [("/xl/workbook.xml", "sheet.main"), ("/xl/worksheets/sheet1.xml", "worksheet")]
    for number, (kind, content) in enumerate((("styles", styles), ("sharedStrings", strings))):
        if content is not None:
            relations.append((f"rId{number + 2}", kind, f"{base}{kind}.xml"))
            files[f"xl/{kind}.xml"] = content
            types.append((f"/xl/{kind}.xml", kind))
    overrides = "".join(f'<Override PartName="{part}" ContentType="{TYPES}.{kind}+xml"/>' for part, kind in types)
    related = "".join(f'<Relationship Id="{i}" Type="{RELATIONS}/{kind}" Target="{to}"/>' for i, kind, to in relations)
    files |= {
        "[Content_Types].xml": f'{XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>',
        "_rels/.rels": f'{XML}<Relationships xmlns="{PACKAGE_RELATIONS}"><Relationship Id="rId1" '
        f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
        f'<sheet name="{spec.data_sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{XML}<Relationships xmlns="{PACKAGE_RELATIONS}">{related}</Relationships>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in files.items():
            package.writestr(name, content)


def letters(index: int) -> str:
    return chr(ord("A") + index)


def number_xml(value: int | date, attributes: str) -> str:
    if isinstance(value, date):
        return f'<c {attributes} s="1"><v>{(value - EPOCH).days}</v></c>'
    return f"<c {attributes}><v>{value}</v></c>"


def write_google_sheets(path: Path, spec: WorkbookSpec) -> None:
    """No dimension, unused namespaces, a thousand empty styled rows, formulas with their text beside them."""
    strings: list[str] = []
    rows = []
    for number, values in enumerate(typed_rows(spec), start=1):
        cells = []
        for index, value in enumerate(values):
            at = f'r="{letters(index)}{number}"'
            if value == "":
                cells.append(f'<c {at} s="0"/>')
            elif isinstance(value, str) and number == 2 and shown(spec)[index].key == "payer_name":
                cells.append(f'<c {at} t="str"><f>CONCATENATE("","{escape(value)}")</f><v>{escape(value)}</v></c>')
            elif isinstance(value, str):
                cells.append(f'<c {at} s="0" t="s"><v>{len(strings)}</v></c>')
                strings.append(f"<si><t>{escape(value)}</t></si>")
            else:
                cells.append(number_xml(value, at))
        rows.append(f'<row r="{number}" ht="15.75" customHeight="1">{"".join(cells)}</row>')
    rows += [f'<row r="{number}" ht="15.75" customHeight="1"/>' for number in range(len(rows) + 1, 1001)]
    sheet = (
        f'{XML}<worksheet xmlns="{MAIN}" xmlns:r="{RELATIONS}" '
        'xmlns:mx="http://schemas.microsoft.com/office/mac/excel/2008/main" '
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><sheetPr><outlinePr summaryBelow="0" '
        'summaryRight="0"/></sheetPr><sheetViews><sheetView workbookViewId="0"/></sheetViews><sheetFormatPr '
        f'customHeight="1" defaultColWidth="12.63" defaultRowHeight="15.75"/><sheetData>{"".join(rows)}</sheetData>'
        "</worksheet>"
    )
    write_package(path, spec, sheet, styles=DATE_STYLES, strings=f'{XML}<sst xmlns="{MAIN}">{"".join(strings)}</sst>')


def write_wps(path: Path, spec: WorkbookSpec) -> None:
    """Absolute part names; texts in several runs, with the phonetic parts of East Asian input methods."""
    strings: list[str] = []
    rows = []
    for number, values in enumerate(typed_rows(spec), start=1):
        cells = []
        for index, value in enumerate(values):
            at = f'r="{letters(index)}{number}"'
            if isinstance(value, str) and value:
                cells.append(f'<c {at} t="s"><v>{len(strings)}</v></c>')
                first, second = escape(value[:2]), escape(value[2:])
                strings.append(
                    f'<si><r><rPr><b/><sz val="11"/></rPr><t xml:space="preserve">{first}</t></r><r><t '
                    f'xml:space="preserve">{second}</t></r><rPh sb="0" eb="1"><t>zhu yin</t></rPh>'
                    '<phoneticPr fontId="1" type="noConversion"/></si>'
                )
            elif not isinstance(value, str):
                cells.append(number_xml(value, at))
        rows.append(f'<row r="{number}" spans="1:{len(values)}">{"".join(cells)}</row>')
    sheet = f'{XML}<worksheet xmlns="{MAIN}"><dimension ref="A1"/><sheetData>{"".join(rows)}</sheetData></worksheet>'
    table = f'{XML}<sst xmlns="{MAIN}" count="{len(strings)}" uniqueCount="{len(strings)}">{"".join(strings)}</sst>'
    write_package(path, spec, sheet, target="/xl/worksheets/sheet1.xml", styles=DATE_STYLES, strings=table)


def write_small_exporter(path: Path, spec: WorkbookSpec) -> None:
    """Inline strings, no styles at all, no references: cells count from the left; dates as ISO texts (t="d")."""
    rows = []
    for values in typed_rows(spec):
        cells = []
        for value in values:
            if value == "":
                cells.append("<c/>")
            elif isinstance(value, str):
                cells.append(f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>')
            elif isinstance(value, date):
                cells.append(f'<c t="d"><v>{value.isoformat()}</v></c>')
            else:
                cells.append(f"<c><v>{value}</v></c>")
        rows.append(f"<row>{''.join(cells)}</row>")
    write_package(path, spec, f'{XML}<worksheet xmlns="{MAIN}"><sheetData>{"".join(rows)}</sheetData></worksheet>')


def write_office_library(path: Path, spec: WorkbookSpec) -> None:
    """Every element with a prefix, as ERPs on Microsoft's Open XML library write it; dates as bare serial numbers."""
    rows = []
    for number, values in enumerate(typed_rows(spec), start=1):
        cells = []
        for index, value in enumerate(values):
            at = f'r="{letters(index)}{number}"'
            if isinstance(value, str) and value:
                cells.append(f'<x:c {at} t="str"><x:v>{escape(value)}</x:v></x:c>')
            elif not isinstance(value, str):
                bare = (value - EPOCH).days if isinstance(value, date) else value
                cells.append(f"<x:c {at}><x:v>{bare}</x:v></x:c>")
        rows.append(f'<x:row r="{number}">{"".join(cells)}</x:row>')
    sheet = f'{XML}<x:worksheet xmlns:x="{MAIN}"><x:sheetData>{"".join(rows)}</x:sheetData></x:worksheet>'
    write_package(path, spec, sheet)


@pytest.mark.parametrize(
    "write",
    [write_google_sheets, write_wps, write_small_exporter, write_office_library],
    ids=lambda write: write.__name__.removeprefix("write_"),
)
def test_workbook_with_the_habits_of_another_program_passes(
    write: Callable[[Path, WorkbookSpec], None], spec: WorkbookSpec, tmp_path: Path
) -> None:
    path = tmp_path / "filled.xlsx"
    write(path, spec)
    assert_examples_planned(path, spec, tmp_path)

"""Sample workbooks for the demo, the tests and the bench: what real billers type, neat and messy, right and wrong.

``python -m infra.local.sample_workbooks e_invoice out.xlsx --rows 500 --bad``

The parts of the xlsx are written straight into the zip: about ten times quicker than openpyxl, which the bench needs
for a million rows. People are made up, e-mail addresses are at reserved domains, phone numbers have the block 0000.
"""

import argparse
import random
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from invoicing.billers import Module

Value = str | int | float | date
Row = dict[str, Value]

# fmt: off
FIRST_NAMES = (
    "Adi", "Agus", "Aisyah", "Andi", "Anisa", "Arif", "Ayu", "Bagus", "Bambang", "Budi", "Citra", "Desi", "Dewi",
    "Dian", "Dimas", "Eka", "Fajar", "Fitri", "Gita", "Hendra", "Indah", "Intan", "Irfan", "Joko", "Lestari", "Made",
    "Maria", "Muhammad", "Ni'mah", "Nur'aini", "Putri", "Rahmat", "Rina", "Rizky", "Siti", "Slamet", "Sri", "Wahyu",
    "Wayan", "Yohanes",
)
LAST_NAMES = (
    "Anggraini", "Firmansyah", "Ginting", "Gunawan", "Halim", "Handayani", "Hidayat", "Hutagalung", "Kurniawan",
    "Lubis", "Maharani", "Nasution", "Nugroho", "Permata", "Pratama", "Purnomo", "Rahayu", "Ramadhan", "Saputra",
    "Setiawan", "Siregar", "Situmorang", "Susanto", "Syahputra", "Tanjung", "Utomo", "Wibowo", "Widodo", "Wijaya",
    "Wulandari",
)
FIRMS = ("PT Sumber Makmur", "CV Karya Mandiri", "Toko Sinar Jaya", "PT Nusantara Boga", "Klinik Sehat")
PRODUCTS = (
    ("Langganan internet 50 Mbps", 350_000),
    ("Sewa ruko per bulan", 4_500_000),
    ("Jasa kebersihan kantor", 1_250_000),
    ("Air galon 19 liter", 22_000),
    ("Beras premium 25 kg", 385_000),
    ("Servis AC 1 PK", 175_000),
    ("Iuran pengelolaan lingkungan", 225_000),
)
FEES = (("SPP", 850_000), ("Uang Kegiatan", 450_000), ("Antar-Jemput", 600_000), ("Katering", 550_000))
MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November",
    "Desember",
)
# fmt: on
PHONE_PREFIXES = ("811", "812", "813", "821", "822", "823", "851", "852", "853", "859")


@dataclass(frozen=True, slots=True)
class Sample:
    """What was written, for the caller to compare with what the check says."""

    rows: int
    mistakes: dict[int, str] = field(default_factory=dict)
    """Excel row of each row made wrong on purpose -> name of the mistake."""


def _person(rng: random.Random) -> str:
    return f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}"


def _phone(index: int) -> str:
    """An Indonesian mobile number of 13 digits within the block 0000, which no operator gives out."""
    return f"0{PHONE_PREFIXES[index // 100_000 % len(PHONE_PREFIXES)]}0000{index % 100_000:05d}"


def _email(name: str, index: int, domain: str = "example.com") -> str:
    return f"{name.lower().replace(chr(39), '').replace(' ', '.')}.{index}@{domain}"


def _dots(amount: int) -> str:
    return f"{amount:,}".replace(",", ".")


def _invoice_rows(rng: random.Random, due: date, recipients: int) -> Iterator[tuple[Row, bool]]:
    """General invoices; one in eight has two or three product rows, which repeat its number and total.

    Each row comes with whether it is an invoice of its own.
    """
    index = 0
    while True:
        index += 1
        name = _person(rng)
        customer = f"{FIRMS[index // 5 % len(FIRMS)]} {index}" if index % 5 == 0 else name
        email = _email(name, index)
        if recipients > 1:
            email += f", {_email(name, index, 'example.net')}"
        items = [rng.choice(PRODUCTS)] if index % 8 else rng.sample(PRODUCTS, 2 + index // 8 % 2)
        quantities = [rng.randint(1, 6) for _ in items]
        total = sum(price * quantity for (_, price), quantity in zip(items, quantities, strict=True))
        due_date = due + timedelta(days=index % 30)
        for (product, price), quantity in zip(items, quantities, strict=True):
            row: Row = {
                "No. Invoice": f"INV/{due:%Y}/{index:06d}",
                "Nama Pelanggan": customer,
                "Jumlah Tagihan": total,
                "Jatuh Tempo": due_date,
                "No. WhatsApp": _phone(index),
                "Email": email,
                "Keterangan": f"Tagihan {MONTHS[due.month - 1]} {due.year}",
                "Kode Pelanggan": f"{index:07d}",
                "Nama Barang": product,
                "Qty": quantity,
                "Harga Satuan": price,
                "Cabang": "Jakarta" if index % 3 else "Surabaya",
            }
            yield row, len(items) == 1


def _school_rows(rng: random.Random, due: date, recipients: int) -> Iterator[tuple[Row, bool]]:
    """School fees: two bills for every student, the second sometimes with a scholarship."""
    first_year = due.year if due.month >= 7 else due.year - 1
    student = 0
    while True:
        student += 1
        name, father, mother = _person(rng), _person(rng), _person(rng)
        for bill in range(2):
            fee, amount = FEES[0] if bill == 0 else FEES[1 + student % 3]
            row: Row = {
                "NIS": f"0{2_400_000 + student}",
                "Nama Siswa": name,
                "Kelas": f"{('VII', 'VIII', 'IX')[student % 3]}-{'ABCD'[student // 3 % 4]}",
                "Jenis Tagihan": fee,
                "Periode": f"{MONTHS[due.month - 1]} {due.year}",
                "Tahun Ajaran": f"{first_year}/{first_year + 1}",
                "Nominal": amount,
                "Jatuh Tempo": due,
                "Nama Wali": father,
                "WA Wali": _phone(student),
                "Email Wali": _email(father, student),
                "Nama Wali 2": mother,
                "Email Wali 2": _email(mother, student, "example.net") if recipients > 1 else "",
                "Potongan": "10%" if bill and student % 9 == 0 else "",
                "Unit": "SMP",
            }
            yield row, True


GENERATORS: dict[Module, Callable[[random.Random, date, int], Iterator[tuple[Row, bool]]]] = {
    Module.E_INVOICE: _invoice_rows,
    Module.PINTU_KELAS: _school_rows,
}
AMOUNT = {Module.E_INVOICE: "Jumlah Tagihan", Module.PINTU_KELAS: "Nominal"}
PHONE = {Module.E_INVOICE: "No. WhatsApp", Module.PINTU_KELAS: "WA Wali"}
EMAIL = {Module.E_INVOICE: "Email", Module.PINTU_KELAS: "Email Wali"}
NAME = {Module.E_INVOICE: "Nama Pelanggan", Module.PINTU_KELAS: "Nama Siswa"}


def _make_messy(row: Row, module: Module, kind: int) -> None:
    """Change cells to other ways in which people type the same thing: still valid."""
    amount, phone, due = row[AMOUNT[module]], str(row[PHONE[module]]), row["Jatuh Tempo"]
    if not isinstance(amount, int) or not isinstance(due, date):
        return
    changes: tuple[Row, ...] = (
        {AMOUNT[module]: f"Rp {_dots(amount)}", PHONE[module]: f"+62 {phone[1:4]}-{phone[4:8]}-{phone[8:]}"},
        {AMOUNT[module]: f"Rp. {_dots(amount)},-", PHONE[module]: float(phone)},
        {AMOUNT[module]: _dots(amount), "Jatuh Tempo": f"{due:%d/%m/%Y}"},
        {AMOUNT[module]: float(amount), "Jatuh Tempo": f"{due.day} {MONTHS[due.month - 1]} {due.year}"},
        {NAME[module]: f"\u00a0{row[NAME[module]]}\u200b ", "Jatuh Tempo": f"{due:%d-%m-%Y}"},
        {PHONE[module]: f"62{phone[1:]}", EMAIL[module]: f" {row[EMAIL[module]]} "},
    )
    row.update(changes[kind % len(changes)])


# Each mistake changes one cell, so that each bad row has one thing to mend.
MISTAKES: dict[Module, dict[str, Row]] = {
    Module.E_INVOICE: {
        "amount in words": {"Jumlah Tagihan": "satu juta"},
        "amount with cents": {"Jumlah Tagihan": "1.500.000,75"},
        "amount of nothing": {"Jumlah Tagihan": 0},
        "no amount": {"Jumlah Tagihan": ""},
        "no number": {"No. Invoice": ""},
        "number too long": {"No. Invoice": "INV-" + "9" * 60},
        "no name": {"Nama Pelanggan": ""},
        "no such date": {"Jatuh Tempo": "31/02/2027"},
        "no due date": {"Jatuh Tempo": ""},
        "phone too short": {"No. WhatsApp": "0812"},
        "e-mail without @": {"Email": "budi.example.com"},
        "no contact at all": {"No. WhatsApp": "", "Email": ""},
    },
    Module.PINTU_KELAS: {
        "amount in words": {"Nominal": "delapan ratus ribu"},
        "negative amount": {"Nominal": -850_000},
        "no amount": {"Nominal": ""},
        "no NIS": {"NIS": ""},
        "no student": {"Nama Siswa": ""},
        "no class": {"Kelas": ""},
        "no fee type": {"Jenis Tagihan": ""},
        "no period": {"Periode": ""},
        "school year of two years": {"Tahun Ajaran": "2026/2028"},
        "no such date": {"Jatuh Tempo": "31/02/2027"},
        "phone too short": {"WA Wali": "0812"},
        "e-mail without @": {"Email Wali": "budi.example.com"},
        "discount above 100 %": {"Potongan": "150%"},
        "no contact at all": {"WA Wali": "", "Email Wali": "", "Email Wali 2": ""},
    },
}

CONTENT_TYPES = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" \
ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" \
ContentType="application/xml"/><Override PartName="/xl/workbook.xml" \
ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override \
PartName="/xl/worksheets/sheet1.xml" \
ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override \
PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>\
<Override PartName="/xl/sharedStrings.xml" \
ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>"""
RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE_RELS = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" \
Type="{RELATIONSHIPS}/officeDocument" Target="xl/workbook.xml"/></Relationships>"""
WORKBOOK_RELS = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" \
Type="{RELATIONSHIPS}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" \
Type="{RELATIONSHIPS}/styles" Target="styles.xml"/><Relationship Id="rId3" Type="{RELATIONSHIPS}/sharedStrings" \
Target="sharedStrings.xml"/></Relationships>"""
STYLES = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="{SPREADSHEET}"><numFmts count="1"><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/></numFmts>\
<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font>\
</fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/>\
</fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4">\
<xf/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="3" applyNumberFormat="1"/><xf fontId="1" applyFont="1"/>\
</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>"""
DATE_STYLE, NUMBER_STYLE, HEADER_STYLE = 1, 2, 3
EXCEL_EPOCH = date(1899, 12, 30)


def _column_letters(count: int) -> list[str]:
    """A, B, ... AZ: at most 52 columns."""
    alphabet = [chr(code) for code in range(ord("A"), ord("Z") + 1)]
    return (alphabet + ["A" + letter for letter in alphabet])[:count]


class _SharedStrings:
    """Each text once, in the order of first use."""

    def __init__(self) -> None:
        self.indexes: dict[str, int] = {}

    def cell(self, reference: str, value: str, style: int = 0) -> str:
        index = self.indexes.setdefault(value, len(self.indexes))
        return f'<c r="{reference}" s="{style}" t="s"><v>{index}</v></c>'

    def parts(self) -> Iterator[str]:
        yield f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<sst xmlns="{SPREADSHEET}">'
        for value in self.indexes:
            yield f'<si><t xml:space="preserve">{escape(value)}</t></si>'
        yield "</sst>"


def _inline_cell(reference: str, value: str, style: int = 0) -> str:
    return f'<c r="{reference}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def _sheet_parts(headers: list[str], rows: Iterable[Row], text_cell: Callable[[str, str, int], str]) -> Iterator[str]:
    letters = _column_letters(len(headers))
    yield (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{SPREADSHEET}">'
        '<sheetData><row r="1">'
    )
    yield "".join(
        text_cell(f"{letter}1", header, HEADER_STYLE) for letter, header in zip(letters, headers, strict=True)
    )
    yield "</row>"
    for number, row in enumerate(rows, start=2):
        cells = [f'<row r="{number}">']
        for letter, header in zip(letters, headers, strict=True):
            value = row[header]
            if value == "":
                continue
            if isinstance(value, str):
                cells.append(text_cell(f"{letter}{number}", value, 0))
            elif isinstance(value, date):
                serial = (value - EXCEL_EPOCH).days
                cells.append(f'<c r="{letter}{number}" s="{DATE_STYLE}"><v>{serial}</v></c>')
            else:
                cells.append(f'<c r="{letter}{number}" s="{NUMBER_STYLE}"><v>{value}</v></c>')
        cells.append("</row>")
        yield "".join(cells)
    yield "</sheetData></worksheet>"


def write_rows(
    path: Path, sheet: str, headers: list[str], rows: Iterable[Row], *, inline_strings: bool = False
) -> None:
    """Write one sheet, with shared strings as Excel does, or inline ones (less memory) as exporting programs do."""
    strings = _SharedStrings()
    workbook = (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<workbook xmlns="{SPREADSHEET}" '
        f'xmlns:r="{RELATIONSHIPS}"><sheets><sheet name="{escape(sheet)}" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    parts: list[tuple[str, Iterable[str]]] = [
        ("[Content_Types].xml", [CONTENT_TYPES]),
        ("_rels/.rels", [PACKAGE_RELS]),
        ("xl/workbook.xml", [workbook]),
        ("xl/_rels/workbook.xml.rels", [WORKBOOK_RELS]),
        ("xl/styles.xml", [STYLES]),
        ("xl/worksheets/sheet1.xml", _sheet_parts(headers, rows, _inline_cell if inline_strings else strings.cell)),
        # Last: the sheet's own generator fills the strings.
        ("xl/sharedStrings.xml", strings.parts()),
    ]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as package:
        for name, texts in parts:
            entry = zipfile.ZipInfo(name)  # its date is fixed: the same seed gives the same bytes
            entry.compress_type = zipfile.ZIP_DEFLATED
            with package.open(entry, "w", force_zip64=True) as part:
                _write_in_blocks(part.write, texts)


def _write_in_blocks(write: Callable[[bytes], Any], texts: Iterable[str]) -> None:
    iterator = iter(texts)
    while block := list(islice(iterator, 500)):
        write("".join(block).encode())


def write_sample(
    module: Module,
    path: Path,
    rows: int,
    *,
    bad_share: float = 0.0,
    seed: int = 1,
    recipients: int = 1,
    messy: bool = True,
    first_due: date | None = None,
    inline_strings: bool = False,
) -> Sample:
    """Write ``rows`` data rows; ``round(rows * bad_share)`` of them have a mistake, taking ``MISTAKES`` in turn.

    Args:
        recipients: e-mail addresses of each invoice, 1 or 2: the notices that it will get.
        messy: every seventh row types the same things in another way (``Rp 1.500.000,-``, text dates).
        first_due: earliest due date; two weeks from now when absent.
    """
    rng = random.Random(seed)  # noqa: S311 - repeatable samples, not secrets
    due = first_due or (datetime.now(UTC) + timedelta(days=14)).date()
    mistakes = list(MISTAKES[module].items())
    bad_rows = _choose_bad_rows(rows, round(rows * bad_share))
    made: dict[int, str] = {}

    def finish() -> Iterator[Row]:
        planned = 0
        for number, (row, alone) in enumerate(islice(GENERATORS[module](rng, due, recipients), rows), start=2):
            planned += number in bad_rows
            # An empty name is no mistake in a further product row: wait for the next invoice of one row.
            if alone and len(made) < planned:
                name, change = mistakes[len(made) % len(mistakes)]
                row.update(change)
                made[number] = name
            elif messy and number % 7 == 0:
                _make_messy(row, module, number // 7)
            yield row

    sheet = "Tagihan Umum" if module is Module.E_INVOICE else "Tagihan Sekolah"
    headers = list(next(GENERATORS[module](random.Random(0), due, 1))[0])  # noqa: S311
    write_rows(path, sheet, headers, finish(), inline_strings=inline_strings)
    return Sample(rows=rows, mistakes=made)


def _choose_bad_rows(rows: int, count: int) -> frozenset[int]:
    """Excel row numbers of ``count`` bad rows, spread evenly over the sheet."""
    return frozenset(2 + index * rows // count for index in range(count))


def _main() -> None:
    parser = argparse.ArgumentParser(description="Write a sample workbook.")
    parser.add_argument("module", type=Module, choices=list(Module))
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--bad", action="store_true", help="make rows wrong, one for every known mistake")
    parser.add_argument("--recipients", type=int, choices=(1, 2), default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    bad_share = len(MISTAKES[options.module]) / options.rows if options.bad else 0.0
    sample = write_sample(
        options.module,
        options.out,
        options.rows,
        bad_share=min(bad_share, 1.0),
        seed=options.seed,
        recipients=options.recipients,
    )
    print(f"{options.out}: {sample.rows} rows, {len(sample.mistakes)} of them bad")
    for number, mistake in sample.mistakes.items():
        print(f"  row {number}: {mistake}")


if __name__ == "__main__":
    _main()

"""Files that people upload by mistake or on purpose: each function writes one to the path given.

Gigabytes are written in a moment: a deflate block that ends in a full flush may be repeated as it is.
"""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

MIB = 1 << 20
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_OOXML = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
SHEET_HEAD = f'{_XML}<worksheet xmlns="{MAIN}"><sheetData>'
SHEET_TAIL = "</sheetData></worksheet>"


class ZipWriter:
    """A zip writer that does what it is told: duplicate names, lying sizes, odd methods."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._directory: list[bytes] = []

    def add(self, name: str, data: str | bytes, *, flags: int = 0, method: int = 8, size: int | None = None) -> None:
        data = data.encode() if isinstance(data, str) else data
        encoder = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = encoder.compress(data) + encoder.flush() if method == 8 else data
        self._write(name, [packed], zlib.crc32(data), len(data) if size is None else size, flags, method)

    def add_repeated(self, name: str, head: str, block: bytes, times: int, tail: str, size: int | None = None) -> None:
        encoder = zlib.compressobj(9, zlib.DEFLATED, -15)
        first = encoder.compress(head.encode()) + encoder.flush(zlib.Z_FULL_FLUSH)
        middle = encoder.compress(block) + encoder.flush(zlib.Z_FULL_FLUSH)
        last = encoder.compress(tail.encode()) + encoder.flush()
        crc = zlib.crc32(head.encode())
        for _ in range(times):
            crc = zlib.crc32(block, crc)
        total = len(head.encode()) + len(block) * times + len(tail.encode())
        packed = [first, *[middle] * times, last]
        self._write(name, packed, zlib.crc32(tail.encode(), crc), total if size is None else size, 0, 8)

    def _write(self, name: str, packed: list[bytes], crc: int, size: int, flags: int, method: int) -> None:
        length = sum(map(len, packed))
        common = struct.pack("<HHHHHLLLHH", 20, flags, method, 0, 33, crc, length, size, len(name.encode()), 0)
        offset = self._file.tell()
        self._file.write(b"PK\x03\x04" + common + name.encode())
        self._file.writelines(packed)
        central = b"PK\x01\x02\x14\x00" + common + struct.pack("<HHHLL", 0, 0, 0, 0, offset) + name.encode()
        self._directory.append(central)

    def close(self, *, zip64: bool = False) -> None:
        offset, directory, count = self._file.tell(), b"".join(self._directory), len(self._directory)
        self._file.write(directory)
        if zip64:
            end = self._file.tell()
            self._file.write(
                struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(directory), offset)
            )
            self._file.write(struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1))
        self._file.write(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), offset, 0))
        self._file.close()


def start_workbook(
    path: Path, sheets: tuple[tuple[str, str], ...] = (("Data", "visible"),), styles: str = "", extra: str = ""
) -> ZipWriter:
    """Everything but the sheets' own parts; ``sheets`` are (name, state)."""
    writer = ZipWriter(path)
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_OOXML}.worksheet+xml"/>'
        for number, _ in enumerate(sheets, 1)
    )
    writer.add(
        "[Content_Types].xml",
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_OOXML}.sheet.main+xml"/>{overrides}{extra}</Types>',
    )
    writer.add(
        "_rels/.rels",
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    )
    listed = "".join(
        f'<sheet name="{name}" sheetId="{number}" state="{state}" r:id="rId{number}"/>'
        for number, (name, state) in enumerate(sheets, 1)
    )
    writer.add(
        "xl/workbook.xml", f'{_XML}<workbook xmlns="{MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>'
    )
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number, _ in enumerate(sheets, 1)
    )
    writer.add(
        "xl/_rels/workbook.xml.rels",
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{relations}<Relationship Id="rId900" '
        f'Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId901" '
        f'Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    )
    # Style 1 is a date.
    writer.add(
        "xl/styles.xml",
        styles
        or f'{_XML}<styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
    )
    return writer


def write_sheet(path: Path, rows: str, *, strings: str = "<si><t>teks</t></si>", after: str = "") -> None:
    """A workbook of one sheet with these ``<row>`` elements."""
    writer = start_workbook(path)
    writer.add("xl/sharedStrings.xml", f'{_XML}<sst xmlns="{MAIN}">{strings}</sst>')
    writer.add(
        "xl/worksheets/sheet1.xml", f'{_XML}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{after}</worksheet>'
    )
    writer.close()


def write_document(path: Path, document: str | bytes) -> None:
    """A workbook whose only sheet part is this document."""
    writer = start_workbook(path)
    writer.add("xl/worksheets/sheet1.xml", document)
    writer.close()


def cell(reference: str, value: object = 1) -> str:
    return f'<c r="{reference}"><v>{value}</v></c>'


def row(number: int, *cells: str) -> str:
    return f'<row r="{number}">{"".join(cells)}</row>'


def _numbered_rows(first: int, last: int, text: str) -> str:
    return "".join(text.format(number=number) for number in range(first, last + 1))


# --- other kinds of files ------------------------------------------------------------------------------------------


def write_csv(path: Path) -> None:
    path.write_text("No Invoice;Nama;Jumlah\nINV-1;Budi Santoso;150000\n")


def write_utf16_text(path: Path) -> None:
    path.write_bytes("No Invoice\tNama\tJumlah\r\nINV-1\tBudi\t150000\r\n".encode("utf-16"))


def write_html(path: Path) -> None:
    path.write_text("\n  <html><table><tr><td>INV-1</td></tr></table></html>")


def write_empty(path: Path) -> None:
    path.write_bytes(b"")


def write_pdf(path: Path) -> None:
    path.write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n")


def write_photo(path: Path) -> None:
    path.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(200))


def write_zeros(path: Path) -> None:
    path.write_bytes(bytes(5000))


def write_old_excel(path: Path) -> None:
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4000) + "Workbook".encode("utf-16-le") + bytes(600))


def write_password(path: Path) -> None:
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(300_000) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    )


def write_truncated(path: Path) -> None:
    write_sheet(path, _numbered_rows(1, 500, '<row r="{number}"><c r="A{number}"><v>1</v></c></row>'))
    path.write_bytes(path.read_bytes()[:-100])


def write_bit_flip(path: Path) -> None:
    write_sheet(path, _numbered_rows(1, 500, '<row r="{number}"><c r="A{number}"><v>{number}</v></c></row>'))
    data = bytearray(path.read_bytes())
    # Some way into the sheet's compressed bytes, behind its local header.
    data[data.index(b"xl/worksheets/sheet1.xml") + 1500] ^= 0x10
    path.write_bytes(data)


def write_binary_workbook(path: Path) -> None:
    writer = ZipWriter(path)
    writer.add("[Content_Types].xml", "<Types/>")
    writer.add("xl/workbook.bin", b"\x83\x01\x00")
    writer.close()


def write_open_document(path: Path) -> None:
    writer = ZipWriter(path)
    writer.add("mimetype", "application/vnd.oasis.opendocument.spreadsheet", method=0)
    writer.add("content.xml", "<office:document-content/>")
    writer.close()


def write_word(path: Path) -> None:
    writer = ZipWriter(path)
    writer.add("[Content_Types].xml", "<Types/>")
    writer.add("word/document.xml", "<w:document/>")
    writer.close()


def write_plain_zip(path: Path) -> None:
    writer = ZipWriter(path)
    writer.add("laporan.txt", "halo")
    writer.close()


def write_macros(path: Path) -> None:
    writer = start_workbook(path)
    writer.add("xl/worksheets/sheet1.xml", SHEET_HEAD + row(1, cell("A1")) + SHEET_TAIL)
    writer.add("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0")
    writer.close()


# --- attacks -------------------------------------------------------------------------------------------------------


def write_far_corner(path: Path) -> None:
    write_sheet(path, row(1, cell("A1")) + row(1_048_576, cell("XFD1048576")))


def write_far_column(path: Path) -> None:
    write_sheet(path, row(1, cell("A1")) + row(20_000, cell("XFD20000")))


def write_far_column_in_short_rows(path: Path) -> None:
    write_sheet(path, row(1, cell("A1")) + row(900, cell("XFD900")))


def write_far_corner_prefixed(path: Path) -> None:
    write_document(
        path,
        f'{_XML}<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c></x:row>'
        '<x:row r="1048576"><x:c r="XFD1048576"><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>',
    )


def write_far_corner_single_quoted(path: Path) -> None:
    write_sheet(path, (row(1, cell("A1")) + row(1_048_576, cell("XFD1048576"))).replace('"', "'"))


def write_far_corner_in_odd_spacing(path: Path) -> None:
    """Legal XML that the guard's search does not see: for the child's limits."""
    write_sheet(path, (row(1, cell("A1")) + row(1_048_576, cell("XFD1048576"))).replace(" r=", "\tr ="))


def write_far_row_in_the_middle(path: Path) -> None:
    write_sheet(path, row(1, cell("A1")) + row(900_000, cell("A900000")) + row(3, cell("B3")))


def write_impossible_row(path: Path) -> None:
    write_sheet(path, row(1, cell("A1")) + row(99_999_999_999, cell("A99999999999")))


def write_impossible_row_without_references(path: Path) -> None:
    write_sheet(path, row(4_000_000_000, "<c><v>1</v></c>"))


def write_gigabyte_of_rows(path: Path) -> None:
    writer = start_workbook(path)
    block = ("<row><c><v>1</v></c><c><v>2</v></c></row>" * (MIB // 41)).encode()
    writer.add_repeated("xl/worksheets/sheet1.xml", SHEET_HEAD, block, 1024, SHEET_TAIL)
    writer.close()


def write_gigabyte_string(path: Path) -> None:
    writer = start_workbook(path)
    head, tail = f'{_XML}<sst xmlns="{MAIN}"><si><t>', "</t></si></sst>"
    writer.add_repeated("xl/sharedStrings.xml", head, b"A" * MIB, 1024, tail)
    writer.add("xl/worksheets/sheet1.xml", SHEET_HEAD + row(1, '<c r="A1" t="s"><v>0</v></c>') + SHEET_TAIL)
    writer.close()


def write_long_string(path: Path) -> None:
    """50 MB in one cell: small enough for the zip limits."""
    writer = start_workbook(path)
    head, tail = f'{SHEET_HEAD}<row r="1"><c r="A1" t="inlineStr"><is><t>', f"</t></is></c></row>{SHEET_TAIL}"
    block = bytes(65 + (number * 7919 >> 3) % 26 for number in range(MIB))
    writer.add_repeated("xl/worksheets/sheet1.xml", head, block, 50, tail)
    writer.close()


def write_many_strings(path: Path) -> None:
    writer = start_workbook(path)
    head, tail = f'{_XML}<sst xmlns="{MAIN}">', "</sst>"
    writer.add_repeated("xl/sharedStrings.xml", head, b"<si><t>a</t></si>" * (MIB // 17), 400, tail)
    writer.add("xl/worksheets/sheet1.xml", SHEET_HEAD + row(1, cell("A1")) + SHEET_TAIL)
    writer.close()


def write_gigabyte_of_zeros(path: Path) -> None:
    writer = start_workbook(path)
    writer.add_repeated("xl/worksheets/sheet1.xml", "", bytes(MIB), 1024, "")
    writer.close()


def write_lying_size(path: Path) -> None:
    """A gigabyte that declares 5,000 bytes."""
    writer = start_workbook(path)
    block = b"<row><c><v>1</v></c></row>" * (MIB // 26)
    writer.add_repeated("xl/worksheets/sheet1.xml", SHEET_HEAD, block, 1024, SHEET_TAIL, size=5000)
    writer.close()


def write_boasting_size(path: Path) -> None:
    """A few bytes that declare 4 GB."""
    writer = start_workbook(path)
    writer.add("xl/worksheets/sheet1.xml", SHEET_HEAD + row(1, cell("A1")) + SHEET_TAIL, size=0xFFFFFFF0)
    writer.close()


def write_media_bomb(path: Path) -> None:
    writer = start_workbook(path)
    writer.add("xl/worksheets/sheet1.xml", SHEET_HEAD + row(1, cell("A1")) + SHEET_TAIL)
    writer.add_repeated("xl/media/image1.png", "\x89PNG", bytes(MIB), 1024, "")
    writer.close()


_DTD = '<!DOCTYPE x [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;">]>'
_XXE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
_ENTITY_SHEET = (
    f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&a;</t></is></c></row>'
    "</sheetData></worksheet>"
)


def write_entity_bomb(path: Path) -> None:
    write_document(path, '<?xml version="1.0"?>' + _DTD + _ENTITY_SHEET)


def write_external_entity(path: Path) -> None:
    write_document(path, '<?xml version="1.0"?><!-- <a> -->' + _XXE + _ENTITY_SHEET)


def write_utf16_entity_bomb(path: Path) -> None:
    write_document(path, ('<?xml version="1.0" encoding="UTF-16"?>' + _DTD + _ENTITY_SHEET).encode("utf-16"))


def write_utf16_without_mark(path: Path) -> None:
    write_document(path, ('<?xml version="1.0"?>' + _DTD + _ENTITY_SHEET).encode("utf-16-le"))


def write_utf7(path: Path) -> None:
    write_document(path, '<?xml version="1.0" encoding="utf-7"?>' + _ENTITY_SHEET)


def write_comment_flood(path: Path) -> None:
    """A prolog made to backtrack."""
    write_document(path, "<!--" * 20_000 + " -- " + "-->" * 3 + "<!")


def write_duplicate_part(path: Path) -> None:
    writer = start_workbook(path)
    writer.add("xl/worksheets/sheet1.xml", SHEET_HEAD + row(1, cell("A1")) + SHEET_TAIL)
    writer.add("xl/worksheets/Sheet1.xml", SHEET_HEAD + row(1, cell("XFD1")) + SHEET_TAIL)
    writer.close()


def write_traversal(path: Path) -> None:
    writer = start_workbook(path)
    writer.add("xl/worksheets/sheet1.xml", SHEET_HEAD + row(1, cell("A1")) + SHEET_TAIL)
    writer.add("xl/../../etc/cron.d/x", "x")
    writer.close()


def write_many_entries(path: Path) -> None:
    writer = start_workbook(path)
    for number in range(5_000):
        writer.add(f"xl/media/{number}", b"")
    writer.close()


def write_two_directories(path: Path) -> None:
    """A sound zip whose comment is the end of another one: two readers may see two workbooks."""
    write_sheet(path, row(1, cell("A1")))
    data = path.read_bytes()
    tail = data[-22:]
    path.write_bytes(data[:-2] + struct.pack("<H", len(tail)) + tail)


def write_prepended(path: Path) -> None:
    write_sheet(path, row(1, cell("A1")))
    data = path.read_bytes()
    path.write_bytes(b"PK\x03\x04" + bytes(60) + data)


def write_odd_compression(path: Path) -> None:
    writer = start_workbook(path)
    writer.add("xl/worksheets/sheet1.xml", b"BZh9", method=12)
    writer.close()


def write_encrypted_entry(path: Path) -> None:
    writer = start_workbook(path)
    writer.add("xl/worksheets/sheet1.xml", SHEET_HEAD + row(1, cell("A1")) + SHEET_TAIL, flags=1)
    writer.close()


def write_too_many_rows(path: Path) -> None:
    """3,000 rows of one cell."""
    write_sheet(path, _numbered_rows(1, 3000, '<row r="{number}"><c r="A{number}"><v>1</v></c></row>'))


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "csv": (write_csv, "file_is_csv"),
    "utf16 text": (write_utf16_text, "file_is_csv"),
    "html": (write_html, "file_is_html"),
    "empty": (write_empty, "file_empty"),
    "pdf": (write_pdf, "file_is_pdf"),
    "photo": (write_photo, "file_is_image"),
    "zeros": (write_zeros, "file_not_workbook"),
    "old excel": (write_old_excel, "file_is_xls"),
    "password": (write_password, "file_has_password"),
    "truncated": (write_truncated, "file_truncated"),
    "bit flip": (write_bit_flip, "workbook_damaged"),
    "xlsb": (write_binary_workbook, "file_is_xlsb"),
    "ods": (write_open_document, "file_is_ods"),
    "docx": (write_word, "file_is_document"),
    "zip": (write_plain_zip, "file_not_workbook"),
    "macros": (write_macros, "file_has_macros"),
    "far corner": (write_far_corner, "value_far_away"),
    "far column": (write_far_column, "value_far_away"),
    "far column in short rows": (write_far_column_in_short_rows, "value_far_away"),
    "far corner prefixed": (write_far_corner_prefixed, "value_far_away"),
    "far corner single quoted": (write_far_corner_single_quoted, "value_far_away"),
    "far corner in odd spacing": (write_far_corner_in_odd_spacing, "workbook_too_complex"),
    "far row in the middle": (write_far_row_in_the_middle, "too_many_rows"),
    "impossible row": (write_impossible_row, "value_far_away"),
    "impossible row without references": (write_impossible_row_without_references, "value_far_away"),
    "gigabyte of rows": (write_gigabyte_of_rows, "workbook_inflates_too_much"),
    "gigabyte string": (write_gigabyte_string, "workbook_inflates_too_much"),
    "long string": (write_long_string, "text_too_long"),
    "many strings": (write_many_strings, "too_many_texts"),
    "gigabyte of zeros": (write_gigabyte_of_zeros, "workbook_inflates_too_much"),
    "lying size": (write_lying_size, "workbook_suspicious"),
    "boasting size": (write_boasting_size, "workbook_inflates_too_much"),
    "media bomb": (write_media_bomb, "workbook_inflates_too_much"),
    "entity bomb": (write_entity_bomb, "workbook_suspicious"),
    "external entity": (write_external_entity, "workbook_suspicious"),
    "utf16 entity bomb": (write_utf16_entity_bomb, "workbook_suspicious"),
    "utf16 without mark": (write_utf16_without_mark, "workbook_suspicious"),
    "utf7": (write_utf7, "workbook_suspicious"),
    "comment flood": (write_comment_flood, "workbook_suspicious"),
    "duplicate part": (write_duplicate_part, "workbook_suspicious"),
    "traversal": (write_traversal, "workbook_suspicious"),
    "many entries": (write_many_entries, "workbook_suspicious"),
    "two directories": (write_two_directories, "workbook_suspicious"),
    "prepended": (write_prepended, "workbook_suspicious"),
    "odd compression": (write_odd_compression, "workbook_suspicious"),
    "encrypted entry": (write_encrypted_entry, "file_has_password"),
}
"""Every file that must be refused at the default limits, and the code that says why."""


# --- odd, but somebody's honest file -------------------------------------------------------------------------------


def write_formatted_rows(path: Path) -> None:
    """1,000 rows of data; formats go down to the sheet's last row."""
    writer = start_workbook(path)
    data = _numbered_rows(1, 1000, '<row r="{number}"><c r="A{number}"><v>1</v></c><c r="B{number}" s="1"/></row>')
    formats = _numbered_rows(
        1001,
        1_048_576,
        '<row r="{number}" s="1" customFormat="1"><c r="A{number}" s="1"/><c r="B{number}" s="1"></c></row>',
    )
    writer.add("xl/worksheets/sheet1.xml", SHEET_HEAD + data + formats + SHEET_TAIL)
    writer.close()


def write_formatted_corner(path: Path) -> None:
    write_sheet(path, row(1, cell("A1"), '<c r="XFD1" s="1"/>') + '<row r="1048576" s="1"/>')


def write_lying_dimension(path: Path) -> None:
    dimension = '<dimension ref="A1:XFD1048576"/><sheetData>'
    write_document(path, SHEET_HEAD.replace("<sheetData>", dimension) + row(1, cell("A1")) + SHEET_TAIL)


def write_zip64(path: Path) -> None:
    writer = start_workbook(path)
    writer.add("xl/worksheets/sheet1.xml", SHEET_HEAD + row(1, cell("A1")) + SHEET_TAIL)
    writer.close(zip64=True)


def write_not_a_number(path: Path) -> None:
    write_sheet(path, row(1, cell("A1", "NaN"), cell("B1", "1e400"), cell("C1", "-INF"), cell("D1", 5)))


def write_prefixed(path: Path) -> None:
    """As some .NET libraries write it."""
    write_document(
        path,
        f'{_XML}<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c>'
        '<x:c r="B1" t="e"><x:v>#N/A</x:v></x:c><x:c r="C1"><x:f>A1*2</x:f></x:c></x:row></x:sheetData></x:worksheet>',
    )


def write_commented(path: Path) -> None:
    write_document(path, f"{_XML}<!-- made by -->\n{SHEET_HEAD.removeprefix(_XML)}{row(1, cell('A1'))}{SHEET_TAIL}")


ACCEPTED: dict[str, Callable[[Path], None]] = {
    "formatted rows": write_formatted_rows,
    "formatted corner": write_formatted_corner,
    "lying dimension": write_lying_dimension,
    "zip64": write_zip64,
    "not a number": write_not_a_number,
    "prefixed": write_prefixed,
    "commented": write_commented,
}

"""Look at an uploaded file before any workbook parser opens it, and refuse what would harm or mislead the parser.

The checks are ordered by what they cost: size and first bytes, the zip directory, then every part inflated in blocks
with a true cap (declared sizes may lie). They are cheap necessary conditions, not a parser: 100,000 rows cost some
0.2 s. What slips through by odd but legal XML meets the limits of the child process (``invoicing.workbooks.sandbox``).
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from invoicing.workbooks.refusal import WorkbookRefused

MAX_COLUMNS = 52
"""Values may stand in columns A to AZ. The fast reader fills the rectangle around all values: width costs memory."""
EXCEL_ROWS = 1_048_576
SLACK_ROWS = 1_000
"""Rows that are no data: title, header, blank, total and signature rows."""

_BLOCK, _COMPRESSED_BLOCK = 256 * 1024, 32 * 1024
_OVERLAP = 512
_HEAD = 4096
_MAX_ENTRIES = 2_000
_MAX_DIRECTORY_BYTES = 256 * 1024
_INFLATED_BASE, _INFLATED_PER_ROW = 64 << 20, 2048
_RATIO, _RATIO_FROM = 100, 16 << 20
_STRINGS_BASE, _STRINGS_PER_ROW = 100_000, 20

_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_IMAGE_MAGICS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"II*\x00", b"MM\x00*")
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x1a\x1b")

# Atomic and possessive throughout: a hostile prolog must not make the match backtrack.
_PROLOG = re.compile(
    rb"\A(?:\xef\xbb\xbf)?+\s*+(?:<\?[^>]*+>\s*+|(?><!--.*?-->)\s*+)*+<(?:([\w.-]+):)?([\w.-]+)[\s/>]", re.DOTALL
)
_ENCODING = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)""")
_ENCODINGS = (b"utf-8", b"utf8", b"us-ascii", b"ascii")
_ERROR_CELL = re.compile(rb' t="e"')
_FORMULA = re.compile(rb"<f")
_VALUELESS = rb"\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>"
_VALUELESS_FORMULAS = (re.compile(rb"</f>" + _VALUELESS), re.compile(rb"<f(?:\s[^<>]*)?/>" + _VALUELESS))


@dataclass(frozen=True, slots=True)
class PartScan:
    """What a worksheet part holds that the fast reader would show as an empty cell."""

    has_errors: bool
    has_valueless_formulas: bool


@dataclass(frozen=True, slots=True)
class GuardReport:
    last_row: int
    """Largest row number that may hold a value."""
    parts: dict[str, PartScan]
    """Worksheet parts by name inside the zip, e.g. ``xl/worksheets/sheet1.xml``."""


@dataclass(frozen=True, slots=True)
class _Limits:
    max_rows: int
    inflated_bytes: int
    strings: int
    last_row: int
    strict_bytes: int
    """So much of each sheet is searched for far values in any case."""
    long_reference: re.Pattern[bytes]
    """Quick to search for, and part of every far value but those in short rows (``XFD900``)."""
    far_value: re.Pattern[bytes]


def inspect_file(path: Path, *, max_bytes: int, max_rows: int) -> GuardReport:
    """Raises WorkbookRefused unless the file is an .xlsx workbook that a parser may open."""
    with path.open("rb") as file:
        _check_kind(file, path.stat().st_size, max_bytes)
        entries = _read_directory(file)
        names = {entry.filename.lower() for entry in entries}
        _check_workbook(names, entries)
        limits = _set_limits(max_rows)
        if sum(entry.file_size for entry in entries) > limits.inflated_bytes:
            raise WorkbookRefused("workbook_inflates_too_much")
        parts: dict[str, PartScan] = {}
        for entry in entries:
            scan = _scan_part(entry.filename, _inflate(file, entry), limits)
            if scan:
                parts[entry.filename] = scan
    return GuardReport(last_row=limits.last_row, parts=parts)


def _set_limits(max_rows: int) -> _Limits:
    rows = max_rows + SLACK_ROWS
    step = 10 ** (len(str(rows)) - 2)
    # Rounded up to two leading digits: exact enough for "far below the data", and the pattern stays small.
    first_far_row = min(-(-rows // step) * step, 1_100_000)
    above = _digits_from(first_far_row)
    columns = rb"(?:[B-Z][A-Z]|[A-Z]{3,})[0-9]+"
    # A cell not closed at once (`<c …/>`, `<c …></c>`) holds a value; a row number beyond Excel's is never right.
    far_value = (
        rb' r="(?:(?P<cell>' + columns + rb"|A?[A-Z](?:" + above + rb'))"[^<>]*+(?<!/)>(?!\s*</)'
        rb"|(?P<row>" + _digits_from(1_100_000) + rb')")'
    )
    return _Limits(
        max_rows=max_rows,
        inflated_bytes=_INFLATED_BASE + max_rows * _INFLATED_PER_ROW,
        strings=_STRINGS_BASE + max_rows * _STRINGS_PER_ROW,
        last_row=min(first_far_row - 1, EXCEL_ROWS),
        strict_bytes=1 << 20 if first_far_row < 1_000_000 else 10 << 20,
        long_reference=re.compile(rb' r="[0-9A-Z]{%d}' % (1 + len(str(first_far_row)))),
        far_value=re.compile(far_value),
    )


def _digits_from(number: int) -> bytes:
    """A pattern of the decimal numbers from ``number`` up, which must be two digits followed by zeros only."""
    text = str(number)
    first, second, zeros = text[0], text[1], len(text) - 2
    choices = [f"{first}[{second}-9][0-9]{{{zeros}}}", f"[0-9]{{{len(text) + 1},}}"]
    if first != "9":
        choices.append(f"[{int(first) + 1}-9][0-9]{{{zeros + 1}}}")
    return "|".join(choices).encode()


# --- what kind of file ---------------------------------------------------------------------------------------------


def _check_kind(file: BinaryIO, size: int, max_bytes: int) -> None:
    if size == 0:
        raise WorkbookRefused("file_empty")
    if size > max_bytes:
        raise WorkbookRefused("file_too_large", max_mb=max_bytes >> 20)
    head = file.read(_HEAD)
    if head.startswith(b"PK\x03\x04"):
        return
    if head.startswith(_OLE_MAGIC):
        raise WorkbookRefused("file_has_password" if _holds(file, "EncryptedPackage") else "file_is_xls")
    raise WorkbookRefused(_name_kind(head))


def _name_kind(head: bytes) -> str:
    if b"%PDF-" in head[:1024]:
        return "file_is_pdf"
    if head.startswith(_IMAGE_MAGICS) or head[4:8] == b"ftyp":
        return "file_is_image"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.decode("utf-16", errors="replace").encode()
    if any(byte < 32 and byte not in _TEXT_CONTROLS for byte in head):
        return "file_not_workbook"
    # Web systems like to "export to Excel" by giving an HTML table the ending .xls or .xlsx.
    return "file_is_html" if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<") else "file_is_csv"


def _holds(file: BinaryIO, name: str) -> bool:
    needle = name.encode("utf-16-le")
    file.seek(0)
    tail = b""
    while block := file.read(_BLOCK):
        if needle in tail + block:
            return True
        tail = block[-len(needle) :]
    return False


# --- the zip directory ---------------------------------------------------------------------------------------------


def _read_directory(file: BinaryIO) -> list[ZipInfo]:
    """The entries of the zip. Refuses directories that two readers could understand differently."""
    count = _check_end_record(file)
    try:
        with ZipFile(file) as archive:
            entries = archive.infolist()
    except (BadZipFile, NotImplementedError, ValueError, struct.error, OSError) as error:
        raise WorkbookRefused("workbook_damaged") from error
    if len(entries) != count:
        raise WorkbookRefused("workbook_suspicious")
    seen: set[str] = set()
    for entry in entries:
        _check_entry(entry)
        if entry.filename.lower() in seen:
            raise WorkbookRefused("workbook_suspicious")
        seen.add(entry.filename.lower())
    return entries


def _check_end_record(file: BinaryIO) -> int:
    """The number of entries, after checking that the end record lies at the very end and right behind its directory."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 98))
    tail = file.read()
    record = tail[-22:]
    if record[:4] != b"PK\x05\x06":
        raise WorkbookRefused("file_truncated")
    disk, first_disk, _, count, directory_bytes, offset, comment = struct.unpack("<4H2LH", record[4:])
    if disk or first_disk or comment or count > _MAX_ENTRIES or directory_bytes > _MAX_DIRECTORY_BYTES:
        raise WorkbookRefused("workbook_suspicious")
    between = size - 22 - offset - directory_bytes
    # Some writers always add the zip64 records (76 bytes); they must then tell the same as the plain one.
    if between == 76 and tail[:4] == b"PK\x06\x06":
        if struct.unpack("<2Q", tail[40:56]) != (directory_bytes, offset):
            raise WorkbookRefused("workbook_suspicious")
    elif between != 0:
        raise WorkbookRefused("workbook_suspicious")
    return int(count)


def _check_entry(entry: ZipInfo) -> None:
    name = entry.orig_filename
    if entry.flag_bits & 0x1:
        raise WorkbookRefused("file_has_password")
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise WorkbookRefused("workbook_suspicious")
    if name.startswith("/") or ".." in name.split("/") or any(sign in name for sign in "\\:\0"):
        raise WorkbookRefused("workbook_suspicious")


def _check_workbook(names: set[str], entries: list[ZipInfo]) -> None:
    if "xl/workbook.bin" in names:
        raise WorkbookRefused("file_is_xlsb")
    if "content.xml" in names and "mimetype" in names:
        raise WorkbookRefused("file_is_ods")
    if any(name.startswith(("word/", "ppt/")) for name in names) and "xl/workbook.xml" not in names:
        raise WorkbookRefused("file_is_document")
    if not {"[content_types].xml", "xl/workbook.xml"} <= names:
        raise WorkbookRefused("file_not_workbook")
    # Values only would be safe, but the bank does not want to keep files with programs in them.
    if any(entry.filename.lower().endswith("vbaproject.bin") for entry in entries):
        raise WorkbookRefused("file_has_macros")


# --- the parts -----------------------------------------------------------------------------------------------------


def _inflate(file: BinaryIO, entry: ZipInfo) -> Iterator[bytes]:
    """The entry's bytes in blocks, exactly as many as the directory declares."""
    file.seek(entry.header_offset)
    header = file.read(30)
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise WorkbookRefused("workbook_damaged")
    file.seek(sum(struct.unpack("<2H", header[26:])), 1)
    total = 0
    for block in _decode(file, entry):
        total += len(block)
        if total > entry.file_size:
            raise WorkbookRefused("workbook_suspicious")
        if total > _RATIO_FROM and total > entry.compress_size * _RATIO:
            raise WorkbookRefused("workbook_inflates_too_much")
        yield block
    if total != entry.file_size:
        raise WorkbookRefused("workbook_damaged")


def _decode(file: BinaryIO, entry: ZipInfo) -> Iterator[bytes]:
    left = entry.compress_size
    decoder = zlib.decompressobj(-zlib.MAX_WBITS)
    while left:
        chunk = file.read(min(_COMPRESSED_BLOCK, left))
        if not chunk:
            raise WorkbookRefused("file_truncated")
        left -= len(chunk)
        if entry.compress_type == ZIP_STORED:
            yield chunk
            continue
        try:
            while chunk:
                yield decoder.decompress(chunk, _BLOCK)
                chunk = decoder.unconsumed_tail
        except zlib.error as error:
            raise WorkbookRefused("workbook_damaged") from error
    if entry.compress_type == ZIP_DEFLATED:
        if rest := decoder.flush():
            yield rest
        if not decoder.eof:
            raise WorkbookRefused("workbook_damaged")


def _scan_part(name: str, blocks: Iterator[bytes], limits: _Limits) -> PartScan | None:
    """Inflate the part to its end. The scan of a worksheet; None for any other part."""
    first = next(blocks, b"")
    scan = None
    looks_like_xml = first[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    if first and (looks_like_xml or name.lower().endswith((".xml", ".rels"))):
        prefix, root = _check_prolog(first[:_HEAD])
        if root == b"sst":
            _scan_strings(prefix, first, blocks, limits)
        elif root == b"worksheet":
            scan = _scan_sheet(prefix, first, blocks, limits)
        else:
            _check_texts(first, blocks)
    for _ in blocks:
        pass
    return scan


def _check_prolog(head: bytes) -> tuple[bytes, bytes]:
    """Prefix and local name of the root element. A document type can only stand before it, and none is allowed."""
    match = _PROLOG.match(head)
    if not match:
        hidden = head.replace(b"\0", b"")
        raise WorkbookRefused("workbook_suspicious" if b"<!" in hidden or b"<?" in hidden else "workbook_damaged")
    encoding = _ENCODING.search(head)
    if encoding and encoding[1].lower() not in _ENCODINGS:
        raise WorkbookRefused("workbook_suspicious")
    return match[1] or b"", match[2]


def _check_texts(first: bytes, blocks: Iterator[bytes]) -> None:
    _check_text(first)
    for block in blocks:
        _check_text(block)


def _check_text(block: bytes) -> None:
    # Excel's longest text is 32,767 characters: a whole block without a tag is no cell.
    if len(block) == _BLOCK and b"<" not in block:
        raise WorkbookRefused("text_too_long")


def _scan_strings(prefix: bytes, first: bytes, blocks: Iterator[bytes], limits: _Limits) -> None:
    name = prefix + b":si" if prefix else b"si"
    closed, empty = b"</" + name + b">", b"<" + name + b"/>"
    count = first.count(closed) + first.count(empty)
    for block in blocks:
        _check_text(block)
        count += block.count(closed) + block.count(empty)
        if count > limits.strings:
            raise WorkbookRefused("too_many_texts")


def _scan_sheet(prefix: bytes, first: bytes, blocks: Iterator[bytes], limits: _Limits) -> PartScan:
    # Names with a prefix (`<x:c>`, as some .NET programs write) are left to the careful reader altogether.
    errors = valueless = bool(prefix)
    tail, seen = b"", 0
    block: bytes | None = first
    while block:
        _check_text(block)
        # Single quotes are legal but nobody's habit; names like Ma'ruf are everybody's.
        if b"'" in block and b"='" in block:
            errors = valueless = True
            block = block.replace(b"'", b'"')
        for piece in (tail + block[:_OVERLAP], block):
            # The first rows have short references even in column XFD.
            if seen < limits.strict_bytes or limits.long_reference.search(piece):
                _check_far_value(piece, limits)
            errors = errors or _ERROR_CELL.search(piece) is not None
            valueless = valueless or _has_valueless_formula(piece)
        seen += len(block)
        tail = block[-_OVERLAP:]
        block = next(blocks, None)
    return PartScan(has_errors=errors, has_valueless_formulas=valueless)


def _has_valueless_formula(piece: bytes) -> bool:
    return _FORMULA.search(piece) is not None and any(pattern.search(piece) for pattern in _VALUELESS_FORMULAS)


def _check_far_value(piece: bytes, limits: _Limits) -> None:
    match = limits.far_value.search(piece)
    if not match:
        return
    reference = (match["cell"] or match["row"]).decode()
    letters = reference.rstrip("0123456789")
    if len(letters) in (1, 2) and letters.rjust(2) <= "AZ" and int(reference[len(letters) :][:8]) <= EXCEL_ROWS:
        raise WorkbookRefused("too_many_rows", cell=reference, max_rows=limits.max_rows)
    raise WorkbookRefused("value_far_away", cell=reference[:20])

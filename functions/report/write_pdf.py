"""A document's summary as PDF: title, facts and the small tables, A4. The details are for xlsx and csv."""

from collections import deque
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import KeepTogether, LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from report.cells import to_local
from report.document import Cells, Column, Document, Table

_HEAD = colors.HexColor("#1F4E78")
_BAND = colors.HexColor("#DDEBF7")
_MARGIN = 18 * mm
_SMALL_TABLE = 30
"""Rows that fit on a page with their title."""


def write_pdf(document: Document, path: Path) -> None:
    # The summary is made of the details.
    for table in (document.details, *document.more):
        deque(table.rows, maxlen=0)
    styles = getSampleStyleSheet()
    body = styles["BodyText"]
    story: list[Any] = [Paragraph(_fit(document.title), styles["Title"])]
    story += [Paragraph(f"<b>{_fit(label)}:</b> {_fit(text)}", body) for label, text in document.facts]
    for table in document.summarise():
        heading = Paragraph(_fit(table.title), styles["Heading3"])
        laid_out, rows = _lay_out(table, document.zone, body)
        story += [Spacer(1, 4 * mm)]
        story += [KeepTogether([heading, laid_out])] if rows <= _SMALL_TABLE else [heading, laid_out]
    margins: dict[str, Any] = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), _MARGIN)
    template = SimpleDocTemplate(str(path), pagesize=A4, title=document.title, **margins)
    template.build(story, onFirstPage=_number_page, onLaterPages=_number_page)


def _lay_out(table: Table, zone: str, body: Any) -> tuple[LongTable, int]:
    right = ParagraphStyle("right", parent=body, alignment=TA_RIGHT)
    head = [
        Paragraph(f'<font color="white"><b>{_fit(column.name)}</b></font>', right if _is_number(column) else body)
        for column in table.columns
    ]
    rows = [
        [_show(column, value, zone, body) for column, value in zip(table.columns, row, strict=True)]
        for row in table.rows
    ]
    totals = table.read_totals()
    if totals is not None:
        rows.append([_show(column, value, zone, body) for column, value in zip(table.columns, totals, strict=True)])
    style: list[Any] = [
        ("BACKGROUND", (0, 0), (-1, 0), _HEAD),
        ("LINEBELOW", (0, 1), (-1, -1), 0.25, colors.lightgrey),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ]
    style += [
        ("ALIGN", (place, 1), (place, -1), "RIGHT") for place, column in enumerate(table.columns) if _is_number(column)
    ]
    if totals is not None:
        style += [("BACKGROUND", (0, -1), (-1, -1), _BAND), ("LINEABOVE", (0, -1), (-1, -1), 0.75, _HEAD)]
    widths = [column.width for column in table.columns]
    scale = min((A4[0] - 2 * _MARGIN) / sum(widths), 2.4 * mm)
    laid_out = LongTable([head, *rows], colWidths=[width * scale for width in widths], repeatRows=1, hAlign="LEFT")
    laid_out.setStyle(TableStyle(style))
    return laid_out, len(rows)


def _is_number(column: Column) -> bool:
    return column.cells in (Cells.NUMBER, Cells.MONEY)


def _show(column: Column, value: Any, zone: str, body: Any) -> Any:
    if value == "" or value is None:
        return ""
    if isinstance(value, int):
        return f"{value:,}".replace(",", ".")
    if column.cells is Cells.INSTANT:
        return f"{to_local(value, zone):%d/%m/%Y %H:%M}"
    return Paragraph(_fit(value), body)


def _fit(text: str) -> str:
    """Text for the fonts that every PDF reader has: what they lack becomes a question mark."""
    return escape(text.encode("cp1252", errors="replace").decode("cp1252"))


def _number_page(canvas: Any, template: Any) -> None:
    canvas.setFont("Helvetica", 8)
    canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, str(canvas.getPageNumber()))
    canvas.drawString(_MARGIN, 10 * mm, _fit(template.title))

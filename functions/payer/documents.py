"""The bill and the receipt (kwitansi) as PDF, A4, one page for all but the longest bills."""

import io
import unicodedata
from collections.abc import Sequence
from datetime import date
from functools import lru_cache, partial
from typing import Any, Literal
from xml.sax.saxutils import escape

import segno
from num2words import num2words
from reportlab.graphics.shapes import Drawing, Rect
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from invoicing import bill_facts, clock, wording
from invoicing.money import format_rupiah
from invoicing.payer_bills import PayerBill
from invoicing.payer_links import build_payer_link
from invoicing.texts import text
from payer.pages import choose_language, describe_state

_FONT, _BOLD = "Vera", "VeraBd"
"""Ships with reportlab: fonts of their own kind are neither copied into this project nor fetched."""
_BRAND, _INK, _SOFT, _LINE = HexColor("#c8102e"), HexColor("#1c1f23"), HexColor("#565d66"), HexColor("#dde1e6")
_BLACK = HexColor("#000000")
_MARGIN = 18 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_QR_SIZE = 30 * mm


def render_invoice_pdf(token: str, bill: PayerBill, language: str | None) -> bytes:
    """The bill with its items, its state on this day, how to pay it, and a QR code that opens its page."""
    chosen = language or choose_language(bill)
    words = partial(_word, chosen)
    invoice = wording.clean(bill.invoice)
    amount = format_rupiah(invoice["amount"])
    story = _start(bill, words("pdf.invoice"), invoice["number"], chosen)
    story += [_say(f"{words(f'state.{bill.state}')}. {describe_state(bill, invoice, chosen)}", _style(bold=True))]
    facts = [
        (words("amount"), amount),
        (words("due_date"), wording.format_date(date.fromisoformat(invoice["due_date"]), chosen)),
        (words("va_number"), wording.group_va_number(invoice["va_number"])),
    ]
    story += [Spacer(0, 4 * mm), _tabulate_facts([*facts, *bill_facts.list_details(invoice, chosen)])]
    items = bill_facts.list_items(invoice.get("items", []), chosen)
    if items:
        story += [Spacer(0, 5 * mm), _tabulate_items(items, amount, chosen)]
    if bill.state in ("open", "overdue"):
        story += [Spacer(0, 5 * mm), _say(words("pay"), _style(11, bold=True)), _say(words("pay.exact", amount=amount))]
        for way, steps in bill_facts.list_ways(invoice, chosen):
            story.append(_say(f"{way}: {' '.join(steps)}", _style(8.5)))
    link = build_payer_link(invoice["bank_code"], invoice["va_number"], bill.address)
    if link:
        story += [Spacer(0, 4 * mm), _draw_qr(link), _say(words("qr.note"), _style(8, soft=True))]
    story += [Spacer(0, 4 * mm), _say(words("pdf.invoice_note"), _style(8, soft=True))]
    return _build(story, bill, chosen, words("pdf.invoice"))


def render_receipt_pdf(bill: PayerBill, language: str | None) -> bytes:
    """The receipt of a paid bill: its own number, amount in words, bank reference; says that it is no tax invoice."""
    chosen = language or choose_language(bill)
    words = partial(_word, chosen)
    invoice = wording.clean(bill.invoice)
    biller = wording.clean(bill.biller.name)
    payment = invoice.get("payment", {})
    paid = invoice["paid_amount"]
    through = words(
        f"pdf.paid_through.{invoice.get('paid_via', 'va')}",
        **({"biller": biller} if invoice.get("paid_via") == "outside" else {"va_number": invoice["va_number"]}),
    )
    number = build_receipt_number(invoice)
    facts = [
        (words("pdf.receipt_number"), number),
        (words("pdf.received_from"), invoice["payer_name"]),
        (words("pdf.sum"), format_rupiah(paid)),
        (words("pdf.in_words"), spell_rupiah(paid, chosen)),
        (words("pdf.for"), _describe_purpose(invoice, chosen)),
        (words("pdf.paid_at"), wording.format_instant(clock.from_text(invoice["paid_at"]), chosen)),
        (words("pdf.paid_through"), through),
        (words("pdf.bank_reference"), payment.get("bank_reference", "")),
        (words("pdf.received_by"), biller),
    ]
    story = _start(bill, words("pdf.receipt"), number, chosen)
    story += [_tabulate_facts([fact for fact in facts if fact[1]])]
    story += [Spacer(0, 6 * mm), _say(words("pdf.not_tax"), _style(9, bold=True))]
    return _build(story, bill, chosen, words("pdf.receipt"))


def build_receipt_number(invoice: Any) -> str:
    """One per payment, for ever: an account is paid once at most, so its number tells receipts apart."""
    paid = clock.from_text(invoice["paid_at"]).astimezone(clock.JAKARTA)
    return f"KW/{paid:%Y%m}/{invoice['va_number']}"


def spell_rupiah(amount: int, language: str) -> str:
    """``Satu juta lima ratus ribu rupiah``."""
    spelled = _word(language, "pdf.rupiah", words=num2words(amount, lang=language))
    return spelled[:1].upper() + spelled[1:]


def _describe_purpose(invoice: Any, language: str) -> str:
    number = text("notices.what.number", language, number=invoice["number"])
    purpose = wording.describe_purpose(invoice, language)
    named = purpose if purpose == number else f"{purpose} ({number})"
    return ", ".join(part for part in (named, invoice.get("description", "")) if part)


def _start(bill: PayerBill, kind: str, number: str, language: str) -> list[Flowable]:
    sender = text(f"notices.sender_name.{bill.biller.module}", language)
    return [
        _say(sender, _style(10, bold=True, colour=_BRAND)),
        _say(wording.clean(bill.biller.name), _style(15, bold=True)),
        _say(wording.clean(bill.biller.help_contact), _style(9, soft=True)),
        Spacer(0, 5 * mm),
        _say(f"{kind} {number}", _style(13, bold=True)),
        Spacer(0, 2 * mm),
    ]


def _tabulate_facts(facts: Sequence[tuple[str, str]]) -> Table:
    rows = [[_say(label, _style(9.5, soft=True)), _say(value, _style(9.5))] for label, value in facts]
    table = Table(rows, colWidths=[_WIDTH * 0.34, _WIDTH * 0.66])
    table.setStyle(TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.5, _LINE), ("VALIGN", (0, 0), (-1, -1), "TOP")]))
    return table


def _tabulate_items(items: Sequence[dict[str, str]], amount: str, language: str) -> Table:
    right = _style(9, align=2)
    rows = [[_say(_word(language, "items"), _style(9, soft=True)), _say(_word(language, "total"), right)]]
    for item in items:
        rows.append([_say(f"{item['name']} - {item['note']}", _style(9)), _say(item["total"], right)])
    rows.append([_say(_word(language, "total"), _style(9, bold=True)), _say(amount, _style(9, bold=True, align=2))])
    table = Table(rows, colWidths=[_WIDTH * 0.7, _WIDTH * 0.3], repeatRows=1)
    table.setStyle(TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.5, _LINE), ("VALIGN", (0, 0), (-1, -1), "TOP")]))
    return table


def _draw_qr(link: str) -> Drawing:
    matrix = list(segno.make(link, micro=False, error="m").matrix_iter(border=2))
    side = _QR_SIZE / len(matrix)
    drawing = Drawing(_QR_SIZE, _QR_SIZE)
    look: Any = {"strokeColor": None, "fillColor": _BLACK}
    for row, cells in enumerate(matrix):
        for column, dark in enumerate(cells):
            if dark:
                y = _QR_SIZE - (row + 1) * side
                drawing.add(Rect(column * side, y, side, side, **look))
    return drawing


def _build(story: list[Flowable], bill: PayerBill, language: str, kind: str) -> bytes:
    sender = text(f"notices.sender_name.{bill.biller.module}", language)
    made = _word(language, "pdf.made", sender_name=sender, instant=wording.format_instant(clock.now(), language))

    def draw_foot(canvas: Any, document: Any) -> None:
        canvas.setFont(_FONT, 7.5)
        canvas.setFillColor(_SOFT)
        canvas.drawString(_MARGIN, 10 * mm, made)
        canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, _word(language, "pdf.page", page=document.page))

    output = io.BytesIO()
    document = SimpleDocTemplate(
        output,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=f"{kind} {bill.invoice['number']}",
        author=_readable(wording.clean(bill.biller.name)),
        lang=language,
    )
    document.build(story, onFirstPage=draw_foot, onLaterPages=draw_foot)
    return output.getvalue()


def _say(words: str, style: ParagraphStyle | None = None) -> Paragraph:
    return Paragraph(escape(_readable(words)), style or _style())


def _style(
    size: float = 9.5, *, bold: bool = False, soft: bool = False, colour: Any = None, align: Literal[0, 2] = 0
) -> ParagraphStyle:
    _load_fonts()
    return ParagraphStyle(
        "bill",
        fontName=_BOLD if bold else _FONT,
        fontSize=size,
        leading=size * 1.4,
        textColor=colour or (_SOFT if soft else _INK),
        alignment=align,
        splitLongWords=True,
    )


@lru_cache(maxsize=1)
def _load_fonts() -> frozenset[int]:
    """Register the fonts once; the characters that they can show."""
    for name in (_FONT, _BOLD):
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
    font: Any = pdfmetrics.getFont(_FONT)
    return frozenset(font.face.charToGlyph)


def _readable(words: str) -> str:
    """``words`` with characters that the font lacks as their plain letters, or as a question mark."""
    known = _load_fonts()

    def show(character: str) -> str:
        if ord(character) in known:
            return character
        plain = "".join(part for part in unicodedata.normalize("NFKD", character) if ord(part) in known)
        return plain or "?"

    return "".join(map(show, words))


def _word(language: str, key: str, **params: Any) -> str:
    return text(f"payer.{key}", language, **params)

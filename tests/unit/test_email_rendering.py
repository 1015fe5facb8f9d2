"""E-mails of issued invoices: every fact in both languages, nothing to click, and hostile words shown as words."""

import string
import unicodedata
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoicing import wording
from invoicing.bill_facts import MAX_ITEMS
from invoicing.billers import Biller, BillerState, Module
from invoicing.money import format_rupiah
from invoicing.notices import NoticeKind
from invoicing.occasions import Tone
from invoicing.own_wording import Wording
from invoicing.texts import LANGUAGES
from invoicing.texts.en.notices import TEXTS as ENGLISH
from invoicing.texts.id.notices import TEXTS as INDONESIAN
from notify.channels.email_message import EmailMessage, render_email

SHOP = Biller(
    biller_id="toko-sinar",
    name="PT Sinar Pangan & Rekan",
    module=Module.E_INVOICE,
    state=BillerState.ACTIVE,
    company_code="88081",
    giro_account="028000111222",
    help_contact="(021) 555-0101",
)
SCHOOL = replace(SHOP, name="SMP Nusantara", module=Module.PINTU_KELAS)
BILL: dict[str, Any] = {
    "number": "INV-42",
    "payer_name": "CV Maju Jaya",
    "amount": 1_500_000,
    "due_date": "2026-12-31",
    "va_number": "8808100000000017",
    "bank_code": "028",
}
SCHOOL_BILL = BILL | {
    "payer_name": "Alya Putri",
    "student": {"nis": "00231", "class_name": "7A", "unit": "SMP"},
    "fee_type": "SPP",
    "period": "2026-07",
    "school_year": "2026/2027",
    "installment": "2/3",
    "discount": 50_000,
}
PAYMENT = {
    "payment_id": "028#1",
    "channel": "6010",
    "bank_reference": "REF-20261230-1",
    "transaction_at": "2026-12-30T03:14:30Z",
}
PAID: dict[str, Any] = {
    "status": "paid",
    "paid_at": "2026-12-30T03:15:00.000Z",
    "paid_via": "va",
    "paid_amount": 1_500_000,
    "payment": PAYMENT,
}
LINK = "https://bayar.example/Zm9vYmFyYmF6cXV4cXV1eA"
ITEM = {"name": "Beras 25 kg", "quantity": "2.5", "unit_price": 400_000, "discount": 10_000, "total": 990_000}


class Page(HTMLParser):
    """The tags of a page in order, its attributes, and its text as a reader sees it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def render(
    biller: Biller = SHOP,
    name: str = "Ibu Sari",
    language: str = "id",
    *,
    kind: NoticeKind = NoticeKind.ISSUED,
    days: int = -30,
    link: str = "",
    step: str = "",
    **changes: Any,
) -> EmailMessage:
    bill = SCHOOL_BILL if biller.module is Module.PINTU_KELAS else BILL
    if kind is NoticeKind.PAID:
        bill = bill | PAID
    today = date(2026, 12, 31) + timedelta(days=days)
    return render_email(kind, biller, bill | changes, name, language, today, link, step)


def both_parts(message: EmailMessage) -> list[str]:
    return [Page(message.html).text, " ".join(message.text.split())]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("id", ["31 Desember 2026", "Yth. Ibu Sari,", "PIN, OTP", "tidak pernah memintanya", "Abaikan e-mail ini"]),
        ("en", ["31 December 2026", "Dear Ibu Sari,", "PIN, OTP", "never ask for them", "ignore this e-mail"]),
    ],
)
def test_every_email_names_biller_payer_amount_date_and_account(language: str, words: list[str]) -> None:
    facts = [
        "PT Sinar Pangan & Rekan",
        "CV Maju Jaya",
        format_rupiah(1_500_000),
        "8808 1000 0000 0017",
        "8808100000000017",
        "INV-42",
        "(021) 555-0101",
        "1500-999",
        "028",
        "OCBC mobile",
        "ATM",
    ]
    for part in both_parts(render(language=language)):
        for fact in facts + words:
            assert fact in part


@pytest.mark.parametrize(
    ("language", "days", "words"),
    [
        ("id", -3, "Sekadar mengingatkan: tagihan dari SMP Nusantara untuk Alya Putri jatuh tempo 3 hari lagi"),
        ("id", 0, "jatuh tempo hari ini, 31 Desember 2026"),
        ("id", 7, "31 Desember 2026 dan sudah lewat 7 hari. Mohon segera dibayar."),
        ("en", -1, "is due in 1 day, on 31 December 2026. Thank you."),
        ("en", 0, "is due today, 31 December 2026"),
        ("en", 3, "It was due on 31 December 2026 and is 3 days overdue. Please pay it without delay."),
    ],
)
def test_reminder_takes_its_tone_and_its_count_from_the_day_on_which_it_leaves(
    language: str, days: int, words: str
) -> None:
    message = render(SCHOOL, language=language, kind=NoticeKind.REMINDER, days=days)

    for part in both_parts(message):
        assert words in part
        assert "8808100000000017" in part
    assert message.subject != render(SCHOOL, language=language, days=days).subject


@pytest.mark.parametrize(
    ("tone", "words"),
    [
        (Tone.FRIENDLY, "Mungkin terlewat: tagihan dari SMP Nusantara"),
        (Tone.NEUTRAL, "jatuh tempo pada 31 Desember 2026 dan sudah lewat 7 hari."),
        (Tone.FIRM, "belum kami terima."),
    ],
)
def test_reminder_takes_the_tone_that_the_biller_chose_for_its_step(tone: Tone, words: str) -> None:
    school = replace(SCHOOL, wording=Wording(tones={7: tone, 3: Tone.FIRM}))

    for part in both_parts(render(school, kind=NoticeKind.REMINDER, days=7, step="due+7")):
        assert words in part


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("id", ["Lunas", "30 Desember 2026 pukul 10.14 WIB", "teller bank", "Anda tidak perlu membayar lagi"]),
        ("en", ["Paid", "30 December 2026, 10:14 WIB", "bank teller", "There is nothing more to pay"]),
    ],
)
def test_receipt_states_the_payment_and_asks_for_none(language: str, words: list[str]) -> None:
    message = render(SCHOOL, language=language, kind=NoticeKind.PAID, arrears=750_000)

    for part in both_parts(message):
        for fact in [format_rupiah(1_500_000), "REF-20261230-1", "8808100000000017", "SPP"]:
            assert fact in part
        for fact in words:
            assert fact.lower() in part.lower()
        for request in ("Cara membayar", "How to pay", "Bayar tepat", "Pay exactly", "Tunggakan", "arrears"):
            assert request not in part
    assert message.subject.startswith({"id": "Lunas, SMP Nusantara", "en": "Paid, SMP Nusantara"}[language])


def test_receipt_without_a_reference_has_no_empty_row() -> None:
    message = render(kind=NoticeKind.PAID, payment={"payment_id": "x", "channel": "9999"})

    assert "Referensi bank" not in message.text
    assert "Cara bayar: Virtual Account OCBC\n" in message.text
    assert "30 Desember 2026 pukul 10.15 WIB" in message.text


def test_payment_outside_the_account_was_recorded_then_and_not_paid_then() -> None:
    payment = {"payment_id": "outside#1", "method": "cash", "note": "diterima Bu Rini"}
    message = render(kind=NoticeKind.PAID, paid_via="outside", payment=payment)

    assert "Dicatat pada: 30 Desember 2026 pukul 10.15 WIB" in message.text
    assert "Langsung kepada penagih" in message.text
    for part in both_parts(message):
        assert "Bu Rini" not in part


@pytest.mark.parametrize(
    ("language", "words"), [("id", "Jangan membayar ke nomor ini"), ("en", "Do not pay to this number")]
)
def test_cancelled_bill_names_the_account_not_to_pay_and_its_replacement(language: str, words: str) -> None:
    message = render(kind=NoticeKind.ARCHIVED, language=language, replaced_by="8808100000000025")

    for part in both_parts(message):
        assert words in part
        assert "8808 1000 0000 0025" in part or "8808100000000025" in part
        assert "8808100000000017" in part
        assert "Cara membayar" not in part
        assert "How to pay" not in part
    assert "8808100000000025" not in render(kind=NoticeKind.ARCHIVED).text


@pytest.mark.parametrize(
    ("because", "words"), [(None, "menggantikan tagihan lama"), ("payment_reversed", "dibatalkan oleh bank")]
)
def test_bill_in_the_place_of_another_says_so(because: str | None, words: str) -> None:
    message = render(replaces="8808100000000009", replaced_because=because)

    for part in both_parts(message):
        assert words in part
        assert "8808100000000009" in part
    assert message.subject.startswith("Tagihan pengganti")


@pytest.mark.parametrize("kind", [NoticeKind.ISSUED, NoticeKind.PAID, NoticeKind.ARCHIVED])
def test_link_is_the_only_thing_to_click_and_is_shown_in_full(kind: NoticeKind) -> None:
    message = render(kind=kind, link=LINK)
    page = Page(message.html)

    assert page.tags.count("a") == 1
    assert f'href="{LINK}"' in message.html
    assert LINK in page.text
    assert LINK in message.text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("id", ["Nama siswa", "Juli 2026", "Cicilan", "2 dari 3", "Tahun ajaran"]),
        ("en", ["Student", "July 2026", "Instalment", "2 of 3", "School year"]),
    ],
)
def test_school_email_names_student_class_fee_and_period(language: str, words: list[str]) -> None:
    for part in both_parts(render(SCHOOL, language=language)):
        for fact in ["Alya Putri", "00231", "SMP · 7A", "SPP", "2026/2027", format_rupiah(50_000), *words]:
            assert fact in part


@pytest.mark.parametrize(("biller", "sender"), [(SHOP, "OCBC E-Invoice"), (SCHOOL, "PintuKelas")])
def test_sender_name_is_the_modules(biller: Biller, sender: str) -> None:
    message = render(biller)

    assert message.sender_name == sender
    assert sender in message.text


def test_subject_names_biller_purpose_and_amount() -> None:
    assert render(SCHOOL).subject == f"Tagihan SMP Nusantara: SPP Juli 2026, {format_rupiah(1_500_000)}"
    english = render(language="en").subject
    assert english == f"Bill from PT Sinar Pangan & Rekan: bill no. INV-42, {format_rupiah(1_500_000)}"


def test_product_rows_are_listed_with_quantity_price_and_reductions() -> None:
    for part in both_parts(render(items=[ITEM])):
        assert "Beras 25 kg" in part
        assert f"2,5 × {format_rupiah(400_000)}, diskon {format_rupiah(10_000)}" in part
        assert format_rupiah(990_000) in part


def test_many_product_rows_are_summed_up_at_the_end() -> None:
    items = [
        {"name": f"Barang {index}", "quantity": "1", "unit_price": 7, "total": 7} for index in range(MAX_ITEMS + 5)
    ]

    for part in both_parts(render(items=items)):
        assert f"Barang {MAX_ITEMS - 1}" in part
        assert f"Barang {MAX_ITEMS} " not in part
        assert "dan 5 barang/jasa lainnya" in part
        assert format_rupiah(35) in part


def test_arrears_are_apart_and_said_not_to_be_in_the_amount() -> None:
    for part in both_parts(render(SCHOOL, arrears=750_000)):
        assert f"Tunggakan sebelumnya: {format_rupiah(750_000)}" in part
        assert "Tidak termasuk dalam jumlah di atas" in part
    assert "Tunggakan" not in render(SCHOOL).text


def test_end_of_the_account_is_shown_in_jakarta_time() -> None:
    message = render(valid_until="2026-12-31T16:59:00Z")

    assert "31 Desember 2026 pukul 23.59 WIB" in message.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(NoticeKind))
@pytest.mark.parametrize("biller", [SHOP, SCHOOL])
def test_email_without_a_link_has_nothing_to_click_and_nothing_remote(
    biller: Biller, language: str, kind: NoticeKind
) -> None:
    message = render(biller, language=language, kind=kind, items=[ITEM], arrears=1)
    page = Page(message.html)

    assert not set(page.tags) & {"a", "img", "link", "script", "iframe", "form", "button", "input", "object", "base"}
    assert not page.attributes & {"href", "src", "background", "action", "onclick", "onerror", "onload"}
    for part in (message.html, message.text):
        assert "http" not in part.lower()
        assert "url(" not in part.lower()
    assert len(message.html) < 100_000


def test_email_without_names_and_contact_is_still_polite() -> None:
    message = render(replace(SHOP, help_contact=""), name="")

    assert message.text.startswith("Yth. Bapak/Ibu,\n")
    assert "hubungi PT Sinar Pangan & Rekan." in message.text


HOSTILE = '"><script>alert(1)</script><img src=x onerror=y>{{7*7}}{0.__class__}%s</td></table>'


def test_hostile_names_are_shown_as_text() -> None:
    tame, message = (
        render(replace(SHOP, name=name, help_contact=name), name, payer_name=name, description=name, items=items)
        for name, items in (("x", [ITEM]), (HOSTILE, [ITEM | {"name": HOSTILE}]))
    )
    page = Page(message.html)

    assert page.tags == Page(tame.html).tags
    # Once each at least: title, preview or heading, greeting, payer, description, product, help.
    assert page.text.count(HOSTILE) >= 7
    assert HOSTILE in message.text


def test_newlines_and_direction_marks_forge_neither_header_nor_number() -> None:
    name = "Budi\r\nBcc: korban@example.com\u202e0001\u2066\x00"
    message = render(replace(SHOP, name=name), name, payer_name=name)

    for part in (message.subject, message.text, message.html):
        assert not set(part) & set("\r\u202e\u2066\x00")
    assert "\n" not in message.subject
    assert "Yth. Budi Bcc: korban@example.com0001,\n" in message.text


def test_long_names_do_not_make_a_long_subject() -> None:
    message = render(replace(SHOP, name="Panjang " * 40), number="N" * 300)

    assert len(message.subject) < 170
    assert message.subject.endswith(format_rupiah(1_500_000))


@settings(max_examples=40, deadline=None)
@given(
    words=st.text(min_size=1, max_size=80).filter(lambda words: bool(wording.clean(words))),
    kind=st.sampled_from(NoticeKind),
)
def test_any_words_leave_the_shape_of_the_email_alone(words: str, kind: NoticeKind) -> None:
    def make(name: str) -> EmailMessage:
        biller = replace(SHOP, name=name, help_contact=name)
        changes: dict[str, Any] = {"payer_name": name, "description": name, "items": [ITEM | {"name": name}]}
        if kind is NoticeKind.PAID:
            changes["payment"] = PAYMENT | {"bank_reference": name}
        return render(biller, name, kind=kind, **changes)

    message, tame = make(words), make("x")

    assert Page(message.html).tags == Page(tame.html).tags
    assert len(message.text.split("\n")) == len(tame.text.split("\n"))
    assert not any(unicodedata.category(char) == "Cc" for char in message.subject)
    message.html.encode()


def test_period_words() -> None:
    assert wording.format_period("2026-07", "id") == "Juli 2026"
    assert wording.format_period("S2", "en") == "Semester 2"
    assert wording.format_period("Gelombang 1", "en") == "Gelombang 1"
    assert wording.format_period("2026-13", "id") == "2026-13"


def test_both_languages_have_the_same_words_and_placeholders() -> None:
    def placeholders(words: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}

    assert {key: placeholders(words) for key, words in INDONESIAN.items()} == {
        key: placeholders(words) for key, words in ENGLISH.items()
    }

"""Own words of billers: what the bank sends in its name is refused where a phisher would write it, and always fits."""

import re
import string
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from invoicing import own_wording
from invoicing.billers import Biller, BillerState, Module
from invoicing.gsm7 import count_segments
from invoicing.money import MAX_RUPIAH, format_rupiah
from invoicing.notices import NoticeKind
from invoicing.occasions import Occasion, Tone, find_occasion
from invoicing.own_wording import (
    TEMPLATE_VARIANTS,
    Part,
    SmsFrame,
    Wording,
    find_problems,
    list_placeholders,
    list_required,
    name_words,
    parse_name,
)
from invoicing.texts import LANGUAGES
from invoicing.texts.en.wordings import TEXTS as ENGLISH
from invoicing.texts.id.wordings import TEXTS as INDONESIAN
from notify.channels.email_message import render_email
from notify.channels.sms_message import MAX_LINK_SEPTETS, render_sms

FRAME = SmsFrame(va_digits=16, link_septets=44)
SHOP = Biller(
    biller_id="toko-sinar",
    name="Toko Sinar Jaya",
    module=Module.E_INVOICE,
    state=BillerState.ACTIVE,
    company_code="88081",
    giro_account="028000111222",
)
BILL: dict[str, Any] = {
    "number": "INV-42",
    "payer_name": "CV Maju Jaya",
    "amount": 1_500_000,
    "due_date": "2026-12-31",
    "va_number": "8808100000000017",
    "bank_code": "028",
}
SMS = "Halo {payer}, tagihan {biller} {amount} tempo {due_date} ke VA {va_number}"
INTRO = (
    "Assalamualaikum, berikut tagihan {biller} untuk {payer}. Mohon dibayar sebelum {due_date}. Jazakumullah khairan."
)


def codes(words: str, part: Part = Part.EMAIL_INTRO, occasion: Occasion = Occasion.ISSUED) -> set[str]:
    return {problem.code for problem in find_problems(part, occasion, words, FRAME)}


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (Part.SMS, SMS),
        (Part.SMS, "{link} {biller}: {amount} {due_date} {va_number}"),
        (Part.EMAIL_INTRO, INTRO),
        (
            Part.EMAIL_INTRO,
            "Dear parents – tuition of {biller} for {what} (no. {number}), 2026/2027, class 7A. Thanks!",
        ),
        (Part.EMAIL_SUBJECT, "{biller}: {what} untuk {payer}, {amount}"),
        # Words that only look like forbidden ones.
        (
            Part.EMAIL_INTRO,
            "{biller}: pinjaman buku, pintu kelas, otopsi, kepingin, sandiwara, 3 x 24 jam, pukul 08.30",
        ),
    ],
)
def test_usual_words_are_accepted(part: Part, words: str) -> None:
    assert codes(words, part) == set()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("{biller} {nama}", "placeholder_unknown"),
        ("{biller} {days}", "placeholder_unknown"),
        ("{biller} {link}", "placeholder_unknown"),
        ("{biller} {amount.__class__}", "brace"),
        ("{biller} {0}", "brace"),
        ("{biller} {amount!r}", "brace"),
        ("{biller} {amount:>99999}", "brace"),
        ("{biller} {{amount}}", "brace"),
        ("{biller} }", "brace"),
        ("{ biller }", "brace"),
        ("Halo {payer}", "fact_missing"),
        ("{biller} " + "a" * 600, "too_long"),
        ("{biller}\nhalo", "not_plain"),
        ("{biller}  halo", "not_plain"),
        ("{biller} ha\u200blo", "not_plain"),
        ("{biller} \u202e123", "not_plain"),
        ("{biller} <b>halo</b>", "character"),
        ("{biller} 李明", "character"),
        ("{biller} Р\u0430ypal", "character"),
        ("{biller} 😀", "character"),
        ("{biller} https://jahat.example", "link"),
        ("{biller} bit.ly/hadiah", "link"),
        ("{biller} WWW jahat", "link"),
        ("{biller} wa .me", "link"),
        ("{biller} tulis ke cs@jahat.example", "link"),
        ("{biller} buka 10.0.0.1", "link"),
        ("{biller} hubungi 0812-3456-7890", "number"),
        ("{biller} hubungi 0 8 1 2 3 4 5", "number"),
        ("{biller} transfer ke BCA 1234567890", "number"),
        ("{biller} hubungi (021) 555.0101", "number"),
        ("{biller} hubungi nol delapan satu dua", "number"),
        ("{biller} call zero-eight-one-two", "number"),
        ("{biller} bayar Rp1.500.000", "number"),
        ("{biller} kirim PIN Anda", "phishing"),
        ("{biller} kirim P I N Anda", "phishing"),
        ("{biller} kirim P.I.N. Anda", "phishing"),
        ("{biller} kirim 0TP", "phishing"),
        ("{biller} kirim P1N", "phishing"),
        ("{biller} kirim P{payer}IN", "phishing"),
        ("{biller} hubungi 08{payer}123{amount}456", "number"),
        ("{biller} your p@ssword", "phishing"),
        ("{biller} your PÁSSWORD", "phishing"),
        ("{biller} kata  sandi", "phishing"),
        ("{biller} kode verifikasi", "phishing"),
        ("{biller} CVV kartu", "phishing"),
        ("{biller} ke rekening kami", "phishing"),
        ("{biller} no. rek kami", "phishing"),
        ("{biller} login dulu", "phishing"),
    ],
)
def test_words_that_harm_are_refused(words: str, code: str) -> None:
    found = codes(words)
    if "kata  sandi" in words:
        assert {"not_plain"} <= found
    else:
        assert code in found


@pytest.mark.parametrize("letters", ["ＰＩＮ", "𝐏𝐈𝐍", "РІN", "P\u00adIN", "P\u200bI\u200bN"])
def test_disguised_secret_is_refused_one_way_or_another(letters: str) -> None:
    assert codes(f"{{biller}} kirim {letters}")


@pytest.mark.parametrize("digits", ["٠٨١٢٣٤٥٦٧٨٩", "０８１２３４５６７", "⁰⁸¹²³⁴⁵"])
def test_number_in_other_digits_is_refused(digits: str) -> None:
    assert codes(f"{{biller}} hubungi {digits}")


@pytest.mark.parametrize("name", ["amount", "va_number", "due_date", "biller"])
def test_sms_may_leave_out_no_fact(name: str) -> None:
    assert codes(SMS.replace(f"{{{name}}}", "x"), Part.SMS) == {"fact_missing"}


def test_sms_has_rules_of_its_own() -> None:
    assert codes(f"{SMS} {{amount}}", Part.SMS) == {"placeholder_twice"}
    assert codes(SMS.replace("Halo", "Halo ç"), Part.SMS) == {"sms_alphabet"}
    assert codes(f"{SMS} terima kasih banyak atas perhatiannya", Part.SMS) == {"sms_too_long"}
    assert codes(f"{SMS} {{what}}", Part.SMS) == {"placeholder_unknown"}
    assert codes(SMS.replace("{due_date}", "{paid_on}"), Part.SMS, Occasion.PAID) == set()
    assert "fact_missing" in codes(SMS, Part.SMS, Occasion.PAID)


def test_without_a_payers_page_there_is_more_room() -> None:
    words = f"{SMS} terima kasih banyak, hormat kami"

    assert find_problems(Part.SMS, Occasion.ISSUED, words, FRAME)
    assert not find_problems(Part.SMS, Occasion.ISSUED, words, SmsFrame(16, 0))


def test_every_required_fact_is_one_that_may_be_written() -> None:
    for part in Part:
        for occasion in Occasion:
            assert list_required(part, occasion) <= list_placeholders(part, occasion)


def test_name_of_words_is_read_back() -> None:
    for part in Part:
        for occasion in Occasion:
            for language in LANGUAGES:
                assert parse_name(name_words(part, occasion, language)) == (part, occasion, language)
    for wrong in ("", "sms", "sms.issued", "sms.issued.fr", "sms.unknown.id", "fax.issued.id", "sms.issued.id.x"):
        assert parse_name(wrong) is None


def test_every_problem_has_its_words_in_both_languages() -> None:
    def placeholders(words: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}

    source = Path(own_wording.__file__).read_text()
    used = set(re.findall(r'Problem\(\s*"([a-z_]+)"', source)) | {"name_unknown", "template_unknown"}
    assert used == set(INDONESIAN)
    assert {key: placeholders(words) for key, words in INDONESIAN.items()} == {
        key: placeholders(words) for key, words in ENGLISH.items()
    }


def test_tone_of_a_step_is_the_billers_choice_or_the_days() -> None:
    reminder = NoticeKind.REMINDER
    assert find_occasion(reminder, BILL, date(2026, 12, 28), "due-3") is Occasion.REMINDER_BEFORE_FRIENDLY
    assert find_occasion(reminder, BILL, date(2026, 12, 31), "due+0") is Occasion.REMINDER_ON_NEUTRAL
    assert find_occasion(reminder, BILL, date(2027, 1, 7), "due+7") is Occasion.REMINDER_AFTER_FIRM
    chosen = {-3: Tone.FIRM, 7: Tone.FRIENDLY}
    assert find_occasion(reminder, BILL, date(2026, 12, 28), "due-3", chosen) is Occasion.REMINDER_BEFORE_FIRM
    assert find_occasion(reminder, BILL, date(2027, 1, 7), "due+7", chosen) is Occasion.REMINDER_AFTER_FRIENDLY
    assert find_occasion(reminder, BILL, date(2027, 1, 3), "due+3", chosen) is Occasion.REMINDER_AFTER_FIRM
    assert find_occasion(NoticeKind.ISSUED, BILL | {"replaces": "1"}, date(2026, 12, 1)) is Occasion.REISSUED
    assert {Occasion.ISSUED, Occasion.PAID} == set(TEMPLATE_VARIANTS)


_WORD = st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCDE,.!?()-'", min_size=1, max_size=8)


@settings(max_examples=150, deadline=None)
@given(
    pieces=st.lists(_WORD, max_size=8),
    order=st.permutations(["{payer}", "{biller}", "{amount}", "{due_date}", "{va_number}"]),
    with_link=st.booleans(),
    name=st.text(max_size=80) | st.text(alphabet="€{}~", min_size=1, max_size=80),
)
def test_any_accepted_sms_is_one_segment_with_its_facts_whole_and_both_names(
    pieces: list[str], order: list[str], with_link: bool, name: str
) -> None:
    words = " ".join([*pieces[:4], *order, *pieces[4:], *(["{link}"] if with_link else [])])
    frame = SmsFrame(16, 44)
    assume(not find_problems(Part.SMS, Occasion.ISSUED, words, frame))
    own = replace(SHOP, name=f"Toko {name}", wording=Wording(words={"sms.issued.id": words}))
    bill = BILL | {"amount": MAX_RUPIAH, "payer_name": f"Budi {name}"}
    link = "https://b.example/" + "x" * (44 - len("https://b.example/"))
    sent = render_sms(NoticeKind.ISSUED, own, bill, "id", date(2026, 12, 1), link)

    assert count_segments(sent) == 1
    for fact in (format_rupiah(MAX_RUPIAH), "31 Des 2026", BILL["va_number"], link, "Toko", "Budi"):
        assert fact in sent
    for piece in pieces:
        assert piece in sent


def test_own_words_that_a_longer_link_leaves_no_room_give_way_to_the_products() -> None:
    words = f"{SMS} terima kasih banyak"
    own = replace(SHOP, name="Toko " * 20, wording=Wording(words={"sms.issued.id": words}))
    short = render_sms(NoticeKind.ISSUED, own, BILL, "id", date(2026, 12, 1))
    long = render_sms(
        NoticeKind.ISSUED,
        own,
        BILL | {"amount": MAX_RUPIAH},
        "id",
        date(2026, 12, 1),
        "https://" + "a" * (MAX_LINK_SEPTETS - 8),
    )

    assert "terima kasih banyak" in short
    assert long.startswith("Tagihan Toko")
    assert count_segments(long) == 1


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_placeholder_that_may_be_written_has_its_fact(kind: NoticeKind) -> None:
    paid = {"status": "paid", "paid_at": "2026-12-30T03:15:00.000Z", "paid_amount": 1_500_000}
    bill = BILL | (paid if kind is NoticeKind.PAID else {})
    today = date(2027, 1, 7)
    occasion = find_occasion(kind, bill, today, "due+7")
    words = {
        name_words(part, occasion, "id"): " ".join(f"{{{name}}}" for name in sorted(list_placeholders(part, occasion)))
        for part in Part
    }
    biller = replace(SHOP, wording=Wording(words=words))
    email = render_email(kind, biller, bill, "Ibu", "id", today, step="due+7")

    for text in (email.subject, email.html, email.text, render_sms(kind, biller, bill, "id", today, step="due+7")):
        assert "{" not in text.partition("</style>")[2 if "</style>" in text else 0]
        assert "8808100000000017" in text


def test_own_words_of_an_email_are_shown_as_text_beside_the_facts() -> None:
    own = Wording(words={"email_intro.issued.id": INTRO, "email_subject.issued.id": "{biller}: {what}, {amount}"})
    hostile = "<script>{amount}</script>"
    biller = replace(SHOP, name=hostile, wording=own)
    message = render_email(NoticeKind.ISSUED, biller, BILL, "Ibu", "id", date(2026, 12, 1))

    assert message.subject == f"{hostile}: tagihan no. INV-42, Rp1.500.000"
    assert "Jazakumullah khairan." in message.html
    assert "<script>" not in message.html
    assert "Jazakumullah khairan." in message.text
    for fact in ("8808 1000 0000 0017", "Rp1.500.000", "31 Desember 2026"):
        assert fact in message.html
    english = render_email(NoticeKind.ISSUED, biller, BILL, "Ibu", "en", date(2026, 12, 1))
    assert "Jazakumullah" not in english.text

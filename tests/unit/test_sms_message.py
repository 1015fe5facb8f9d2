"""SMS: always one segment of the SMS alphabet, whatever the names; the facts whole; and how segments are counted."""

import re
import string
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoicing.billers import Biller, BillerState, Module
from invoicing.gsm7 import count_segments, count_septets, cut, transliterate
from invoicing.money import MAX_RUPIAH, format_rupiah
from invoicing.notices import NoticeKind
from invoicing.occasions import Occasion, Tone
from invoicing.own_wording import MIN_NAME_SEPTETS, Wording
from invoicing.texts import LANGUAGES
from invoicing.texts.en.sms import TEXTS as ENGLISH
from invoicing.texts.id.sms import TEXTS as INDONESIAN
from notify.channels.sms_message import MAX_LINK_SEPTETS, render_sms

DUE = date(2026, 12, 31)
LONGEST_LINK = "https://" + "a" * (MAX_LINK_SEPTETS - len("https://"))
LONGEST_VA = "12345678901234567890123"
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
}
LONGEST = {"amount": MAX_RUPIAH, "va_number": LONGEST_VA}
PAID = {
    "status": "paid",
    "paid_at": "2026-12-30T03:15:00.000Z",
    "paid_via": "va",
    "paid_amount": 1_500_000,
    "payment": {"payment_id": "028#1", "channel": "6011", "bank_reference": "REF-20261230-1"},
}
KINDS = [(kind, 0) for kind in NoticeKind] + [(NoticeKind.REMINDER, days) for days in (-3, 7, 365)]


def render(
    kind: NoticeKind = NoticeKind.ISSUED,
    language: str = "id",
    *,
    days: int = 0,
    link: str = "",
    biller: str = SHOP.name,
    step: str = "",
    wording: Wording | None = None,
    **changes: Any,
) -> str:
    shop = replace(SHOP, name=biller, wording=wording or Wording())
    bill = (BILL | PAID if kind is NoticeKind.PAID else BILL) | changes
    return render_sms(kind, shop, bill, language, DUE + timedelta(days=days), link, step)


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        # The escaped character does not fit into the last septet of the first part, and leaves it empty.
        ("a" * 152 + "€" + "a" * 151, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("é" * 160, 1),
        ("@" * 160, 1),
        ("ç" * 70, 1),
        ("ç" * 71, 2),
        ("ç" * 134, 2),
        ("ç" * 135, 3),
        ("a" * 69 + "\u201c", 1),
        ("a" * 70 + "\u201c", 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        # A surrogate pair does not straddle either: 33 of them in each part of 67 units.
        ("😀" * 66, 2),
        ("😀" * 67, 3),
        ("`" * 70, 1),
        ("`" * 71, 2),
    ],
)
def test_segments_are_counted_as_networks_do(text: str, segments: int) -> None:
    assert count_segments(text) == segments


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Toko\u00a0“Sinar”…", 'Toko "Sinar"...'),
        ("Ibu Rani’s – Café", "Ibu Rani's - Café"),
        ("Nguyễn Đức Łukasz Āyu", "Nguyen duc lukasz Ayu"),
        ("ﬁﬂ ＡＢＣ ½ ²", "fifl ABC 12 2"),
        ("Çağrı ışık", "Çagri isik"),
        ("Budi\r\n\tSantoso\u202e\u200b", "Budi Santoso"),
        ("😀 Ayu 李明", "Ayu"),
        ("李明", ""),
        ("^{}[]~|\\€", "^{}[]~|\\€"),
    ],
)
def test_text_is_written_in_the_sms_alphabet(text: str, plain: str) -> None:
    assert transliterate(text) == plain


@given(text=st.text(max_size=200))
def test_any_text_written_in_the_alphabet_costs_its_septets(text: str) -> None:
    plain = transliterate(text)

    assert transliterate(plain) == plain
    assert "\n" not in plain
    # No text of the alphabet needs UCS-2: one segment exactly while it has 160 septets.
    assert (count_segments(plain) == 1) == (count_septets(plain) <= 160)


@given(text=st.text(alphabet="ab €{é.", max_size=30), septets=st.integers(0, 40))
def test_cut_text_fits(text: str, septets: int) -> None:
    assert count_septets(cut(text, septets)) <= septets
    if count_septets(text) <= septets:
        assert cut(text, septets) == text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "id",
            "Tagihan Toko Sinar Jaya utk CV Maju Jaya: Rp1.500.000, jatuh tempo 31 Des 2026. "
            "Bayar ke VA OCBC 8808100000000017.",
        ),
        (
            "en",
            "Bill from Toko Sinar Jaya for CV Maju Jaya: Rp1.500.000, due 31 Dec 2026. "
            "Pay to OCBC VA 8808100000000017.",
        ),
    ],
)
def test_sms_of_an_issued_bill(language: str, words: str) -> None:
    assert render(language=language) == words
    assert render(language=language, link="https://b.example/") == f"{words} https://b.example/"


@pytest.mark.parametrize(
    ("kind", "days", "start"),
    [
        (NoticeKind.REMINDER, -1, "Pengingat"),
        (NoticeKind.REMINDER, 0, "Hari ini"),
        (NoticeKind.REMINDER, 1, "Lewat 1 hari"),
        (NoticeKind.REMINDER, 60, "Lewat 60 hari"),
        (NoticeKind.PAID, 0, "Lunas"),
        (NoticeKind.ARCHIVED, 0, "JANGAN BAYAR"),
    ],
)
def test_each_occasion_has_its_words(kind: NoticeKind, days: int, start: str) -> None:
    assert render(kind, days=days).startswith(start)


@pytest.mark.parametrize(("kind", "days"), KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=60, deadline=None)
@given(
    biller=st.text(max_size=120) | st.text(alphabet="€{}~", min_size=1, max_size=80),
    payer=st.text(max_size=120) | st.text(alphabet="€{}~", min_size=1, max_size=80),
    number=st.text(max_size=60),
    link=st.sampled_from(["", "https://b.example/", LONGEST_LINK]),
    facts=st.sampled_from([{}, LONGEST]),
    other_account=st.sampled_from(["", LONGEST_VA]),
    reference=st.text(max_size=80),
)
def test_any_names_make_one_segment_with_all_facts_whole(
    kind: NoticeKind,
    days: int,
    language: str,
    biller: str,
    payer: str,
    number: str,
    link: str,
    facts: dict[str, Any],
    other_account: str,
    reference: str,
) -> None:
    changes: dict[str, Any] = {"payer_name": payer, "number": number, **facts}
    if kind is NoticeKind.PAID:
        paid = PAID["payment"] | {"bank_reference": reference}  # type: ignore[operator]
        changes |= {"payment": paid, "paid_amount": facts.get("amount", BILL["amount"])}
    if other_account:
        changes |= {"replaces" if kind is NoticeKind.ISSUED else "replaced_by": other_account}
    words = render(kind, language, days=days, link=link, biller=biller, **changes)

    assert count_segments(words) == 1
    assert count_septets(words) <= 160
    assert "\n" not in words
    bill = BILL | facts
    assert re.search(rf"(?<!\d){bill['va_number']}(?!\d)", words)
    if kind is NoticeKind.ARCHIVED:
        assert other_account in words
    else:
        assert format_rupiah(bill["amount"]) in words
        day = "30" if kind is NoticeKind.PAID else "31"
        assert f"{day} {'Des' if language == 'id' else 'Dec'} 2026" in words
    assert words.endswith(link)


def test_billers_name_is_cut_before_the_payers() -> None:
    words = render(biller="Perseroan Terbatas " * 5, payer_name="Alya Putri Ramadhani")

    assert "utk Alya Putri Ramadhani:" in words
    assert words.startswith("Tagihan Perseroan Terbatas Perseroan")
    assert count_septets(words) == 160


def test_two_long_names_share_the_room() -> None:
    words = render(biller="Biller " * 20, payer_name="Pembayar " * 20, link=LONGEST_LINK, **LONGEST)

    biller, payer = words.removeprefix("Tagihan ").split(" Rp")[0].split(" utk ")
    assert min(len(biller), len(payer)) >= MIN_NAME_SEPTETS


def test_words_are_brief_where_the_names_would_have_no_room() -> None:
    link = "https://bayar.ocbc.id/" + "x" * 22

    assert render(biller="Toko Sinar Jaya Abadi", link=link) == (
        f"Tagihan Toko Sinar Jaya Abadi utk CV Maju Jaya Rp1.500.000 tempo 31 Des 2026 VA OCBC 8808100000000017 {link}"
    )


def test_receipt_says_when_how_much_and_by_which_reference_and_asks_for_nothing() -> None:
    assert render(NoticeKind.PAID) == (
        "Lunas, terima kasih: Toko Sinar Jaya utk CV Maju Jaya, Rp1.500.000, dibayar 30 Des 2026, "
        "VA OCBC 8808100000000017, ref REF-20261230-1. Tidak perlu bayar lagi."
    )
    late = PAID | {"paid_at": "2026-12-30T17:01:00.000Z"}
    assert "31 Des 2026" in render(NoticeKind.PAID, **late)
    earlier = late | {"payment": {"channel": "x", "transaction_at": "2026-12-30T16:59:00Z"}}
    assert "30 Des 2026" in render(NoticeKind.PAID, **earlier)


def test_cancelled_bill_is_not_to_be_paid_and_its_replacement_is_named() -> None:
    words = render(NoticeKind.ARCHIVED, replaced_by="8808100000000025")

    assert words.startswith("JANGAN BAYAR tagihan Toko Sinar Jaya")
    assert "VA OCBC 8808100000000017: sudah dibatalkan, ganti VA 8808100000000025." in words
    assert "ganti" not in render(NoticeKind.ARCHIVED)


def test_bill_that_replaces_another_says_so() -> None:
    words = render(replaces="8808100000000009")

    assert words.startswith("Tagihan pengganti Toko Sinar Jaya")
    assert "bukan VA lama" in words


def test_tone_goes_by_the_step_and_without_a_choice_by_the_day() -> None:
    firm = Wording(tones={3: Tone.FRIENDLY, 7: Tone.FIRM})

    assert render(NoticeKind.REMINDER, days=3, step="due+3", wording=firm).startswith("Mungkin terlewat (3 hari)")
    assert "mohon segera dibayar" in render(NoticeKind.REMINDER, days=7, step="due+7", wording=firm)
    # The step's tone, the day's words: it left late.
    assert render(NoticeKind.REMINDER, days=4, step="due+3", wording=firm).startswith("Mungkin terlewat (4 hari)")
    assert "mohon segera dibayar" in render(NoticeKind.REMINDER, days=3, step="due+3")


def test_name_of_another_script_gives_way_to_number_and_module() -> None:
    assert render(biller="诚信公司", payer_name="李明").startswith("Tagihan OCBC E-Invoice utk INV-42:")
    assert "utk Anda:" in render(payer_name="李明", number="李")


@pytest.mark.parametrize("name", ["Klik bit.ly/hadiah", "http://jahat.example", "ｊahat．example／x"])
def test_name_makes_no_link_to_tap(name: str) -> None:
    words = render(biller=name, payer_name=name)

    for part in ("bit.ly", "jahat.example", "://"):
        assert part not in words


@pytest.mark.parametrize("link", ["https://" + "a" * MAX_LINK_SEPTETS, "https://bayar.example/ü—", "a\nb"])
def test_link_that_does_not_fit_is_a_wrong_setting(link: str) -> None:
    with pytest.raises(ValueError, match="link"):
        render(link=link)


def test_words_of_both_languages_are_the_same_and_of_the_alphabet() -> None:
    def placeholders(words: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}

    briefs = {f"{occasion.moment}.brief" for occasion in Occasion}
    assert set(INDONESIAN) == {"payer", "paid.reference", "archived.replacement", *Occasion, *briefs}
    assert {key: placeholders(words) for key, words in INDONESIAN.items()} == {
        key: placeholders(words) for key, words in ENGLISH.items()
    }
    for words in (*INDONESIAN.values(), *ENGLISH.values()):
        assert transliterate(words) == words

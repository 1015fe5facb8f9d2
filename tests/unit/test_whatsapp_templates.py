"""WhatsApp: templates within Meta's rules, parameters that it accepts, and what its error codes come to."""

import json
import re
import string
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoicing.billers import Biller, BillerState, Module
from invoicing.money import MAX_RUPIAH
from invoicing.notices import NoticeKind
from invoicing.occasions import Occasion, Tone
from invoicing.own_wording import TEMPLATE_VARIANTS, Wording
from invoicing.texts import LANGUAGES
from invoicing.texts.en.whatsapp import TEXTS as ENGLISH
from invoicing.texts.id.whatsapp import TEXTS as INDONESIAN
from notify.channels.whatsapp_errors import class_meta_code
from notify.channels.whatsapp_templates import (
    MAX_WORDS,
    VERSION,
    build_template_message,
    build_templates,
    clean_parameter,
    fill_template,
    list_parameters,
    name_template,
)
from notify.outcomes import ChannelStoppedError, NotSentError, PairRateError, RefusedError, WrongMessageError

DUE = date(2026, 12, 31)
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
PAID = {
    "status": "paid",
    "paid_at": "2026-12-30T03:15:00.000Z",
    "paid_via": "va",
    "paid_amount": 1_500_000,
    "payment": {"payment_id": "028#1", "channel": "6010", "bank_reference": "REF-20261230-1"},
}
BASE = "https://bayar.ocbc.id"
LINK = f"{BASE}/Zm9vYmFyYmF6cXV4cXV1eA"
TEMPLATES = {
    (template["name"], template["language"]): template for base in ("", BASE) for template in build_templates(base)
}
OCCASION_OF = {
    name_template(occasion, variant, has_link=has_link): occasion
    for occasion in Occasion
    for variant in TEMPLATE_VARIANTS.get(occasion, ("standard",))
    for has_link in (False, True)
}


def build(
    kind: NoticeKind = NoticeKind.ISSUED,
    language: str = "id",
    *,
    days: int = 0,
    biller: Biller = SHOP,
    name: str = "Ibu Sari",
    link: str = "",
    step: str = "",
    **changes: Any,
) -> dict[str, Any]:
    bill = (BILL | PAID if kind is NoticeKind.PAID else BILL) | changes
    return build_template_message(kind, biller, bill, name, language, DUE + timedelta(days=days), link, step)


def read_parameters(message: dict[str, Any]) -> list[str]:
    component = message["components"][0]
    return [parameter["text"] for parameter in component["parameters"]]


def test_every_occasion_has_a_template_in_every_language() -> None:
    assert len(TEMPLATES) == len(OCCASION_OF) * len(LANGUAGES)
    for kind in NoticeKind:
        for language in LANGUAGES:
            for days in (-1, 0, 1):
                for tone in Tone:
                    for link in ("", LINK):
                        biller = replace(SHOP, wording=Wording(tones={0: tone}))
                        message = build(kind, language, days=days, biller=biller, step="due+0", link=link)
                        assert (message["name"], message["language"]["code"]) in TEMPLATES


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=str)
def test_template_keeps_metas_rules(template: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z0-9_]{1,512}", template["name"])
    assert template["category"] == "UTILITY"
    body, footer, *_ = template["components"]
    words = body["text"]
    names = list_parameters(OCCASION_OF[template["name"]])
    # Placeholders 1..n in the order of their first use, none twice, none at an end, no two side by side.
    assert re.findall(r"\{\{(\d+)\}\}", words) == [str(number + 1) for number in range(len(names))]
    assert not re.match(r"\W*\{\{", words)
    assert not re.search(r"\}\}\W*$", words)
    assert not re.search(r"\}\}\s*\{\{", words)
    assert len(re.sub(r"\{\{\d+\}\}", " ", words).split()) > 2 * len(names)
    assert len(words) <= 1024
    assert "\n\n\n" not in words
    assert len(footer["text"]) <= 60
    assert "{" not in footer["text"]
    (examples,) = body["example"]["body_text"]
    assert len(examples) == len(names)
    assert all(clean_parameter(example) == example for example in examples)


@pytest.mark.parametrize(
    ("language", "date_words", "what"),
    [("id", "31 Desember 2026", "tagihan no. INV-42"), ("en", "31 December 2026", "bill no. INV-42")],
)
def test_message_states_every_fact(language: str, date_words: str, what: str) -> None:
    words = fill_template(build(language=language))

    for fact in ("Ibu Sari", "Toko Sinar Jaya", "CV Maju Jaya", what, "Rp1.500.000", date_words, "8808100000000017"):
        assert fact in words


@pytest.mark.parametrize(
    ("kind", "days", "words"),
    [
        (NoticeKind.ISSUED, 0, "berikut tagihan"),
        (NoticeKind.REMINDER, -3, "segera jatuh tempo"),
        (NoticeKind.REMINDER, 0, "jatuh tempo hari ini"),
        (NoticeKind.REMINDER, 3, "sudah lewat jatuh tempo"),
        (NoticeKind.PAID, 0, "Tagihan ini lunas"),
        (NoticeKind.ARCHIVED, 0, "jangan dibayar"),
    ],
)
def test_each_occasion_has_its_template(kind: NoticeKind, days: int, words: str) -> None:
    assert words in fill_template(build(kind, days=days))


@pytest.mark.parametrize(
    ("language", "days", "words"),
    [("id", 3, "31 Desember 2026 (lewat 3 hari)\n"), ("en", 1, "31 December 2026 (1 day overdue)\n")],
)
def test_reminder_after_the_due_date_says_how_many_days_it_is_overdue(language: str, days: int, words: str) -> None:
    assert words in fill_template(build(NoticeKind.REMINDER, language, days=days))


def test_school_bill_names_fee_and_period() -> None:
    assert "SPP Juli 2026" in fill_template(build(fee_type="SPP", period="2026-07"))


def test_recipient_without_a_name_is_greeted_politely() -> None:
    assert fill_template(build(name="")).startswith("Yth. Bapak/Ibu,")


@settings(max_examples=80, deadline=None)
@given(
    words=st.text(max_size=200) | st.text(alphabet=" \t\n{}1*_~", max_size=100),
    language=st.sampled_from(LANGUAGES),
    kind=st.sampled_from(NoticeKind),
)
def test_any_words_make_parameters_that_meta_accepts(words: str, language: str, kind: NoticeKind) -> None:
    biller = replace(SHOP, name=words)
    message = build(
        kind,
        language,
        biller=biller,
        name=words,
        payer_name=words,
        number=words,
        amount=MAX_RUPIAH,
        va_number="1" * 23,
    )

    parameters = read_parameters(message)
    assert len(parameters) == len(list_parameters(OCCASION_OF[message["name"]]))
    for parameter in parameters:
        assert 0 < len(parameter) <= MAX_WORDS
        assert parameter.strip() == parameter
        assert not re.search(r"[\n\r\t]| {5}", parameter)
    assert len(fill_template(message)) <= 1024
    json.dumps(message).encode()


@pytest.mark.parametrize(
    ("words", "parameter"),
    [
        ("", "-"),
        ("\u200b\n", "-"),
        ("a\r\nb\tc     d", "a b c d"),
        ("Klik bit.ly/x", "Klik bit. ly/x"),
        ("https://jahat.example", "https jahat. example"),
        ("PT. Maju 1.500 no. 2.b", "PT. Maju 1.500 no. 2.b"),
        ("x" * 61, "x" * 59 + "…"),
    ],
)
def test_parameter_is_cleaned(words: str, parameter: str) -> None:
    assert clean_parameter(words) == parameter


@pytest.mark.parametrize("base", [[], [BASE]])
def test_command_prints_the_templates_for_registration(base: list[str]) -> None:
    functions = Path(__file__).parents[2] / "functions"
    command = [sys.executable, "-m", "notify.channels.whatsapp_templates", *base]
    printed = subprocess.run(command, cwd=functions, capture_output=True, check=True, env={"PYTHONUTF8": "1"})

    assert json.loads(printed.stdout) == build_templates(*base)


def test_button_opens_the_recipients_own_page_and_only_its_end_is_sent() -> None:
    message = build(link=LINK)
    (_, button) = message["components"]

    assert button["parameters"] == [{"type": "text", "text": "Zm9vYmFyYmF6cXV4cXV1eA"}]
    assert fill_template(message, BASE).endswith(f"[Buka halaman tagihan] {LINK}")
    registered = TEMPLATES[message["name"], "id"]["components"][2]["buttons"][0]
    assert registered["url"] == f"{BASE}/{{{{1}}}}"
    assert len(registered["text"]) <= 25
    assert len(build()["components"]) == 1


@pytest.mark.parametrize(
    ("language", "facts"),
    [
        ("id", ["Rp1.500.000", "30 Desember 2026 pukul 10.15 WIB", "teller", "REF-20261230-1", "tidak perlu membayar"]),
        ("en", ["Rp1.500.000", "30 December 2026, 10:15 WIB", "teller", "REF-20261230-1", "nothing more to pay"]),
    ],
)
def test_receipt_says_when_how_much_and_how_it_was_paid(language: str, facts: list[str]) -> None:
    words = fill_template(build(NoticeKind.PAID, language))

    for fact in (*facts, "8808100000000017"):
        assert fact in words


def test_cancelled_bill_names_its_replacement() -> None:
    assert "pengganti: 8808100000000025" in fill_template(build(NoticeKind.ARCHIVED, replaced_by="8808100000000025"))
    assert "pengganti: belum ada" in fill_template(build(NoticeKind.ARCHIVED))


def test_bill_that_replaces_another_names_the_closed_account() -> None:
    assert "VA lama 8808100000000009 sudah ditutup" in fill_template(build(replaces="8808100000000009"))


def test_biller_chooses_among_the_approved_templates() -> None:
    brief = replace(SHOP, wording=Wording(templates={Occasion.ISSUED: "brief"}))

    assert build(biller=brief)["name"] == f"bill_issued_brief_{VERSION}"
    assert fill_template(build(biller=brief)).startswith("Tagihan baru untuk Ibu Sari")
    assert build(NoticeKind.PAID, biller=brief)["name"] == f"bill_paid_{VERSION}"
    gone = replace(SHOP, wording=Wording(templates={Occasion.ISSUED: "no longer approved"}))
    assert build(biller=gone)["name"] == f"bill_issued_{VERSION}"


def test_words_of_both_languages_have_the_same_placeholders() -> None:
    def placeholders(words: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}

    assert {key: placeholders(words) for key, words in INDONESIAN.items()} == {
        key: placeholders(words) for key, words in ENGLISH.items()
    }
    for occasion in Occasion:
        for variant in TEMPLATE_VARIANTS.get(occasion, ("standard",)):
            key = str(occasion) if variant == "standard" else f"{occasion}.{variant}"
            assert placeholders(INDONESIAN[key]) == set(list_parameters(occasion))


@pytest.mark.parametrize(
    ("codes", "error"),
    [
        ((1, 2, 4, 80007, 130429, 131000, 131016, 131057), NotSentError),
        ((131056,), PairRateError),
        ((0, 10, 190, 200, 299, 368, 131005, 131031, 131042, 131048, 132015, 132016), ChannelStoppedError),
        ((100, 130472, 131008, 131009, 131021, 131026, 131047, 131049, 131050, 131051), RefusedError),
        ((132000, 132001, 132005, 132007, 132012, 132068, 132069), WrongMessageError),
        ((3, 300, 999999), type(None)),
    ],
)
def test_metas_codes_are_classed(codes: tuple[int, ...], error: type) -> None:
    for code in codes:
        assert type(class_meta_code(code)) is error

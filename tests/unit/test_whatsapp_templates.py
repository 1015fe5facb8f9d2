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
from invoicing.texts import LANGUAGES
from invoicing.texts.en.whatsapp import TEXTS as ENGLISH
from invoicing.texts.id.whatsapp import TEXTS as INDONESIAN
from invoicing.wording import Occasion
from notify.channels.whatsapp_errors import class_meta_code
from notify.channels.whatsapp_templates import (
    MAX_WORDS,
    PARAMETERS,
    build_template_message,
    build_templates,
    clean_parameter,
    fill_template,
)
from notify.outcomes import ChannelStoppedError, NotSentError, RefusedError, WrongMessageError

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
TEMPLATES = {(template["name"], template["language"]): template for template in build_templates()}


def build(
    kind: NoticeKind = NoticeKind.ISSUED,
    language: str = "id",
    *,
    days: int = 0,
    biller: Biller = SHOP,
    name: str = "Ibu Sari",
    **changes: Any,
) -> dict[str, Any]:
    return build_template_message(kind, biller, BILL | changes, name, language, DUE + timedelta(days=days))


def read_parameters(message: dict[str, Any]) -> list[str]:
    (component,) = message["components"]
    return [parameter["text"] for parameter in component["parameters"]]


def test_every_occasion_has_a_template_in_every_language() -> None:
    assert len(TEMPLATES) == len(Occasion) * len(LANGUAGES)
    for kind in NoticeKind:
        for language in LANGUAGES:
            for days in (-1, 0, 1):
                message = build(kind, language, days=days)
                assert (message["name"], message["language"]["code"]) in TEMPLATES


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=str)
def test_template_keeps_metas_rules(template: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z0-9_]{1,512}", template["name"])
    assert template["category"] == "UTILITY"
    body, footer = template["components"]
    words = body["text"]
    # Placeholders 1..n in the order of their first use, none twice, none at an end, no two side by side.
    assert re.findall(r"\{\{(\d+)\}\}", words) == [str(number + 1) for number in range(len(PARAMETERS))]
    assert not re.match(r"\W*\{\{", words)
    assert not re.search(r"\}\}\W*$", words)
    assert not re.search(r"\}\}\s*\{\{", words)
    assert len(re.sub(r"\{\{\d+\}\}", " ", words).split()) > 2 * len(PARAMETERS)
    assert len(words) <= 1024
    assert "\n\n\n" not in words
    assert len(footer["text"]) <= 60
    assert "{" not in footer["text"]
    (examples,) = body["example"]["body_text"]
    assert len(examples) == len(PARAMETERS)
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
        (NoticeKind.PAID, 0, "sudah lunas"),
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
    assert len(parameters) == len(PARAMETERS)
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


def test_command_prints_the_templates_for_registration() -> None:
    functions = Path(__file__).parents[2] / "functions"
    command = [sys.executable, "-m", "notify.channels.whatsapp_templates"]
    printed = subprocess.run(command, cwd=functions, capture_output=True, check=True, env={"PYTHONUTF8": "1"})

    assert json.loads(printed.stdout) == build_templates()


def test_words_of_both_languages_have_the_same_placeholders() -> None:
    def placeholders(words: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}

    assert {key: placeholders(words) for key, words in INDONESIAN.items()} == {
        key: placeholders(words) for key, words in ENGLISH.items()
    }
    for occasion in Occasion:
        assert placeholders(INDONESIAN[occasion]) == set(PARAMETERS)


@pytest.mark.parametrize(
    ("codes", "error"),
    [
        ((1, 2, 4, 80007, 130429, 131000, 131016, 131057, 131056), NotSentError),
        ((0, 10, 190, 200, 299, 368, 131005, 131031, 131042, 131048, 132015, 132016), ChannelStoppedError),
        ((100, 130472, 131008, 131009, 131021, 131026, 131047, 131049, 131050, 131051), RefusedError),
        ((132000, 132001, 132005, 132007, 132012, 132068, 132069), WrongMessageError),
        ((3, 300, 999999), type(None)),
    ],
)
def test_metas_codes_are_classed(codes: tuple[int, ...], error: type) -> None:
    for code in codes:
        assert type(class_meta_code(code)) is error

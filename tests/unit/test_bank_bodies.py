"""Bodies of the bank's calls: what is missing or malformed is named, what real clients vary is taken."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import invoicing
from invoicing.bank_clients import BankClient
from invoicing.settings import get_settings
from invoicing.texts import LANGUAGES
from invoicing.texts.en.va import TEXTS as ENGLISH
from invoicing.texts.id.va import TEXTS as INDONESIAN
from invoicing.verdicts import Verdict
from va_callback.answers import CASES, SUCCEEDED, describe
from va_callback.bodies import BodyError, parse_inquiry, parse_payment, parse_status, read_additional_info

VA = "8808100000000017"
ACCOUNT = {"partnerServiceId": "   88081", "customerNo": "00000000017", "virtualAccountNo": "   8808100000000017"}
INQUIRY = {**ACCOUNT, "inquiryRequestId": "inq-1"}
PAYMENT = {**ACCOUNT, "paymentRequestId": "pay-1", "paidAmount": {"value": "100000.00", "currency": "IDR"}}
_PARSE = {"inquiry": (parse_inquiry, INQUIRY), "payment": (parse_payment, PAYMENT), "status": (parse_status, INQUIRY)}


@pytest.fixture(autouse=True)
def va_lengths(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("VA_COMPANY_CODE_DIGITS", "5")
    monkeypatch.setenv("VA_CUSTOMER_NUMBER_DIGITS", "11")
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def find_error(service: str, **changes: Any) -> tuple[str, bool]:
    parse, good = _PARSE[service]
    with pytest.raises(BodyError) as caught:
        parse({**good, **changes})
    return caught.value.field, caught.value.is_missing


@pytest.mark.parametrize("empty", [None, "", "  ", {}, []], ids=repr)
@pytest.mark.parametrize(
    ("service", "field"),
    [
        *((service, field) for service in _PARSE for field in ACCOUNT),
        ("inquiry", "inquiryRequestId"),
        ("status", "inquiryRequestId"),
        ("payment", "paymentRequestId"),
        ("payment", "paidAmount"),
    ],
)
def test_mandatory_field_that_is_empty_is_named(service: str, field: str, empty: Any) -> None:
    assert find_error(service, **{field: empty}) == (field, True)


def test_every_missing_field_is_told_before_any_wrong_form() -> None:
    assert find_error("payment", partnerServiceId=8, paidAmount=None) == ("paidAmount", True)
    assert find_error("payment", partnerServiceId=8, paidAmount={"value": "1.00"}) == ("paidAmount.currency", True)
    assert find_error("payment", paidAmount={"currency": "IDR"}) == ("paidAmount.value", True)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"partnerServiceId": 88081}, "partnerServiceId"),
        ({"partnerServiceId": "88O81"}, "partnerServiceId"),
        ({"partnerServiceId": "    88081"}, "partnerServiceId"),
        ({"customerNo": 17}, "customerNo"),
        ({"customerNo": "0" * 21}, "customerNo"),
        ({"customerNo": "٠٠٠٠٠٠٠٠٠١٧"}, "customerNo"),
        ({"customerNo": "00000000018"}, "virtualAccountNo"),
        ({"virtualAccountNo": "   8808100000000018"}, "virtualAccountNo"),
        ({"virtualAccountNo": " " * 13 + VA}, "virtualAccountNo"),
        ({"paymentRequestId": "x" * 129}, "paymentRequestId"),
        ({"paymentRequestId": "a\nb"}, "paymentRequestId"),
        ({"paymentRequestId": "\ud800"}, "paymentRequestId"),
        ({"paymentRequestId": 12}, "paymentRequestId"),
        ({"paidAmount": "100000.00"}, "paidAmount"),
        ({"paidAmount": {"value": 100000.00, "currency": "IDR"}}, "paidAmount.value"),
        ({"paidAmount": {"value": "100000", "currency": "IDR"}}, "paidAmount.value"),
        ({"paidAmount": {"value": "100000.0", "currency": "IDR"}}, "paidAmount.value"),
        ({"paidAmount": {"value": "-1.00", "currency": "IDR"}}, "paidAmount.value"),
        ({"paidAmount": {"value": "1.00\n", "currency": "IDR"}}, "paidAmount.value"),
        ({"paidAmount": {"value": "1" * 17 + ".00", "currency": "IDR"}}, "paidAmount.value"),
        ({"paidAmount": {"value": "1.00", "currency": "Rp"}}, "paidAmount.currency"),
        ({"totalAmount": {"value": "1,00", "currency": "IDR"}}, "totalAmount.value"),
        ({"referenceNo": "x" * 65}, "referenceNo"),
        ({"journalNum": 1}, "journalNum"),
        ({"paidBills": "ZZ"}, "paidBills"),
        ({"channelCode": "60100"}, "channelCode"),
        ({"channelCode": 6010.5}, "channelCode"),
        ({"channelCode": True}, "channelCode"),
        ({"channelCode": -1}, "channelCode"),
        ({"channelCode": 10**5000}, "channelCode"),
        ({"paymentType": "12"}, "paymentType"),
        ({"flagAdvise": "y"}, "flagAdvise"),
        ({"sourceBankCode": 14}, "sourceBankCode"),
        ({"billDetails": {"billNo": "1"}}, "billDetails"),
        ({"billDetails": [{}] * 25}, "billDetails"),
        ({"billDetails": ["x"]}, "billDetails"),
        ({"billDetails": [{"billNo": "x" * 19}]}, "billDetails.billNo"),
        ({"billDetails": [{"billDescription": {"english": 1}}]}, "billDetails.billDescription"),
        ({"billDetails": [{"additionalInfo": "x"}]}, "billDetails.additionalInfo"),
        ({"freeTexts": [{"english": "x" * 33}]}, "freeTexts"),
        ({"freeTexts": "x"}, "freeTexts"),
    ],
)
def test_field_of_a_wrong_form_is_named(changes: dict[str, Any], field: str) -> None:
    assert find_error("payment", **changes) == (field, False)


@pytest.mark.parametrize(
    "account",
    [
        {"partnerServiceId": "88081", "customerNo": "00000000017", "virtualAccountNo": VA},
        {"partnerServiceId": "   88081", "customerNo": "00000000017", "virtualAccountNo": VA},
        {"partnerServiceId": "00088081", "customerNo": "00000000017", "virtualAccountNo": f"000{VA}"},
        {"partnerServiceId": "88081", "customerNo": "00000000017", "virtualAccountNo": VA.rjust(28)},
        {"partnerServiceId": "88081", "customerNo": "00000000017", "virtualAccountNo": VA.rjust(28, "0")},
        {"partnerServiceId": "  88081 ", "customerNo": " 00000000017", "virtualAccountNo": "  88081  00000000017"},
        {"partnerServiceId": "8808", "customerNo": "100000000017", "virtualAccountNo": VA},
    ],
)
def test_padding_of_every_kind_names_the_same_account_and_is_echoed(account: dict[str, str]) -> None:
    body = parse_payment({**PAYMENT, **account})
    assert body.va_number == VA
    assert {name: body.echo[name] for name in account} == account


def test_customer_number_without_its_zeros_is_another_account() -> None:
    account = {"partnerServiceId": "88081", "customerNo": "17", "virtualAccountNo": "8808117"}
    assert parse_payment({**PAYMENT, **account}).va_number != VA


def test_company_code_that_begins_with_zeros_keeps_them() -> None:
    account = {"partnerServiceId": "   00012", "customerNo": "00000000017", "virtualAccountNo": "   0001200000000017"}
    assert parse_payment({**PAYMENT, **account}).va_number == "0001200000000017"


@pytest.mark.parametrize("number", [6010, "6010"])
def test_digits_are_taken_either_way(number: Any) -> None:
    given = {"billReferenceNo": number, "billNo": "1"}
    body = parse_payment({**PAYMENT, "channelCode": number, "paymentType": 1, "billDetails": [given]})
    assert (body.channel_code, body.echo["paymentType"]) == ("6010", "1")
    assert body.bills == [{"billNo": "1", "billReferenceNo": number, "billerReferenceId": "6010"}]


@pytest.mark.parametrize(
    ("told", "instant"),
    [
        ("2026-11-23T10:00:00+07:00", "2026-11-23T03:00:00.000Z"),
        ("2026-11-23T10:00:00.123+07:00", "2026-11-23T03:00:00.123Z"),
        ("2026-11-23T03:00:00Z", "2026-11-23T03:00:00.000Z"),
        ("2026-11-23T10:00:00", "2026-11-23T03:00:00.000Z"),
        ("20261123T030000Z", "2026-11-23T03:00:00.000Z"),
        ("yesterday", None),
        ("0001-01-01T00:00:00+07:00", None),
    ],
)
def test_time_of_the_transaction_only_informs(told: str, instant: str | None) -> None:
    body = parse_payment({**PAYMENT, "trxDateTime": told})
    assert (body.transaction_at, body.echo["trxDateTime"]) == (instant, told)


def test_payment_is_echoed_whole_and_nothing_unknown_with_it() -> None:
    echoed: dict[str, Any] = {
        "virtualAccountName": "Alya",
        "virtualAccountEmail": "a@example.com",
        "virtualAccountPhone": "628123",
        "trxId": "t",
        "totalAmount": {"value": "100000.00", "currency": "IDR"},
        "paidBills": "95000",
        "trxDateTime": "x",
        "referenceNo": "r",
        "journalNum": "1",
        "paymentType": "1",
        "flagAdvise": "Y",
        "freeTexts": [{"english": "a", "indonesia": "b"}],
    }
    body = parse_payment(
        {
            **PAYMENT,
            **echoed,
            "passApp": "secret",
            "cumulativePaymentAmount": None,
            "hashedSourceAccountNo": "h",
            "x": 1,
        }
    )
    assert body.echo == {**PAYMENT, **echoed}


def test_bill_is_echoed_with_its_own_additional_info_and_without_words_that_are_null() -> None:
    bill = {"billNo": "1", "additionalInfo": {"a": Decimal("1.50")}, "billDescription": {"english": "x"}}
    sent = {**bill, "billDescription": {"english": "x", "indonesia": None}, "billName": None, "additionalInfo2": 1}
    assert parse_payment({**PAYMENT, "billDetails": [sent, {"additionalInfo": {}}]}).bills == [bill, {}]


def test_null_and_empty_optional_fields_are_absent() -> None:
    optional = ("referenceNo", "totalAmount", "billDetails", "freeTexts", "channelCode", "flagAdvise", "sourceBankCode")
    for empty in (None, ""):
        body = parse_payment({**PAYMENT, **dict.fromkeys(optional, empty)})
        assert body.echo == {**PAYMENT, "virtualAccountName": ""}
        assert (body.source_bank, body.bank_reference, body.channel_code) == (None, None, "")


def test_additional_info_is_echoed_if_it_can_be_written_again() -> None:
    assert read_additional_info({"additionalInfo": {"a": [1, "b"]}}) == {"a": [1, "b"]}
    assert read_additional_info({}) is None
    with_numbers = {"fee": Decimal("2500.50"), "journal": Decimal("12345678901234567890123")}
    assert read_additional_info({"additionalInfo": with_numbers}) == with_numbers
    for bad in ("x", {"a": "\ud800"}, {"a": "x" * 5000}, {"a": 10**30}):
        with pytest.raises(BodyError):
            read_additional_info({"additionalInfo": bad})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.from_regex("[0-9. ]{0,30}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["value", "currency", "x"]), inner),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    [*PAYMENT, "inquiryRequestId", "totalAmount", "trxDateTime", "billDetails", "freeTexts", "channelCode", "amount"]
)


@settings(max_examples=300)
@given(st.dictionaries(FIELDS, JSON, max_size=4), st.sampled_from(sorted(_PARSE)))
def test_any_body_is_read_or_refused_by_the_name_of_a_field(changes: dict[str, Any], service: str) -> None:
    parse, good = _PARSE[service]
    body, field = None, ""
    try:
        body = parse({**good, **changes})
    except BodyError as error:
        field = error.field
    if body is None:
        assert re.fullmatch(r"[a-zA-Z.]{1,40}", field)
    else:
        assert re.fullmatch("[0-9]{16,28}", body.va_number)
        json.dumps(getattr(body, "echo", {})).encode()


# --- Words -----------------------------------------------------------------------------------------------------------


def test_every_verdict_has_a_code_and_reasons_in_both_languages_of_at_most_64_characters() -> None:
    assert set(CASES) == set(Verdict)
    assert list(ENGLISH) == list(INDONESIAN)
    for key, words in ENGLISH.items():
        assert sorted(re.findall("{[a-z_]+}", words)) == sorted(re.findall("{[a-z_]+}", INDONESIAN[key]))
    for verdict in Verdict:
        assert all(0 < len(words) <= 64 for words in describe(verdict).values())
    field = "billDetails.billDescription"
    for key in ("invalid_format", "missing_field"):
        assert all(words.endswith(field) for words in describe(key, field=field).values())


def test_no_refusal_sounds_as_if_money_had_been_received() -> None:
    comforting = re.compile(r"receiv|success|thank|accepted|terima|berhasil|sukses|masuk|lunas", re.IGNORECASE)
    for verdict in set(Verdict) - {Verdict.ACCEPTED}:
        words = [*describe(verdict).values(), CASES[verdict].message]
        assert not any(comforting.search(word) for word in words)
        assert CASES[verdict].http_status in (404, 409)
    assert CASES[Verdict.ACCEPTED].code == SUCCEEDED
    assert LANGUAGES == ("id", "en")


def test_domain_knows_no_field_of_the_standard() -> None:
    fields = re.compile("virtualAccount|partnerServiceId|customerNo|paidAmount|paymentFlag|inquiryStatus|billDetails")
    domain = Path(invoicing.__file__).parent
    assert [path.name for path in domain.rglob("*.py") if fields.search(path.read_text())] == []


def test_client_data_have_the_usual_values() -> None:
    client = BankClient("c", "028", "p", (), "arn")
    assert (client.sub_company, client.replay_code_success) == ("00000", False)

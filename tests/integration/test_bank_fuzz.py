"""Signed bodies of any content through the whole webhook: never a server error, never money that is not due."""

import json
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.local.bank import PATH, Bank, Call, Reply, write_timestamp
from invoicing import clock
from tests.integration import bank_scenario, scenario
from tests.integration.conftest import Aws
from tests.integration.snap_scenario import connect, send

DUE = 100_000
IDS = ("partnerServiceId", "customerNo", "virtualAccountNo", "virtualAccountName")
_NEXT = count(1)

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(10**18, 10**31)
WORDS = st.text(max_size=40) | st.from_regex(r"\A[ 0-9.,:TZ+-]{0,30}\Z") | st.integers(0, 5000).map("x".__mul__)
NAMES = st.sampled_from(["value", "currency", "english", "indonesia", "billNo", "billAmount", "additionalInfo", "x"])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS | st.sampled_from(["IDR", "Y", "N", "6010", "00", "100000.00"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=6,
)
OPTIONAL = (
    *("virtualAccountEmail", "virtualAccountPhone", "trxId", "channelCode", "hashedSourceAccountNo", "sourceBankCode"),
    *("cumulativePaymentAmount", "paidBills", "totalAmount", "trxDateTime", "referenceNo", "journalNum"),
    *("paymentType", "flagAdvise", "subCompany", "billDetails", "freeTexts", "additionalInfo", "passApp", "language"),
    *("virtualAccountName", "trxDateInit", "amount", "unknown"),
)
MANDATORY = ("partnerServiceId", "customerNo", "virtualAccountNo", "paymentRequestId", "inquiryRequestId")
FUZZ = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
def bank(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Bank:
    def fail() -> None:
        raise AssertionError("the call was not kept")

    monkeypatch.setattr(clock, "now", lambda: scenario.NOW)
    monkeypatch.setattr("va_callback.keeping.count_not_kept", fail)
    scenario.register(scenario.SHOP)
    bank = connect("ocbc", "ocbc")
    aws.become("VaCallbackFunction")
    return bank


def send_signed(bank: Bank, service: str, body: dict[str, Any], *, as_ascii: bool = True) -> Reply:
    """As ``Bank.call``, but the JSON may hold halves of surrogate pairs, and numbers of any size."""
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {bank._get_token()}",
        "X-TIMESTAMP": write_timestamp(),
        "X-PARTNER-ID": bank.identity.partner_id,
        "X-EXTERNAL-ID": str(next(_NEXT)),
        "CHANNEL-ID": "95221",
    }
    raw = json.dumps(body, ensure_ascii=as_ascii).encode("utf-8", "surrogatepass")
    return send(bank.sign(Call("POST", f"{PATH}/transfer-va/{service}", headers, raw)))


def check_answer(reply: Reply, service: str, outcome: str) -> None:
    code = reply.code
    assert (len(code), code[:3], code[3:5]) == (7, str(reply.http_status), service)
    assert reply.http_status < 500
    data = reply.body["virtualAccountData"]
    assert data[f"{outcome}Status"] in ("00", "01")
    assert all(data[f"{outcome}Reason"][language] for language in ("english", "indonesia"))
    assert all(isinstance(data[name], str) for name in IDS if service != "26" or name in data)


@FUZZ
@given(changes=st.dictionaries(st.sampled_from([*OPTIONAL, *MANDATORY]), VALUES, max_size=5), as_ascii=st.booleans())
@pytest.mark.parametrize(
    ("path", "service", "outcome"), [("inquiry", "24", "inquiry"), ("payment", "25", "paymentFlag")]
)
def test_signed_body_of_any_content_is_answered_and_never_pays_another_amount(
    bank: Bank, path: str, service: str, outcome: str, changes: dict[str, Any], as_ascii: bool
) -> None:
    va_number = bank_scenario.open_bill(next(_NEXT), amount=DUE)
    good = bank_scenario.make_payment_body(va_number, DUE + 1, f"pay-{va_number}")
    reply = send_signed(bank, path, {**good, "inquiryRequestId": "i", **changes}, as_ascii=as_ascii)
    check_answer(reply, service, outcome)
    assert reply.code in ("2002400", "4042513") or reply.http_status in (400, 404)
    assert bank_scenario.assert_money_agrees(va_number) is None


@FUZZ
@given(amount=VALUES | st.fixed_dictionaries({"value": VALUES, "currency": VALUES}))
def test_amount_of_any_content_pays_only_what_is_due_to_the_letter(bank: Bank, amount: Any) -> None:
    va_number = bank_scenario.open_bill(next(_NEXT), amount=DUE)
    body = bank_scenario.make_payment_body(va_number, DUE, f"pay-{va_number}", paidAmount=amount)
    reply = send_signed(bank, "payment", body)
    check_answer(reply, "25", "paymentFlag")
    is_due = amount == {"value": "100000.00", "currency": "IDR"}
    assert (reply.code == "2002500") is is_due
    assert (bank_scenario.assert_money_agrees(va_number) is not None) is is_due


@FUZZ
@given(changes=st.dictionaries(st.sampled_from(OPTIONAL), VALUES, max_size=4), as_ascii=st.booleans())
def test_payment_of_what_is_due_is_posted_or_refused_for_a_field_whatever_else_it_brings(
    bank: Bank, changes: dict[str, Any], as_ascii: bool
) -> None:
    va_number = bank_scenario.open_bill(next(_NEXT), amount=DUE)
    body = bank_scenario.make_payment_body(va_number, DUE, f"pay-{va_number}") | changes
    reply = send_signed(bank, "payment", body, as_ascii=as_ascii)
    check_answer(reply, "25", "paymentFlag")
    posting = bank_scenario.assert_money_agrees(va_number)
    if posting:
        assert (reply.code, posting["amount"]) == ("2002500", DUE)
        echoed = reply.body["virtualAccountData"]
        for name in ("virtualAccountNo", "paymentRequestId", "paidAmount", "referenceNo", "trxDateTime", "flagAdvise"):
            # What came in a readable form goes back as it came.
            if name in echoed:
                assert echoed[name] == body[name]
    else:
        assert reply.http_status == 400

"""What SNS is asked for, exactly."""

from typing import Any

import pytest

from invoicing.gsm7 import count_segments
from invoicing.payer_links import read_payer_token
from invoicing.settings import get_settings
from tests.integration import notify_scenario as notify
from tests.integration import scenario

pytestmark = pytest.mark.usefixtures("billers")


@pytest.fixture
def billers(aws: Any) -> None:
    scenario.register(scenario.SHOP)


def send_one() -> dict[str, Any]:
    (ref,) = notify.issue(channels=["sms"])
    with notify.provider_does(notify.SMS) as calls:
        assert notify.send(ref) == []
    assert len(calls) == 1
    return calls[0]


def read_attributes(call: dict[str, Any]) -> dict[str, tuple[str, str]]:
    entries = range(1, 1 + sum(name.endswith(".Name") for name in call))
    prefix = "MessageAttributes.entry"
    return {
        call[f"{prefix}.{entry}.Name"]: (
            call[f"{prefix}.{entry}.Value.DataType"],
            call[f"{prefix}.{entry}.Value.StringValue"],
        )
        for entry in entries
    }


def test_sms_names_sender_type_and_highest_price() -> None:
    assert read_attributes(send_one()) == {
        "AWS.SNS.SMS.SenderID": ("String", "OCBCInfo"),
        "AWS.SNS.SMS.SMSType": ("String", "Transactional"),
        "AWS.SNS.SMS.MaxPrice": ("Number", "0.50"),
    }


def test_sms_goes_to_the_number_in_one_segment_without_a_link() -> None:
    send_one()

    ((number, words),) = notify.SMS.mailbox()
    assert number == notify.PHONE
    assert count_segments(words) == 1
    assert notify.va_number(0) in words
    assert "http" not in words


def test_link_of_the_deployment_ends_the_sms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYER_LINK_BASE", "https://tagihan.example/b/")
    get_settings.cache_clear()
    words = send_one()["Message"]

    before, _, token = words.rpartition("/")
    assert before.endswith(f"{notify.va_number(0)}. https://tagihan.example/b")
    read = read_payer_token(token)
    assert read is not None
    assert read.va_number == notify.va_number(0)
    assert count_segments(words) == 1

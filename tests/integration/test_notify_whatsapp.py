"""What End User Messaging Social is asked for, exactly."""

from typing import Any

import pytest

from invoicing.billers import Biller
from invoicing.notices import NoticeRef
from notify.channels import whatsapp
from tests.integration import notify_scenario as notify
from tests.integration import scenario


@pytest.fixture(autouse=True)
def billers(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHATSAPP_E_INVOICE_PHONE_NUMBER_ID", "phone-number-id-1a")
    monkeypatch.setenv("WHATSAPP_PINTU_KELAS_PHONE_NUMBER_ID", "phone-number-id-2b")
    scenario.register(scenario.SHOP, scenario.SCHOOL)
    notify.stand_in_for_whatsapp()


def send_one(biller: Biller = scenario.SHOP, **changes: Any) -> tuple[NoticeRef, dict[str, Any]]:
    (ref,) = notify.issue(biller=biller, channels=["whatsapp"], **changes)
    assert notify.send(ref) == []
    (call,) = notify.WHATSAPP.mailbox()
    return ref, call


def test_message_is_a_template_that_carries_the_notices_reference() -> None:
    ref, call = send_one()

    assert call["metaApiVersion"] == "v23.0"
    message = call["message"]
    assert NoticeRef.from_text(message.pop("biz_opaque_callback_data")) == ref
    template = message.pop("template")
    assert message == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": notify.PHONE,
        "type": "template",
    }
    assert (template["name"], template["language"]) == ("bill_issued_2", {"code": "id"})
    (body,) = template["components"]
    assert body["type"] == "body"
    assert {parameter["type"] for parameter in body["parameters"]} == {"text"}
    words = [parameter["text"] for parameter in body["parameters"]]
    assert words[:3] == ["Ibu Sari", "Toko Sinar Jaya", "Pelanggan 0"]
    assert words[-1] == ref.va_number


def test_language_of_the_row_chooses_the_template() -> None:
    _, call = send_one(language="en")

    assert call["message"]["template"]["language"] == {"code": "en"}


@pytest.mark.parametrize(
    ("biller", "number"), [(scenario.SHOP, "phone-number-id-1a"), (scenario.SCHOOL, "phone-number-id-2b")]
)
def test_each_module_has_a_number_of_its_own(biller: Biller, number: str) -> None:
    _, call = send_one(biller)

    assert call["originationPhoneNumberId"] == number


def test_numbers_are_asked_in_their_own_region() -> None:
    assert whatsapp.client().meta.region_name == "ap-southeast-1"

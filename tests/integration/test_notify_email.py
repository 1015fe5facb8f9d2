"""What SES is asked for, exactly."""

from typing import Any

import pytest

from invoicing.notices import NoticeRef
from invoicing.settings import get_settings
from tests.integration import notify_scenario as notify
from tests.integration import scenario


@pytest.fixture
def ref(aws: Any) -> NoticeRef:
    scenario.register(scenario.SHOP, scenario.SCHOOL)
    return notify.issue()[0]


def test_queued_notice_is_sent_as_html_and_text_with_its_key_as_tags(ref: NoticeRef) -> None:
    with notify.ses_does() as calls:
        assert notify.send(ref) == []

    (call,) = calls
    assert call["FromEmailAddress"] == "OCBC E-Invoice <notifikasi@ocbc.id>"
    assert call["Destination"] == {"ToAddresses": ["sari0@example.com"]}
    assert call["ConfigurationSetName"] == get_settings().email_configuration_set
    tags = {tag["Name"]: tag["Value"] for tag in call["EmailTags"]}
    assert tags == {"notice_id": ref.notice_id, "va_number": ref.va_number, "bank_code": ref.bank_code}
    content = call["Content"]["Simple"]
    assert "Toko Sinar Jaya" in content["Subject"]["Data"]
    for part in ("Html", "Text"):
        assert ref.va_number in content["Body"][part]["Data"]
    assert len(notify.mailbox()) == 1


def test_school_notice_comes_from_pintukelas(ref: NoticeRef) -> None:
    (school,) = notify.issue(7, biller=scenario.SCHOOL)

    with notify.ses_does() as calls:
        notify.send(school)
    assert calls[0]["FromEmailAddress"] == "PintuKelas <notifikasi@ocbc.id>"

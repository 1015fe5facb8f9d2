"""What the events of the three providers say, and that no other input gets through."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoicing import clock
from invoicing.notices import Channel, NoticeRef, NoticeState, SuppressionReason
from invoicing.settings import get_settings
from notify.receipt_events import MAX_BODY, EventUnreadableError, Receipt, read_receipts
from tests import receipt_samples as samples
from tests.receipt_samples import AT, SECONDS, TOPICS, envelope, ses_event, sms_event, whatsapp_event, whatsapp_status

REF = NoticeRef("028", "8808100000000017", "issued-email-91c2f0a37be41d58")
SES, WHATSAPP, SMS = TOPICS.values()


@pytest.fixture(autouse=True)
def settings_of_receipts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {**TOPICS, "BANK_CODE": "028"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 23, 4, tzinfo=UTC))
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def read(topic: str, event: Any) -> Receipt:
    (receipt,) = read_receipts(envelope(topic, event))
    return receipt


@pytest.mark.parametrize(
    ("kind", "changes", "state", "reason", "suppress"),
    [
        ("Send", {}, "sent", None, None),
        ("Delivery", {}, "delivered", None, None),
        ("Bounce", {}, "bounced", "bounce_permanent_general", "bounce"),
        ("Bounce", {"bounce": {"bounceSubType": "NoEmail"}}, "bounced", "bounce_permanent_noemail", "bounce"),
        ("Bounce", {"bounce": {"bounceType": "Transient"}}, "failed", "bounce_transient_general", None),
        ("Bounce", {"bounce": {"bounceType": "Undetermined"}}, "failed", "bounce_undetermined_general", None),
        (
            "Bounce",
            {"bounce": {"bounceSubType": f"for {samples.ADDRESS}"}},
            "bounced",
            "bounce_permanent_other",
            "bounce",
        ),
        ("Complaint", {}, "delivered", None, "complaint"),
        (
            "Complaint",
            {"complaint": {"complaintSubType": "OnAccountSuppressionList"}},
            "bounced",
            "complained_before",
            "complaint",
        ),
        ("Reject", {}, "failed", "rejected", None),
        ("Rendering Failure", {}, "failed", "rendering_failure", None),
    ],
)
def test_ses_event_names_state_reason_and_whether_the_address_is_finished(
    kind: str, changes: dict[str, Any], state: str, reason: str | None, suppress: str | None
) -> None:
    receipt = read(SES, ses_event(REF, kind, **changes))

    assert (receipt.channel, receipt.ref, receipt.provider_id, receipt.at) == (Channel.EMAIL, REF, "ses-1", AT)
    assert (receipt.state, receipt.reason, receipt.suppress) == (state, reason, suppress)
    assert receipt.is_complaint == (kind == "Complaint" and not changes)


@pytest.mark.parametrize(
    "event",
    [
        ses_event(REF, "DeliveryDelay"),
        ses_event(REF, "Complaint", complaint={"complaintFeedbackType": "not-spam"}),
        {**ses_event(REF, "Send"), "eventType": "Open"},
    ],
)
def test_ses_event_that_settles_nothing_is_no_receipt(event: Any) -> None:
    assert read_receipts(envelope(SES, event)) == []


@pytest.mark.parametrize(
    "tags",
    [
        None,
        {},
        [],
        {"bank_code": ["028"], "va_number": [REF.va_number]},
        {"bank_code": "028", "va_number": REF.va_number, "notice_id": REF.notice_id},
        {"bank_code": ["999"], "va_number": [REF.va_number], "notice_id": [REF.notice_id]},
        {"bank_code": ["028"], "va_number": ["88#08"], "notice_id": [REF.notice_id]},
        {"bank_code": ["028", "028"], "va_number": [REF.va_number], "notice_id": [REF.notice_id]},
    ],
)
def test_event_without_our_tags_or_with_another_banks_is_left_to_its_message_id(tags: Any) -> None:
    event = ses_event(REF, "Send")
    event["mail"]["tags"] = tags
    receipt = read(SES, event)

    assert (receipt.ref, receipt.provider_id) == (None, "ses-1")


@pytest.mark.parametrize(
    ("status", "code", "state", "reason", "suppress"),
    [
        ("sent", None, "sent", None, None),
        ("delivered", None, "delivered", None, None),
        ("read", None, "read", None, None),
        ("failed", 131026, "bounced", "whatsapp_131026", "no_whatsapp"),
        ("failed", 131050, "bounced", "whatsapp_131050", "opted_out"),
        ("failed", 131049, "failed", "whatsapp_131049", None),
        ("failed", None, "failed", "whatsapp_no_code", None),
    ],
)
def test_whatsapp_status_names_state_reason_and_whether_the_number_is_finished(
    status: str, code: int | None, state: str, reason: str | None, suppress: str | None
) -> None:
    receipt = read(WHATSAPP, whatsapp_event(whatsapp_status(REF, status, code=code)))

    assert (receipt.channel, receipt.ref, receipt.provider_id, receipt.at) == (Channel.WHATSAPP, REF, "wamid.1", AT)
    assert (receipt.state, receipt.reason, receipt.suppress) == (state, reason, suppress)


def test_every_status_of_every_change_counts() -> None:
    statuses = [whatsapp_status(REF, status, SECONDS + at) for at, status in enumerate(("sent", "delivered", "read"))]

    receipts = read_receipts(envelope(WHATSAPP, whatsapp_event(*statuses)))
    assert [(receipt.state, receipt.at[17:19]) for receipt in receipts] == [
        ("sent", "00"),
        ("delivered", "01"),
        ("read", "02"),
    ]


@pytest.mark.parametrize(
    "event",
    [
        whatsapp_event(value={"messages": [{"from": "62812", "type": "text", "text": {"body": "halo"}}]}),
        whatsapp_event(field="message_template_status_update", value={"event": "PAUSED"}),
        whatsapp_event(whatsapp_status(REF, "deleted")),
    ],
)
def test_whatsapp_event_about_something_else_is_no_receipt(event: Any) -> None:
    assert read_receipts(envelope(WHATSAPP, event)) == []


@pytest.mark.parametrize(
    ("answer", "state", "reason", "suppress"),
    [
        ("Message has been accepted by phone carrier", "sent", None, None),
        ("Message has been accepted by phone", "delivered", None, None),
        ("Phone number is opted out", "bounced", "sms_opted_out", "opted_out"),
        ("Invalid phone number", "failed", "sms_invalid_number", None),
        ("Phone is currently unreachable/unavailable", "failed", "sms_phone_unreachable", None),
        (f"Something new about {samples.PHONE}", "failed", "sms_other", None),
    ],
)
def test_sms_outcome_names_state_reason_and_whether_the_number_is_finished(
    answer: str, state: str, reason: str | None, suppress: str | None
) -> None:
    receipt = read(SMS, sms_event("sms-1", answer))

    assert (receipt.channel, receipt.ref, receipt.provider_id, receipt.at) == (Channel.SMS, None, "sms-1", AT)
    assert (receipt.state, receipt.reason, receipt.suppress) == (state, reason, suppress)


def test_event_from_the_future_is_dated_now() -> None:
    assert read(SES, ses_event(REF, "Delivery", "2036-01-01T00:00:00.000Z")).at == "2026-11-23T04:00:00.000Z"


def drop(event: dict[str, Any], *path: str) -> Any:
    found = event
    for name in path[:-1]:
        found = found[name]
    del found[path[-1]]
    return event


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        "[" * 5_000,
        json.dumps({"TopicArn": SES, "Message": 5}),
        envelope(SES, "no json"),
        envelope(SES, []),
        envelope("arn:aws:sns:ap-southeast-3:999999999999:foreign", ses_event(REF, "Send")),
        envelope(SES, drop(ses_event(REF, "Send"), "mail")),
        envelope(SES, drop(ses_event(REF, "Send"), "mail", "messageId")),
        envelope(SES, ses_event(REF, "Send", message_id="a b")),
        envelope(SES, ses_event(REF, "Send", message_id="x" * 257)),
        envelope(SES, drop(ses_event(REF, "Delivery"), "delivery")),
        envelope(SES, ses_event(REF, "Delivery", "yesterday")),
        envelope(SES, ses_event(REF, "Delivery", "0001-01-01T00:00:00+23:00")),
        envelope(WHATSAPP, {"whatsAppWebhookEntry": {"changes": []}}),
        envelope(WHATSAPP, whatsapp_event(*[whatsapp_status(REF, "sent")] * 101)),
        envelope(WHATSAPP, whatsapp_event("sent")),
        envelope(WHATSAPP, whatsapp_event(whatsapp_status(REF, "sent", seconds=-1))),
        envelope(WHATSAPP, whatsapp_event(drop(whatsapp_status(REF, "sent"), "status"))),
        envelope(SMS, drop(sms_event("sms-1"), "notification")),
        envelope(SMS, sms_event("sms-1") | {"status": "MAYBE"}),
        envelope(SMS, sms_event("sms-1", at="2026-13-45")),
        envelope(SES, ses_event(REF, "Send") | {"padding": "x" * MAX_BODY}),
    ],
)
def test_what_is_no_event_is_refused_without_quoting_it(body: str) -> None:
    with pytest.raises(EventUnreadableError) as refusal:
        read_receipts(body)
    assert len(str(refusal.value)) < 50


@pytest.mark.parametrize("code", ["131026", True, None, [], -1, 10**9])
def test_odd_error_code_of_whatsapp_fails_the_notice_and_suppresses_nobody(code: Any) -> None:
    status = whatsapp_status(REF, "failed", code=1)
    status["errors"][0]["code"] = code
    receipt = read(WHATSAPP, whatsapp_event(status))

    assert (receipt.state, receipt.suppress) == (NoticeState.FAILED, None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_event_with_any_part_replaced_is_read_or_refused_never_anything_else(data: st.DataObject) -> None:
    topic, event = data.draw(
        st.sampled_from(
            [
                (SES, ses_event(REF, "Bounce")),
                (SES, ses_event(REF, "Complaint")),
                (WHATSAPP, json.loads(whatsapp_event(whatsapp_status(REF, "failed", code=1))["whatsAppWebhookEntry"])),
                (SMS, sms_event("sms-1")),
            ]
        )
    )
    changed = json.loads(json.dumps(event))
    part: Any = changed
    while isinstance(part, dict | list) and part:
        key = data.draw(st.sampled_from(sorted(part) if isinstance(part, dict) else range(len(part))))
        if not isinstance(part[key], dict | list) or not part[key] or data.draw(st.booleans()):
            part[key] = data.draw(json_values)
            break
        part = part[key]
    body = envelope(topic, {"whatsAppWebhookEntry": json.dumps(changed)} if topic == WHATSAPP else changed)
    try:
        receipts = read_receipts(body)
    except EventUnreadableError:
        return
    assert all(isinstance(receipt.suppress, SuppressionReason | None) for receipt in receipts)
    assert all(samples.ADDRESS not in str(receipt) and samples.PHONE not in str(receipt) for receipt in receipts)

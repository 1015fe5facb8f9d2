"""Ladder, hold and pause of a channel on the local cloud: deployed functions, and the stand-in with its events."""

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ulid import ULID

from infra.local.cloud import Cloud
from infra.local.messages import count_received, list_messages
from infra.local.provider_faults import Fault
from invoicing import clock, notice_holds
from invoicing.billers import Biller, Module
from invoicing.notice_policy import FallbackLadder, NoticePolicy
from invoicing.notices import PAYER_CHANNELS, Channel, Lane, NoticeRef, NoticeState, plan_issued_notices
from invoicing.settings import get_settings
from invoicing.store import channels, dynamodb, invoices, notices, uploads
from invoicing.uploads import Upload, UploadStatus
from invoicing.virtual_accounts import build_va_number
from tests.e2e.at_once import register_biller
from tests.e2e.test_concurrency import read_notices, wait_until
from tests.e2e.test_local_cloud import find_resources
from tests.integration import scenario

pytestmark = pytest.mark.usefixtures("product")

EMAIL, WHATSAPP, SMS = Channel.EMAIL, Channel.WHATSAPP, Channel.SMS
MANY = 2_100
AT_ONCE = 20
"""Invoices per transaction."""


def issue(
    biller: Biller,
    recipients: list[dict[str, str]],
    *,
    start: int = 0,
    upload_id: str | None = None,
    lane: Lane = Lane.EXPRESS,
) -> list[NoticeRef]:
    """One invoice for each recipient, written as the upload writer does; the notices that it has at first."""
    settings, refs = get_settings(), []
    upload_id = upload_id or str(ULID())
    for first in range(0, len(recipients), AT_ONCE):
        writes: list[Any] = []
        for index, recipient in enumerate(recipients[first : first + AT_ONCE], start + first):
            va_number = build_va_number(biller.company_code, index, settings.va_customer_number_digits)
            draft: Any = scenario.make_draft(index, recipients=[recipient])
            facts: dict[str, Any] = {
                "bank_code": settings.bank_code,
                "va_number": va_number,
                "biller_id": biller.biller_id,
                "upload_id": upload_id,
                "created_at": clock.to_text(clock.now()),
            }
            writes += invoices.build_invoice_writes(row=index, draft=draft, **facts)
            for planned in plan_issued_notices(biller, draft, va_number, lane):
                item = notices.notice_item(planned, number=draft["number"], **facts)
                writes.append(dynamodb.build_put(settings.notices_table, dynamodb.to_item(item)))
                refs.append(NoticeRef(settings.bank_code, va_number, planned.notice_id))
        assert dynamodb.commit(writes) is None
    return refs


def run_sweeper(cloud: Cloud) -> None:
    sweeper = find_resources(cloud, "AWS::Lambda::Function")["NoticeSweepFunction"]
    cloud.client("lambda").invoke(FunctionName=sweeper, Payload=b"{}")


def phone(fault: Fault | None, channel: Channel, index: int = 0) -> str:
    return f"+6281{'2' if channel is SMS else '3'}66{index:01d}{fault.digits if fault else '7777000'}"


def list_channels(ref: NoticeRef) -> dict[str, str]:
    return {record["channel"]: record["state"] for record in notices.list_records(ref.bank_code, ref.va_number)}


def test_notices_climb_their_ladder_until_one_arrives(product: Cloud) -> None:
    ladder = NoticePolicy(fallback=FallbackLadder(is_on=True))
    own = register_biller(Module.E_INVOICE)
    biller = replace(own, channels=PAYER_CHANNELS, policy=ladder)
    recipients = [
        {
            "whatsapp": phone(whatsapp, WHATSAPP, index),
            "sms": phone(sms, SMS, index),
            "email": f"l{index}@{own.biller_id}.id",
        }
        for index, (whatsapp, sms) in enumerate(
            [(None, None), (Fault.REFUSE, None), (Fault.BOUNCE, None), (Fault.BOUNCE, Fault.REFUSE)]
        )
    ]  # fmt: skip
    refs = issue(biller, recipients)

    expected = [
        {WHATSAPP: "read"},
        {WHATSAPP: "failed", SMS: "delivered"},
        {WHATSAPP: "bounced", SMS: "delivered"},
        {WHATSAPP: "bounced", SMS: "failed", EMAIL: "delivered"},
    ]
    wait_until(lambda: [list_channels(ref) for ref in refs] == expected)
    received = count_received(product)
    for recipient, ending in zip(recipients, expected, strict=True):
        assert all(received[channel, recipient[channel]][0] == 1 for channel in ending)


def test_channel_that_takes_nothing_pauses_and_comes_back_by_itself(product: Cloud) -> None:
    biller = replace(register_biller(Module.E_INVOICE), channels=(SMS,))
    refused = issue(biller, [{"sms": phone(Fault.THROTTLE, SMS, index % 10)} for index in range(40)])
    wait_until(lambda: channels.load_pause(SMS) is not None)
    refs = issue(biller, [{"sms": f"+62814000{index:05d}"} for index in range(40, 52)], start=40)
    wait_until(lambda: list_reasons(refs) == {"channel_paused"})
    assert list_messages(product, SMS, "+62814000") == []

    # The provider is well again, and half a minute has passed.
    for ref in refused:
        change(get_settings().notices_table, notice_key(ref), "SET #n = :v REMOVE due_at", "state", "cancelled")
    now = clock.to_text(clock.now())
    change(get_settings().channels_table, {"pk": {"S": SMS}}, "SET #n = :v", "until", now)

    def is_over() -> bool:
        run_sweeper(product)
        return {notice.state for notice in read_notices(refs)} <= {NoticeState.SENT, NoticeState.DELIVERED}

    wait_until(is_over)
    assert channels.load_pause(SMS) is None
    received = count_received(product)
    assert {received[SMS, f"+62814000{index:05d}"] for index in range(40, 52)} == {(1, 1)}


def list_reasons(refs: list[NoticeRef]) -> set[str | None]:
    return {record.get("reason") for record in map(notices.load_record, refs) if record}


def notice_key(ref: NoticeRef) -> Any:
    return {"pk": {"S": f"{ref.bank_code}#{ref.va_number}"}, "sk": {"S": ref.notice_id}}


def change(table: str, key: Any, update: str, name: str, value: str) -> None:
    dynamodb.client().update_item(
        TableName=table,
        Key=key,
        UpdateExpression=update,
        ExpressionAttributeNames={"#n": name},
        ExpressionAttributeValues={":v": {"S": value}},
    )


def test_hold_stops_thousands_of_notices_within_seconds_and_lets_them_go(product: Cloud) -> None:
    biller = replace(register_biller(Module.E_INVOICE), channels=(EMAIL,))
    upload = register_upload(biller)
    addresses = [f"h{index}@{biller.biller_id}.example" for index in range(MANY)]
    refs = issue(biller, [{"email": address} for address in addresses], upload_id=upload.upload_id, lane=Lane.BULK)
    wait_until(lambda: count_sent(product, biller) > 0)

    notice_holds.hold_notices(biller.biller_id, upload.upload_id, by="budi")
    # What a sender had heard two seconds before, and the call it was in.
    time.sleep(4)
    went = count_sent(product, biller)
    time.sleep(2)
    assert count_sent(product, biller) == went < MANY
    wait_until(lambda: notice_holds.count_notices(biller.biller_id, upload.upload_id).parked > 20)
    counts = notice_holds.count_notices(biller.biller_id, upload.upload_id)
    assert (counts.written, counts.went, counts.waiting) == (MANY, went, MANY - went)

    notice_holds.resume_notices(biller.biller_id, upload.upload_id, by="budi")
    run_sweeper(product)
    wait_until(lambda: count_sent(product, biller) >= went + 20)
    # No need to send them all: held again, they only leave the queue.
    notice_holds.hold_notices(biller.biller_id, upload.upload_id, by="budi")
    received = count_received(product)
    assert {received.get((EMAIL, address), (1, 1)) for address in addresses} == {(1, 1)}
    assert len(refs) == MANY


def count_sent(cloud: Cloud, biller: Biller) -> int:
    return len(list_messages(cloud, EMAIL, f"@{biller.biller_id}.example"))


def register_upload(biller: Biller) -> Upload:
    """Released just now, as far as counting and holding ask."""
    now = clock.now()
    upload = Upload(
        biller_id=biller.biller_id,
        upload_id=str(ULID()),
        module=biller.module,
        on_errors=biller.on_errors,
        filename="tagihan.xlsx",
        status=UploadStatus.DONE,
        uploaded_by="siti",
        created_at=clock.to_text(now),
        released_by="budi",
        released_at=clock.to_text(now - timedelta(seconds=1)),
    )
    uploads.create_upload(upload)
    return uploads.load_upload(upload.biller_id, upload.upload_id)

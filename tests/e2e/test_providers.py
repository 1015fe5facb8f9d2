"""Providers that misbehave, and what becomes of each notice: through the deployed functions and the stand-in.

Left to ``tests/integration/test_notify_*``: workers killed at each step, messages of the queue delivered twice.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest
from boto3.dynamodb.conditions import Key
from openpyxl import Workbook

from infra.local.cloud import REGION, ROOT_CREDENTIALS, Cloud
from infra.local.messages import count_received, list_messages
from infra.local.provider_faults import Fault
from invoicing.notices import PAYER_CHANNELS, Channel
from tests.e2e.conftest import Shop
from tests.e2e.test_command_line import run
from tests.e2e.test_local_cloud import find_resources

NO_FAULT = "usual"
EMAIL, WHATSAPP, SMS = Channel.EMAIL, Channel.WHATSAPP, Channel.SMS
ARRIVED = {EMAIL: "delivered", WHATSAPP: "read", SMS: "delivered"}
PAST = "2026-01-01T00:00:00Z"
FIRST_ROUND_SECONDS = 70
LAST_ROUND_SECONDS = 60
REDELIVERY_SECONDS = 20
"""Of the receipts queue here, instead of three minutes: when an event comes again that overtook our settling."""


@dataclass(frozen=True)
class Ending:
    """How often the provider was asked and accepted, and what the notice says in the end."""

    requests: int
    accepted: int
    state: str
    reason: str | None = None


def for_each(*endings: Ending) -> dict[Channel, Ending]:
    return dict(zip((EMAIL, WHATSAPP, SMS), endings, strict=True))


def all_arrive(requests: int = 1) -> dict[Channel, Ending]:
    return {channel: Ending(requests, 1, state) for channel, state in ARRIVED.items()}


# An SMS costs money and carries no reference: after an ambiguous call it is never repeated, and what the provider
# reports of it cannot be told to be its own. The biller sees that nobody knows.
NOBODY_KNOWS = "no_answer"
ENDINGS: dict[str, dict[Channel, Ending]] = {
    NO_FAULT: all_arrive(),
    Fault.BOUNCE: for_each(
        Ending(1, 1, "bounced", "bounce_permanent_general"),
        Ending(1, 1, "bounced", "whatsapp_131026"),
        Ending(1, 1, "failed", "sms_invalid_number"),
    ),
    Fault.COMPLAINT: for_each(
        Ending(1, 1, "delivered"),
        Ending(1, 1, "bounced", "whatsapp_131050"),
        Ending(1, 1, "bounced", "sms_opted_out"),
    ),
    Fault.DELAY: {channel: Ending(1, 1, "delivered") for channel in PAYER_CHANNELS},
    Fault.THROTTLE_ONCE: all_arrive(requests=2),
    Fault.THROTTLE: {channel: Ending(2, 0, "queued", "throttled") for channel in PAYER_CHANNELS},
    Fault.REFUSE: for_each(
        Ending(1, 0, "failed", "MessageRejected"),
        Ending(1, 0, "failed", "meta_131026"),
        Ending(1, 0, "failed", "invalid_number"),
    ),
    Fault.TIMEOUT_BEFORE: all_arrive(requests=2) | {SMS: Ending(1, 0, "failed", NOBODY_KNOWS)},
    Fault.TIMEOUT_AFTER: all_arrive() | {SMS: Ending(1, 1, "failed", NOBODY_KNOWS)},
    Fault.ERROR_ONCE: all_arrive(requests=2) | {SMS: Ending(1, 0, "failed", NOBODY_KNOWS)},
    Fault.MALFORMED: all_arrive() | {SMS: Ending(1, 1, "failed", NOBODY_KNOWS)},
    Fault.NO_RECEIPT: {channel: Ending(1, 1, "sent") for channel in PAYER_CHANNELS},
    Fault.RECEIPT_TWICE: all_arrive(),
    Fault.RECEIPTS_REVERSED: all_arrive(),
    Fault.RECEIPT_EARLY: all_arrive(),
    # Last, since a batch of ten waits for each of its time-outs in turn.
    # The only one that doubles, as the policy says: a second bill is harmless, a lost one is not.
    Fault.TIMEOUT_SILENT: for_each(Ending(2, 2, "sent"), Ending(2, 2, "sent"), Ending(1, 1, "failed", NOBODY_KNOWS)),
}
CASES = [(fault, channel) for fault in ENDINGS for channel in PAYER_CHANNELS]


def address(fault: str, channel: Channel) -> str:
    """A recipient that nobody else of this session's cloud has."""
    if channel is EMAIL:
        return f"{fault}+matrix@example.com"
    end = Fault(fault).digits if fault != NO_FAULT else "8888000"
    return f"+6281{'2' if channel is SMS else '3'}77{end}"


def write_workbook(path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(
        ["No. Invoice", "Nama Pelanggan", "Jumlah Tagihan", "Jatuh Tempo", "No. WhatsApp", "Email", "No. HP (SMS)"]
    )
    for number, fault in enumerate(ENDINGS, start=1):
        contacts = [address(fault, channel) for channel in (WHATSAPP, EMAIL, SMS)]
        sheet.append([f"FAULT/{fault}", f"Payer {number}", 150_000 + number, date(2099, 1, 4), *contacts])
    book.save(path)


class Matrix:
    """One released upload with a payer for every fault, and what its notices say."""

    def __init__(self, cloud: Cloud, shop: Shop, folder: Path) -> None:
        self.cloud = cloud
        path = folder / "faults.xlsx"
        write_workbook(path)
        checked = shop.upload(path)
        assert checked["counts"]["invoices"] == len(ENDINGS), checked
        done = shop.release(checked)
        self.va_numbers = {
            invoice["number"].removeprefix("FAULT/"): invoice["va_number"]
            for invoice in shop.list_invoices(done["upload_id"])
        }
        table = find_resources(cloud, "AWS::DynamoDB::Table")["NoticesTable"]
        self._table = _open_resource(cloud).Table(table)
        self._sweeper = find_resources(cloud, "AWS::Lambda::Function")["NoticeSweepFunction"]

    def read_notices(self) -> dict[tuple[str, Channel], dict[str, Any]]:
        found = {}
        for fault, va_number in self.va_numbers.items():
            for item in self._table.query(KeyConditionExpression=Key("pk").eq(f"028#{va_number}"))["Items"]:
                found[fault, Channel(item["channel"])] = item
        return found

    def read_endings(self) -> dict[tuple[str, Channel], Ending]:
        received, notices = count_received(self.cloud), self.read_notices()
        endings = {}
        for fault, channel in CASES:
            notice = notices.get((fault, channel))
            counts = received.get((channel, address(fault, channel)), (0, 0))
            if notice:
                # A reason of an earlier attempt stays on a notice that went well later.
                is_explained = notice["state"] in ("queued", "failed", "bounced")
                endings[fault, channel] = Ending(
                    *counts, notice["state"], notice.get("reason") if is_explained else None
                )
        return endings

    def wait(self, seconds: float, is_over: Any) -> dict[tuple[str, Channel], Ending]:
        deadline = time.monotonic() + seconds
        while True:
            endings = self.read_endings()
            if is_over(endings) or time.monotonic() > deadline:
                return endings
            time.sleep(1)

    def let_time_pass(self) -> None:
        """What waits for half a minute or a quarter of an hour is due now; the sweeper looks."""
        for notice in self.read_notices().values():
            if "due_at" not in notice:
                continue
            changes = {name: PAST for name in ("due_at", "not_before") if name in notice}
            self._table.update_item(
                Key={"pk": notice["pk"], "sk": notice["sk"]},
                UpdateExpression="SET " + ", ".join(f"{name} = :past" for name in changes),
                ExpressionAttributeValues={":past": PAST},
            )
        self.cloud.client("lambda").invoke(FunctionName=self._sweeper, Payload=b"{}")


def _open_resource(cloud: Cloud) -> Any:
    return boto3.resource(
        "dynamodb",
        endpoint_url=cloud.endpoint,
        verify=str(cloud.certificate),
        region_name=REGION,
        aws_access_key_id=ROOT_CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ROOT_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


@pytest.fixture(scope="module")
def endings(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, Channel], Ending]]:
    """Every fault on every channel at once: first calls, time passing, second calls, receipts."""
    sqs = cloud.client("sqs")
    queue = find_resources(cloud, "AWS::SQS::Queue")["ReceiptsQueue"]
    usual = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": str(REDELIVERY_SECONDS)})
    try:
        matrix = Matrix(cloud, Shop(cloud), tmp_path_factory.mktemp("faults"))
        matrix.wait(
            FIRST_ROUND_SECONDS,
            lambda found: (
                len(found) == len(CASES)
                and all(ending.requests and ending.state != "claimed" for ending in found.values())
            ),
        )
        # Receipts that settle an ambiguous call come within seconds.
        time.sleep(3)
        matrix.let_time_pass()
        yield matrix.wait(
            LAST_ROUND_SECONDS, lambda found: all(found[case] == ENDINGS[case[0]][case[1]] for case in CASES)
        )
    finally:
        sqs.set_queue_attributes(QueueUrl=queue, Attributes=usual)


@pytest.mark.parametrize(("fault", "channel"), CASES, ids=lambda value: str(value))
def test_fault_of_provider_ends_as_the_policy_says(
    endings: dict[tuple[str, Channel], Ending], fault: str, channel: Channel
) -> None:
    assert endings[fault, channel] == ENDINGS[fault][channel]


def test_nothing_is_doubled_but_what_stays_ambiguous(endings: dict[tuple[str, Channel], Ending]) -> None:
    doubled = {case for case, ending in endings.items() if ending.accepted > 1}
    assert doubled == {(Fault.TIMEOUT_SILENT, EMAIL), (Fault.TIMEOUT_SILENT, WHATSAPP)}


def test_nothing_is_lost_without_the_biller_seeing_it(endings: dict[tuple[str, Channel], Ending]) -> None:
    missing = {ending.state for ending in endings.values() if ending.accepted == 0}
    assert missing == {"failed", "queued"}


def test_addresses_that_bounced_or_complained_are_shown_to_the_biller(
    endings: dict[tuple[str, Channel], Ending], cloud: Cloud, shop: Shop
) -> None:
    listed = shop.call("list_suppressions", "viewer", function="NoticeCommandFunction")["suppressions"]
    found = {(entry["channel"], entry["reason"]) for entry in listed}
    assert {
        (EMAIL, "bounce"), (EMAIL, "complaint"), (WHATSAPP, "no_whatsapp"), (WHATSAPP, "opted_out"), (SMS, "opted_out"),
    } <= found  # fmt: skip


def test_message_names_its_notice_and_is_one_sms(endings: dict[tuple[str, Channel], Ending], cloud: Cloud) -> None:
    for channel in PAYER_CHANNELS:
        (message,) = list_messages(cloud, channel, address(NO_FAULT, channel))
        assert message["to"] == address(NO_FAULT, channel)
        assert (message["reference"] is None) == (channel is SMS)
        assert message["segments"] == (channel is SMS)
        assert message["history"][0]["state"] == "accepted"


def test_messages_command_lists_what_one_recipient_got(
    endings: dict[tuple[str, Channel], Ending], cloud: Cloud
) -> None:
    recipient = address(NO_FAULT, SMS)
    (message,) = run(cloud, "messages", "--channel", "sms", "--to", recipient)
    assert (message["to"], message["state"]) == (recipient, "Message has been accepted by phone")


def test_other_calls_of_sns_reach_the_cloud_through_the_stand_in(cloud: Cloud) -> None:
    sns = boto3.client(
        "sns",
        endpoint_url=cloud.providers,
        region_name=REGION,
        aws_access_key_id=ROOT_CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ROOT_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    topics = {topic["TopicArn"] for topic in sns.list_topics()["Topics"]}
    assert cloud.outputs["SmsEventsTopic"] in topics
    assert sns.publish(TopicArn=cloud.outputs["AlarmTopic"], Message="hello")["MessageId"]

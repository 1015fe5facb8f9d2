"""Programs are told through the deployed functions: the core by a rule on the bus, a biller's by its webhook."""

import json
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.conditions import Key
from openpyxl import Workbook

from infra.local.cloud import Cloud
from infra.local.messages import count_received, list_messages
from infra.local.notice_commands import FUNCTION, change_webhook, create_webhook
from invoicing.notices import Channel
from tests.e2e.conftest import Shop
from tests.e2e.test_command_line import run
from tests.e2e.test_local_cloud import find_resources
from tests.e2e.test_providers import PAST, _open_resource

SECONDS = 40
ENDINGS = {
    "orders": (1, 1, "delivered"),
    "error-once": (2, 1, "delivered"),
    "gone": (1, 0, "failed"),
}
"""Path -> requests, those taken, the notice's end."""


class Story:
    """An invoice of a biller with three endpoints, whose core wants to hear of new invoices."""

    def __init__(self, cloud: Cloud, shop: Shop, folder: Path) -> None:
        self.cloud, self.shop = cloud, shop
        tables = find_resources(cloud, "AWS::DynamoDB::Table")
        self._notices = _open_resource(cloud).Table(tables["NoticesTable"])
        self._billers = _open_resource(cloud).Table(tables["BillersTable"])
        self._sweeper = find_resources(cloud, "AWS::Lambda::Function")["NoticeSweepFunction"]
        self.set_issued_events(True)
        self.endpoints = {
            path: create_webhook(cloud, shop.biller_id, "siti", f"/e2e/{path}", None)["endpoint_id"] for path in ENDINGS
        }
        self.va_number = self._issue(folder / "one.xlsx")

    def set_issued_events(self, value: bool) -> None:
        self._billers.update_item(
            Key={"pk": self.shop.biller_id},
            UpdateExpression="SET issued_events = :value",
            ExpressionAttributeValues={":value": value},
        )

    def _issue(self, path: Path) -> str:
        book = Workbook()
        sheet = book.worksheets[0]
        sheet.append(["No. Invoice", "Nama Pelanggan", "Jumlah Tagihan", "Jatuh Tempo", "Email"])
        sheet.append(["WEBHOOK/1", "Payer", 150_001, date(2099, 1, 4), "webhook+payer@example.com"])
        book.save(path)
        done = self.shop.release(self.shop.upload(path))
        (invoice,) = self.shop.list_invoices(done["upload_id"])
        return str(invoice["va_number"])

    def read_notices(self) -> dict[str, dict[str, Any]]:
        """By path of the endpoint; the event's by its channel."""
        paths = {endpoint_id: path for path, endpoint_id in self.endpoints.items()}
        items = self._notices.query(KeyConditionExpression=Key("pk").eq(f"028#{self.va_number}"))["Items"]
        return {
            paths.get(item["recipient"], item["channel"]): item for item in items if item["channel"] != Channel.EMAIL
        }

    def read_endings(self) -> dict[str, tuple[int, int, str]]:
        received, notices = count_received(self.cloud), self.read_notices()
        return {
            path: (*received.get((Channel.WEBHOOK, f"/e2e/{path}"), (0, 0)), notices[path]["state"])
            for path in ENDINGS
            if path in notices
        }

    def wait(self, is_over: Any) -> None:
        deadline = time.monotonic() + SECONDS
        while not is_over() and time.monotonic() < deadline:
            time.sleep(0.5)

    def let_time_pass(self) -> None:
        for item in self.read_notices().values():
            if item["state"] == "queued":
                self._notices.update_item(
                    Key={"pk": item["pk"], "sk": item["sk"]},
                    UpdateExpression="SET due_at = :past, not_before = :past",
                    ExpressionAttributeValues={":past": PAST},
                )
        self.cloud.client("lambda").invoke(FunctionName=self._sweeper, Payload=b"{}")


@pytest.fixture(scope="module")
def story(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    shop = Shop(cloud)
    story = Story(cloud, shop, tmp_path_factory.mktemp("announcements"))
    try:
        story.wait(lambda: sum(requests for requests, _, _ in story.read_endings().values()) >= len(ENDINGS))
        story.wait(lambda: "claimed" not in {state for _, _, state in story.read_endings().values()})
        story.let_time_pass()
        story.wait(lambda: story.read_endings() == ENDINGS)
        yield story
    finally:
        story.set_issued_events(False)
        for webhook in shop.call("list_webhooks", function=FUNCTION)["webhooks"]:
            change_webhook(cloud, "disable", shop.biller_id, "siti", webhook["endpoint_id"])


def test_biller_s_program_is_called_signed_and_again_until_it_takes_the_call(story: Story, cloud: Cloud) -> None:
    assert story.read_endings() == ENDINGS
    (call,) = list_messages(cloud, Channel.WEBHOOK, "/e2e/orders")
    content = json.loads(call["text"])
    assert (content["type"], content["data"]["invoice"]["va_number"]) == ("invoice.issued", story.va_number)
    assert call["reference"] == content["data"]["id"]
    assert "example.com" not in call["text"]


def test_program_that_wants_no_more_calls_is_off(story: Story, shop: Shop) -> None:
    states = {
        webhook["endpoint_id"]: webhook["state"]
        for webhook in shop.call("list_webhooks", function=FUNCTION)["webhooks"]
    }
    assert {path: states[endpoint_id] for path, endpoint_id in story.endpoints.items()} == {
        "orders": "active",
        "error-once": "active",
        "gone": "gone",
    }


def test_bank_s_core_hears_of_the_invoice_by_a_rule_on_the_bus(story: Story, cloud: Cloud) -> None:
    story.wait(lambda: list_messages(cloud, Channel.EVENT))
    (event,) = [
        event for event in list_messages(cloud, Channel.EVENT, story.shop.biller_id) if story.va_number in event["text"]
    ]
    assert (event["subject"], event["sender"]) == ("Invoice Issued", "invoicing")
    assert story.read_notices()["event"]["state"] == "sent"


def test_delivered_call_is_replayed_and_a_bill_sent_again_by_command(story: Story, shop: Shop, cloud: Cloud) -> None:
    first = story.read_notices()["orders"]["sk"]
    members = {"va_number": story.va_number, "request_id": "again"}
    shop.call("resend_notice", function=FUNCTION, notice_id=first, **members)
    answer = shop.call("resend_invoice", function=FUNCTION, **members)
    assert (len(answer["resent"]), answer["skipped"]) == (1, {})
    to = "webhook+payer@example.com"
    story.wait(
        lambda: len(list_messages(cloud, Channel.WEBHOOK, "/e2e/orders")) == len(list_messages(cloud, "", to)) == 2
    )
    calls = list_messages(cloud, Channel.WEBHOOK, "/e2e/orders")
    assert len({call["reference"] for call in calls}) == 1
    assert len(calls) == len(list_messages(cloud, Channel.EMAIL, to)) == 2


def test_failed_call_is_replayed_once_its_endpoint_is_on_again(story: Story, shop: Shop, cloud: Cloud) -> None:
    endpoint_id = story.endpoints["gone"]
    change_webhook(cloud, "enable", shop.biller_id, "siti", endpoint_id)
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    members = {"endpoint_id": endpoint_id, "since": since, "request_id": "replay"}
    assert shop.call("replay_webhooks", function=FUNCTION, **members)["resent"] == 1
    story.wait(lambda: count_received(cloud)[Channel.WEBHOOK, "/e2e/gone"] == (2, 0))
    assert count_received(cloud)[Channel.WEBHOOK, "/e2e/gone"] == (2, 0)


def test_person_does_the_same_at_the_command_line(story: Story, shop: Shop, cloud: Cloud) -> None:
    own = [webhook["endpoint_id"] for webhook in run(cloud, "webhooks", shop.biller_id)]
    assert own == list(story.endpoints.values())
    endpoint_id = story.endpoints["orders"]
    assert "secret" in run(cloud, "webhook-change", shop.biller_id, endpoint_id, "rotate")
    assert run(cloud, "resend-failed", shop.biller_id)["examined"] > 0


def test_reminders_are_paused_and_resumed_by_command(story: Story, shop: Shop) -> None:
    assert shop.call("pause_invoice_reminders", function=FUNCTION, number="WEBHOOK/1") == {"paused": True}
    assert shop.call("resume_invoice_reminders", function=FUNCTION, number="WEBHOOK/1") == {"paused": False}
    assert shop.call("pause_payer_reminders", function=FUNCTION, payer_key="payer:NOBODY") == {"paused": True}
    assert shop.call("resume_payer_reminders", function=FUNCTION, payer_key="payer:NOBODY") == {"paused": False}

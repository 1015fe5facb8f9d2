"""Receipts of payment and "please ignore": through the real senders, to the right people, with what is true."""

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from invoicing import clock, payer_links
from invoicing.billers import Biller
from invoicing.notices import (
    PAYER_CHANNELS,
    Channel,
    NoticeKind,
    NoticeRef,
    SuppressionReason,
    plan_archived_notices,
    plan_paid_notices,
)
from invoicing.payer_links import build_payer_token, read_payer_token
from invoicing.settings import get_settings
from invoicing.store import dynamodb, notices, versioned_secrets
from invoicing.suppressions import suppress_address
from notify.channels.whatsapp_templates import fill_template
from tests.integration import notify_scenario as notify
from tests.integration import scenario

pytestmark = pytest.mark.usefixtures("aws")

SUNDAY_NIGHT = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
"""23:00 in Jakarta: neither first notices nor reminders leave."""
PAYMENT = {
    "payment_id": "028#REQ-1",
    "channel": "6011",
    "bank_reference": "20261122-778899",
    "transaction_at": "2026-11-22T15:59:30Z",
}


@pytest.fixture(autouse=True)
def time(aws: Any, monkeypatch: pytest.MonkeyPatch) -> notify.Clock:
    time = notify.Clock(SUNDAY_NIGHT)
    monkeypatch.setattr(clock, "now", time.now)
    scenario.register(scenario.SHOP, scenario.SCHOOL)
    notify.stand_in_for_whatsapp()
    return time


def load_item(ref: NoticeRef, sk: str = "current") -> dict[str, Any]:
    table = boto3.resource("dynamodb").Table(get_settings().invoices_table)
    item: dict[str, Any] = table.get_item(Key={"pk": invoice_key(ref), "sk": sk})["Item"]
    return item


def invoice_key(ref: NoticeRef, biller: Biller = scenario.SHOP) -> str:
    return f"{biller.biller_id}#INV-{int(ref.va_number[5:]):04d}"


def put(item: dict[str, Any]) -> None:
    boto3.resource("dynamodb").Table(get_settings().invoices_table).put_item(Item=item)


def pay(ref: NoticeRef, **changes: Any) -> None:
    """The invoice as the payment's transaction leaves it (store.payments)."""
    item = load_item(ref)
    paid = {"status": "paid", "paid_at": "2026-11-22T16:00:00.000Z", "paid_amount": item["amount"], "paid_via": "va"}
    put(item | paid | {"payment": PAYMENT} | changes)


def archive(ref: NoticeRef, **changes: Any) -> None:
    """The invoice as an archive leaves it."""
    item = load_item(ref)
    table = boto3.resource("dynamodb").Table(get_settings().invoices_table)
    table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
    archived = {"sk": f"archived#{ref.va_number}", "status": "archived", "archive_reason": "wrong_amount"}
    put(item | archived | {"archived_at": clock.to_text(clock.now()), "archived_by": "budi"} | changes)


def plan(ref: NoticeRef, kind: NoticeKind, *, in_hours: bool = False) -> dict[Channel, list[NoticeRef]]:
    """Write the notices of a payment or an archive as its transaction does."""
    planner = plan_paid_notices if kind is NoticeKind.PAID else plan_archived_notices
    sk = "current" if kind is NoticeKind.PAID else f"archived#{ref.va_number}"
    item = load_item(ref, sk)
    facts = {"bank_code": ref.bank_code, "va_number": ref.va_number, "upload_id": item["upload_id"]}
    refs: dict[Channel, list[NoticeRef]] = {}
    draft: Any = item
    for planned in planner(scenario.SHOP, draft, ref.va_number):
        if planned.channel not in PAYER_CHANNELS:
            continue
        notices.create_notice(
            notices.notice_item(
                planned,
                biller_id=scenario.SHOP.biller_id,
                number=item["number"],
                created_at=clock.to_text(clock.now()),
                **facts,
            )
        )
        refs.setdefault(planned.channel, []).append(NoticeRef(ref.bank_code, ref.va_number, planned.notice_id))
    return refs


def send_all(refs: dict[Channel, list[NoticeRef]]) -> None:
    for of_channel in refs.values():
        assert notify.send(*of_channel) == []


def states(refs: dict[Channel, list[NoticeRef]]) -> dict[Channel, list[tuple[str, str | None]]]:
    return {
        channel: [(notify.stored(ref)["state"], notify.stored(ref).get("reason")) for ref in of_channel]
        for channel, of_channel in refs.items()
    }


def read_words(channel: Channel) -> str:
    """The last message that the provider took."""
    provider = notify.PROVIDERS[channel]
    message = provider.mailbox()[-1]
    match channel:
        case Channel.EMAIL:
            return f"{message.subject}\n{message.body}"
        case Channel.SMS:
            return str(message[1])
        case Channel.WHATSAPP:
            return fill_template(message["message"]["template"])


@pytest.mark.parametrize("channel", sorted(PAYER_CHANNELS))
def test_receipt_leaves_at_night_and_says_what_was_paid(channel: Channel) -> None:
    (ref,) = notify.issue(channels=[channel])
    pay(ref)
    refs = plan(ref, NoticeKind.PAID)
    send_all(refs)

    assert states(refs) == {channel: [("sent", None)]}
    words = read_words(channel)
    assert "Rp100.000" in words
    assert "22 Nov" in words
    assert "20261122-778899" in words
    assert ref.va_number in words
    assert "idak perlu" in words
    for request in ("Cara membayar", "Bayar ke", "Mohon dibayar", "Bayar tepat"):
        assert request not in words


def test_receipt_of_a_payment_reversed_meanwhile_is_not_sent() -> None:
    (ref,) = notify.issue()
    pay(ref)
    refs = plan(ref, NoticeKind.PAID)
    archive(ref, archive_reason="payment_reversed")
    send_all(refs)

    assert states(refs) == {Channel.EMAIL: [("cancelled", "invoice_archived")]}
    assert notify.mailbox() == []


def test_receipt_of_an_invoice_that_is_open_is_not_sent() -> None:
    (ref,) = notify.issue()
    refs = plan(ref, NoticeKind.PAID)
    send_all(refs)

    assert states(refs) == {Channel.EMAIL: [("cancelled", "invoice_open")]}


def test_receipt_respects_a_suppressed_address() -> None:
    (ref,) = notify.issue()
    suppress_address(notify.load(ref), SuppressionReason.COMPLAINT, clock.to_text(clock.now()))
    pay(ref)
    refs = plan(ref, NoticeKind.PAID)
    send_all(refs)

    assert states(refs) == {Channel.EMAIL: [("suppressed", "complaint")]}


def test_receipt_of_a_payment_outside_the_account_says_so() -> None:
    (ref,) = notify.issue()
    pay(ref, paid_via="outside", payment={"payment_id": "outside#028#1", "method": "cash", "note": "rahasia"})
    send_all(plan(ref, NoticeKind.PAID))

    words = read_words(Channel.EMAIL)
    assert "di luar Virtual Account" in words
    assert "rahasia" not in words


def test_reminder_of_a_paid_invoice_is_still_cancelled() -> None:
    (ref,) = notify.issue()
    pay(ref)
    notify.send(ref)

    assert (notify.stored(ref)["state"], notify.stored(ref)["reason"]) == ("cancelled", "invoice_paid")


@pytest.mark.parametrize("channel", sorted(PAYER_CHANNELS))
def test_whoever_got_the_bill_is_told_to_ignore_it_and_what_replaces_it(channel: Channel) -> None:
    (ref,) = notify.issue(channels=[channel])
    notify.send(ref)
    archive(ref, replaced_by="8808100000000025")
    refs = plan(ref, NoticeKind.ARCHIVED)
    send_all(refs)

    assert states(refs) == {channel: [("sent", None)]}
    words = read_words(channel)
    assert ref.va_number in words.replace(" ", "")
    assert "8808100000000025" in words.replace(" ", "")
    assert "jangan" in words.lower()
    assert "Cara membayar" not in words


def test_nobody_is_told_to_ignore_a_bill_that_never_left() -> None:
    (ref,) = notify.issue()
    archive(ref)
    refs = plan(ref, NoticeKind.ARCHIVED)
    send_all(refs)

    assert states(refs) == {Channel.EMAIL: [("cancelled", "never_told")]}
    assert notify.mailbox() == []


def test_only_the_guardian_who_was_told_is_told_to_ignore_it() -> None:
    guardians = [{"name": "Ibu", "email": "ibu@example.com"}, {"name": "Ayah", "email": "ayah@example.com"}]
    mother, father = notify.issue(recipients=guardians)
    notify.send(mother)
    archive(mother)
    refs = plan(father, NoticeKind.ARCHIVED)
    send_all(refs)

    assert states(refs) == {Channel.EMAIL: [("sent", None), ("cancelled", "never_told")]}


@pytest.mark.parametrize(
    ("state", "more", "told"),
    [
        ("claimed", {}, True),
        ("unknown", {"unknowns": 1}, True),
        ("delivered", {}, True),
        ("read", {}, True),
        ("failed", {"unknowns": 1}, True),
        ("queued", {"unknowns": 1}, True),
        ("failed", {}, False),
        ("bounced", {}, False),
        ("suppressed", {}, False),
        ("cancelled", {}, False),
    ],
)
def test_bill_may_have_left_whenever_its_notice_does_not_exclude_it(
    state: str, more: dict[str, Any], told: bool
) -> None:
    (ref,) = notify.issue()
    item = notify.stored(ref) | {"state": state} | more
    dynamodb.client().put_item(TableName=get_settings().notices_table, Item=dynamodb.to_item(item))
    archive(ref)
    refs = plan(ref, NoticeKind.ARCHIVED)
    send_all(refs)

    assert states(refs) == {Channel.EMAIL: [("sent", None) if told else ("cancelled", "never_told")]}


def test_person_told_on_one_channel_is_told_to_ignore_on_another() -> None:
    recipients = [{"name": "Ibu Sari", "email": "sari@example.com", "whatsapp": notify.PHONE}]
    email, _ = notify.issue(recipients=recipients, channels=["email", "whatsapp"])
    notify.send(email)
    archive(email)
    refs = plan(email, NoticeKind.ARCHIVED)
    send_all(refs)

    assert states(refs)[Channel.WHATSAPP] == [("sent", None)]


def test_ignore_notice_of_an_invoice_that_is_not_archived_is_not_sent() -> None:
    (ref,) = notify.issue()
    notify.send(ref)
    item = load_item(ref)
    archive(ref)
    refs = plan(ref, NoticeKind.ARCHIVED)
    boto3.resource("dynamodb").Table(get_settings().invoices_table).delete_item(
        Key={"pk": item["pk"], "sk": f"archived#{ref.va_number}"}
    )
    send_all(refs)

    assert states(refs) == {Channel.EMAIL: [("cancelled", "invoice_not_archived")]}


@pytest.mark.parametrize(
    ("reason", "words"),
    [("wrong_amount", "menggantikan tagihan lama"), ("payment_reversed", "dibatalkan oleh bank")],
)
def test_bill_in_the_place_of_another_says_which_and_why(reason: str, words: str) -> None:
    (ref,) = notify.issue()
    item = load_item(ref)
    put(item | {"replaces": "8808100000000009"})
    replaced = {"va_number": "8808100000000009", "sk": "archived#8808100000000009", "status": "archived"}
    put(item | replaced | {"archive_reason": reason})
    notify.send(ref)

    email = read_words(Channel.EMAIL)
    assert words in email
    assert "8808100000000009" in email
    assert "Tagihan pengganti" in email


def test_each_recipient_has_an_own_link_on_every_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYER_LINK_BASE", "https://bayar.example")
    get_settings.cache_clear()
    recipients = [
        {"name": "Ibu", "email": "ibu@example.com", "whatsapp": notify.PHONE},
        {"name": "Ayah", "email": "ayah@example.com"},
    ]
    mother, _, father = notify.issue(recipients=recipients, channels=["email", "whatsapp"])
    links = []
    for ref in (mother, father):
        notify.send(ref)
        body = read_words(Channel.EMAIL)
        links += [part.split('"')[0] for part in body.split('href="')[1:]]
    assert len(links) == len(set(links)) == 2
    assert all(link.startswith("https://bayar.example/") for link in links)


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (400, "ThrottlingException", "link_key_busy"),
        (500, "InternalServiceError", "link_key_busy"),
        (400, "AccessDeniedException", "link_key_AccessDeniedException"),
        (400, "ResourceNotFoundException", "link_key_ResourceNotFoundException"),
    ],
)
def test_notice_waits_while_the_key_of_links_cannot_be_read(
    status: int, code: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYER_LINK_BASE", "https://bayar.example")
    get_settings.cache_clear()
    (ref,) = notify.issue(channels=["sms"])
    answer = notify.refuse(status, code)
    versioned_secrets.client().meta.events.register("before-call.secretsmanager.GetSecretValue", lambda **_: answer())

    assert notify.send(ref) == []
    assert (notify.stored(ref)["state"], notify.stored(ref)["reason"]) == ("queued", reason)
    assert notify.SMS.mailbox() == []


def test_secret_rotated_in_secrets_manager_still_opens_earlier_links() -> None:
    arn = get_settings().payer_link_key
    account = "8808100000000017"
    old = build_payer_token("028", account, "a@example.com")
    boto3.client("secretsmanager").put_secret_value(SecretId=arn, SecretString="another secret")
    payer_links._load_keys.cache_clear()

    assert build_payer_token("028", account, "a@example.com") != old
    read = read_payer_token(old)
    assert read is not None
    assert read.va_number == account

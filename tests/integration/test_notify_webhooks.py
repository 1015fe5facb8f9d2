"""Webhooks: what a biller's program is sent, signed how, and what becomes of a call whatever the program does."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local.webhook_receiver import Behaviour, Receiver
from invoicing import clock, webhooks
from invoicing.errors import WebhookNotFoundError
from invoicing.notices import Channel, NoticeKind, NoticeRef, NoticeState, plan_paid_notices
from invoicing.settings import get_settings
from invoicing.store import dynamodb, webhook_secrets
from invoicing.store.billers import load_biller
from invoicing.store.webhooks import WebhookState, load_webhook
from notify.channels import guarded_post
from notify.channels.webhook import sign
from tests.integration import faults, scenario
from tests.integration import notify_scenario as notify
from tests.integration import webhook_scenario as program
from tests.integration.conftest import Aws

BILLER_ID = program.BILLER_ID


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> notify.Clock:
    time = notify.Clock(scenario.NOW)
    monkeypatch.setattr(clock, "now", time.now)
    return time


@pytest.fixture
def receiver(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    scenario.register(scenario.SHOP, scenario.SCHOOL)
    with program.run_program(tmp_path, monkeypatch) as receiver:
        yield receiver


def issue_to(receiver: Receiver, path: str = "/orders", index: int = 0) -> NoticeRef:
    program.subscribe(receiver, path)
    return program.issue(index)[-1]


def test_signature_is_that_of_the_specifications_example() -> None:
    """Its secret, message and signature; ``openssl dgst -sha256 -mac HMAC`` gives the same."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = sign("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}', secret)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_program_is_told_of_a_new_invoice_in_a_call_that_another_implementation_verifies(receiver: Receiver) -> None:
    ref = issue_to(receiver)
    assert notify.send(ref) == []

    (call,) = program.list_calls(receiver)
    content = json.loads(call.submission.text)
    assert call.submission.reference == ref.to_text()
    assert (content["type"], content["timestamp"]) == ("invoice.issued", clock.to_text(scenario.NOW))
    assert content["data"]["invoice"]["va_number"] == ref.va_number
    assert content["data"]["invoice"]["payer_code"] == "C0"
    assert not {"Pelanggan", "example.com"} & set(call.submission.text.split('"'))
    item = notify.stored(ref)
    at = clock.to_text(scenario.NOW)
    assert (item["state"], item["sent_at"], item["delivered_at"]) == ("delivered", at, at)
    assert [(delivery["at"], delivery["status"]) for delivery in item["deliveries"]] == [(at, 204)]
    assert not {"due_at", "due_shard", "lease_until", "provider_id", "by_recipient_pk"} & set(item)


def test_biller_sees_its_recent_calls_with_their_answers_newest_first(
    receiver: Receiver, time: notify.Clock, aws: Aws
) -> None:
    first = issue_to(receiver)
    notify.send(first)
    time.advance(minutes=1)
    program.issue(1)
    endpoint_id = notify.stored(first)["recipient"]
    aws.become("DashboardFunction")
    later, earlier = webhooks.list_recent_deliveries(BILLER_ID, endpoint_id)
    assert (earlier["state"], earlier["attempts"], earlier["last"]["status"]) == ("delivered", 1, 204)
    assert (later["state"], later["attempts"], later["last"]) == ("queued", 0, None)
    assert (earlier["number"], earlier["kind"]) == (notify.stored(first)["number"], "issued")
    with pytest.raises(WebhookNotFoundError):
        webhooks.list_recent_deliveries("sekolah-harapan", endpoint_id)


def test_endpoint_is_told_of_the_kinds_that_it_asked_for_only(receiver: Receiver) -> None:
    program.subscribe(receiver, "/all")
    program.subscribe(receiver, "/payments", [NoticeKind.PAID])
    biller = load_biller(BILLER_ID)

    assert len(program.issue()) == 1
    draft: Any = scenario.make_draft(0, channels=[])
    planned = plan_paid_notices(biller, draft, notify.va_number(0))
    assert [notice.channel for notice in planned] == [Channel.WEBHOOK, Channel.WEBHOOK, Channel.EVENT]
    again = plan_paid_notices(biller, draft, notify.va_number(0))
    assert [notice.notice_id for notice in planned] == [notice.notice_id for notice in again]
    assert len({notice.notice_id for notice in planned}) == 3


def test_sending_takes_three_writes(receiver: Receiver) -> None:
    ref = issue_to(receiver)
    updates: list[str] = []
    dynamodb.client().meta.events.register("before-call.dynamodb.UpdateItem", lambda **_: updates.append("x"))
    notify.send(ref)
    assert len(updates) == 3


# What the program does -> requests and accepted calls until the notice is settled, its end, and the first reason.
ENDINGS: dict[str, tuple[int | None, int, NoticeState, str]] = {
    "orders": (1, 1, NoticeState.DELIVERED, ""),
    Behaviour.ERROR_ONCE: (2, 1, NoticeState.DELIVERED, "http_500"),
    Behaviour.TIMEOUT_BEFORE: (2, 1, NoticeState.DELIVERED, "timed_out"),
    Behaviour.TIMEOUT_AFTER: (2, 2, NoticeState.DELIVERED, "timed_out"),
    Behaviour.GONE: (1, 0, NoticeState.FAILED, "endpoint_gone"),
    Behaviour.ERROR: (None, 0, NoticeState.FAILED, "http_500"),
}


@pytest.mark.parametrize("path", ENDINGS)
def test_call_ends_as_the_contract_says_whatever_the_program_does(
    receiver: Receiver, time: notify.Clock, path: str
) -> None:
    requests, accepted, state, reason = ENDINGS[path]
    ref = issue_to(receiver, f"/{path}")
    assert notify.send(ref, ref) == []
    assert program.count_requests(receiver) == 1
    if reason and state is NoticeState.DELIVERED:
        assert (notify.stored(ref)["state"], notify.stored(ref)["reason"]) == ("queued", reason)

    program.settle(ref, time)
    assert notify.load(ref).state is state
    assert len(program.list_calls(receiver)) == accepted
    assert {call.submission.reference for call in program.list_calls(receiver)} <= {ref.to_text()}
    if requests is not None:
        assert program.count_requests(receiver) == requests
    else:
        assert notify.stored(ref)["reason"] in (reason, "endpoint_silent")
        gave_up_after = clock.now() - scenario.NOW
        assert timedelta(days=3) <= gave_up_after <= timedelta(days=3, hours=8)
        assert 10 <= program.count_requests(receiver) <= 30
        assert len(notify.stored(ref)["deliveries"]) == program.count_requests(receiver)


@pytest.mark.parametrize(
    ("path", "reason"),
    [(Behaviour.REFUSE, "http_400"), (Behaviour.THROTTLE, "http_429"), (Behaviour.REDIRECT, "http_302")],
)
def test_answer_other_than_success_is_tried_again_and_no_redirect_is_followed(
    receiver: Receiver, path: str, reason: str
) -> None:
    ref = issue_to(receiver, f"/{path}")
    notify.send(ref)

    item = notify.stored(ref)
    assert (item["state"], item["reason"]) == ("queued", reason)
    assert item["deliveries"][0]["status"] == int(reason.removeprefix("http_"))
    assert receiver.mailbox.count_received() == [
        {"channel": "webhook", "to": f"/{path}", "requests": 1, "accepted": 0},
    ]


@pytest.mark.parametrize("path", [Behaviour.DRIP, Behaviour.MALFORMED])
def test_answer_without_end_or_sense_holds_nobody_up_and_is_tried_again(receiver: Receiver, path: str) -> None:
    ref = issue_to(receiver, f"/{path}")
    notify.send(ref)

    item = notify.stored(ref)
    expected = "timed_out" if path == Behaviour.DRIP else "broken_answer"
    assert (item["state"], item["reason"]) == ("queued", expected)
    assert item["deliveries"][0]["error"] == expected
    assert item["deliveries"][0]["milliseconds"] < 1500


def test_waits_between_tries_grow_from_half_a_minute_to_six_hours(
    receiver: Receiver, time: notify.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "PATIENCE", 1000)
    ref = issue_to(receiver, "/error")
    waits = []
    for _ in range(13):
        notify.send(ref)
        due = clock.from_text(notify.stored(ref)["due_at"])
        waits.append(due - clock.now())
        time.instant = due
    assert timedelta(seconds=24) <= waits[0] <= timedelta(seconds=36)
    assert waits[:9] == sorted(waits[:9])
    assert timedelta(hours=4) <= waits[-1] <= timedelta(hours=8)


def test_program_that_answers_410_is_not_called_again_until_its_biller_enables_it(
    receiver: Receiver, time: notify.Clock
) -> None:
    endpoint_id = program.subscribe(receiver, "/gone")
    first, second = program.issue(0)[0], program.issue(1)[0]
    notify.send(first)
    notify.send(second)

    assert load_webhook(BILLER_ID, endpoint_id).state is WebhookState.GONE
    assert program.count_requests(receiver) == 1
    assert notify.stored(second)["reason"] == "endpoint_off"
    assert program.issue(2) == []
    webhooks.enable_webhook(BILLER_ID, endpoint_id, by="siti")
    assert len(program.issue(3)) == 1


def test_endpoint_that_fails_again_and_again_is_left_alone_and_delays_no_other(
    receiver: Receiver, time: notify.Clock
) -> None:
    program.subscribe(receiver, "/error")
    program.subscribe(receiver, "/orders")
    refs = [ref for index in range(10) for ref in program.issue(index)]
    assert notify.send(*refs) == []

    states = [notify.load(ref).state for ref in refs]
    assert states.count(NoticeState.DELIVERED) == 10
    waiting = [notify.stored(ref) for ref in refs if notify.load(ref).state is NoticeState.QUEUED]
    # Three tries, and then nobody calls it: the rest wait in the table without a call.
    assert [item["reason"] for item in waiting].count("http_500") == webhooks.PATIENCE
    assert [item["reason"] for item in waiting].count("endpoint_paused") == 10 - webhooks.PATIENCE
    assert program.count_requests(receiver) == 10 + webhooks.PATIENCE


def test_pauses_grow_and_end_with_the_first_answer(receiver: Receiver, time: notify.Clock) -> None:
    endpoint_id = program.subscribe(receiver)
    pauses = []
    for _ in range(9):
        webhooks.note_failure(load_webhook(BILLER_ID, endpoint_id), "http_500", clock.now())
        until = load_webhook(BILLER_ID, endpoint_id).paused_until
        pauses.append(clock.from_text(until) - clock.now() if until else None)
    minutes = [pause and pause.total_seconds() / 60 for pause in pauses]
    assert minutes == [None, None, 0.5, 1, 2, 4, 8, 15, 15]

    time.advance(minutes=16)
    notify.send(program.issue()[0])
    webhook = load_webhook(BILLER_ID, endpoint_id)
    assert (webhook.failures, webhook.paused_until) == (0, None)


STEPS = ("claim", "biller", "invoice", "endpoint", "secret", "log", "settle")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_worker_killed_at_any_step_loses_no_call_and_repeats_it_under_the_same_id(
    receiver: Receiver, time: notify.Clock, step: str, after: bool
) -> None:
    ref = issue_to(receiver)
    clients = [dynamodb.client(), webhook_secrets.client()]
    kill = faults.CallCounter(clients, faults.kill, STEPS.index(step), after=after)
    with kill.installed(), pytest.raises(faults.Killed):
        notify.send(ref)

    time.advance(minutes=6)
    assert notify.send(ref) == []
    program.settle(ref, time)
    calls = program.list_calls(receiver)
    called_before = step in ("log", "settle") and (step, after) != ("settle", True)
    assert len(calls) == (2 if called_before else 1)
    assert {call.submission.reference for call in calls} == {ref.to_text()}
    assert notify.load(ref).state is NoticeState.DELIVERED


def test_both_secrets_verify_while_one_takes_over_and_the_old_one_no_longer_after_a_day(
    receiver: Receiver, time: notify.Clock
) -> None:
    endpoint_id = program.subscribe(receiver)
    old = receiver.secrets.pop()
    rotated, new = webhooks.rotate_secret(BILLER_ID, endpoint_id, by="siti")
    assert old != new
    assert old not in str(rotated)
    for index, known in enumerate((old, new)):
        receiver.secrets[:] = [known]
        notify.send(program.issue(index)[0])
    assert len(program.list_calls(receiver)) == 2

    time.advance(hours=25)
    for index, known in enumerate((old, new), start=2):
        receiver.secrets[:] = [known]
        notify.send(program.issue(index)[0])
    assert len(program.list_calls(receiver)) == 3


def test_secret_is_stored_encrypted_and_bound_to_its_endpoint(receiver: Receiver) -> None:
    endpoint_id = program.subscribe(receiver)
    other_id = program.subscribe(receiver, "/other")
    webhook, other = load_webhook(BILLER_ID, endpoint_id), load_webhook(BILLER_ID, other_id)

    dump = str(scenario.dump_tables())
    assert all(secret not in dump and secret.removeprefix("whsec_") not in dump for secret in receiver.secrets)
    moved = replace(other, secrets=webhook.secrets)
    with pytest.raises(webhook_secrets.client().exceptions.InvalidCiphertextException):
        webhooks.list_valid_secrets(moved, clock.now())


def test_call_that_the_key_service_holds_up_is_not_lost(receiver: Receiver, time: notify.Clock) -> None:
    ref = issue_to(receiver)
    webhook_secrets.unseal.cache_clear()
    with notify.provider_does(notify.WEBHOOK, notify.refuse(400, "DisabledException")):
        assert notify.send(ref) == ["message-0"]
    assert notify.send(ref) == []
    assert notify.load(ref).state is NoticeState.DELIVERED


def test_certificate_of_another_name_or_authority_gets_no_call(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = issue_to(receiver)
    monkeypatch.delenv("SSL_CERT_FILE")
    guarded_post._load_trust.cache_clear()

    notify.send(ref)
    assert notify.stored(ref)["reason"] == "tls_failed"
    assert program.count_requests(receiver) == 0


def test_every_change_of_an_endpoint_is_in_the_audit(receiver: Receiver) -> None:
    endpoint_id = program.subscribe(receiver)
    webhooks.rotate_secret(BILLER_ID, endpoint_id, by="budi")
    webhooks.disable_webhook(BILLER_ID, endpoint_id, by="siti")
    webhooks.disable_webhook(BILLER_ID, endpoint_id, by="siti")

    entries = scenario.read_table(get_settings().audit_table)
    assert {(entry["action"], entry["user_id"], entry["subject"]) for entry in entries} == {
        ("create_webhook", "siti", endpoint_id),
        ("rotate_webhook_secret", "budi", endpoint_id),
        ("change_webhook", "siti", endpoint_id),
    }
    assert len(entries) == 3

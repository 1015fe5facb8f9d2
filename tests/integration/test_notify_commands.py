"""Commands about notices and suppressed addresses, through the real handler: what a biller sees, and only its own."""

from typing import Any

import pytest

from invoicing import clock, suppressions
from invoicing.notices import NoticeRef, NoticeState, SuppressionReason
from invoicing.store import suppressions as store
from invoicing.suppressions import lift_suppression, suppress_address
from notify.command_handler import handle
from tests.integration import notify_scenario as notify
from tests.integration import scenario

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> notify.Clock:
    time = notify.Clock(scenario.NOW)
    monkeypatch.setattr(clock, "now", time.now)
    return time


@pytest.fixture
def ref(aws: Any) -> NoticeRef:
    scenario.register(scenario.SHOP, scenario.SCHOOL)
    notify.stand_in_for_whatsapp()
    return notify.issue()[0]


def command(operation: str, biller_id: str = scenario.SHOP.biller_id, **members: Any) -> dict[str, Any]:
    payload = {"operation": operation, "biller_id": biller_id, "user_id": "siti", **members}
    return handle(payload, scenario.FakeContext())


def suppress(ref: NoticeRef, reason: SuppressionReason = SuppressionReason.BOUNCE) -> bool:
    return suppress_address(notify.load(ref), reason, clock.to_text(clock.now()))


def test_notices_of_an_invoice_are_described_with_states_times_reasons_and_masked_recipients(
    ref: NoticeRef, time: notify.Clock
) -> None:
    recipients = [{"name": "Ibu Sari", "email": "sari@example.com", "whatsapp": notify.PHONE}]
    email, whatsapp = notify.issue(5, recipients=recipients, channels=["email", "whatsapp"])
    suppress(email, SuppressionReason.COMPLAINT)
    time.advance(seconds=1)
    notify.send(email)
    notify.send(whatsapp)

    described = {
        notice["channel"]: notice for notice in command("describe_notices", va_number=email.va_number)["notices"]
    }
    started, sent = clock.to_text(scenario.NOW), clock.to_text(clock.now())
    assert described["email"] == {
        "notice_id": email.notice_id,
        "kind": "issued",
        "channel": "email",
        "recipient": "s***@example.com",
        "state": "suppressed",
        "reason": "complaint",
        "attempt": 1,
        "times": {"created": started, "claimed": sent, "suppressed": sent},
    }
    assert described["whatsapp"]["recipient"] == "+62812****890"
    assert (described["whatsapp"]["state"], described["whatsapp"]["times"]["sent"]) == ("sent", sent)
    assert "sari" not in str(described)


def test_reason_is_shown_as_long_as_it_explains_the_state(ref: NoticeRef, time: notify.Clock) -> None:
    throttled = notify.refuse(429, "TooManyRequestsException")
    with notify.ses_does(throttled):
        notify.send(ref)
    (waiting,) = command("describe_notices", va_number=ref.va_number)["notices"]
    assert (waiting["state"], waiting["reason"]) == ("queued", "throttled")
    assert waiting["not_before"] > clock.to_text(clock.now())

    time.advance(hours=1)
    notify.send(ref)
    (sent,) = command("describe_notices", va_number=ref.va_number)["notices"]
    assert sent["state"] == "sent"
    assert not {"reason", "not_before"} & set(sent)


def test_notices_of_another_billers_account_and_of_none_look_the_same(ref: NoticeRef) -> None:
    school = scenario.SCHOOL.biller_id

    assert command("describe_notices", school, va_number=ref.va_number) == {"notices": []}
    assert command("describe_notices", school, va_number="8808299999999999") == {"notices": []}
    assert len(command("describe_notices", va_number=ref.va_number)["notices"]) == 1


def test_biller_sees_its_suppressed_addresses_and_nobody_elses(ref: NoticeRef) -> None:
    suppress(ref)

    (entry,) = command("list_suppressions")["suppressions"]
    assert (entry["address"], entry["channel"], entry["reason"]) == ("s***@example.com", "email", "bounce")
    assert entry["since"] == clock.to_text(scenario.NOW)
    assert command("list_suppressions", scenario.SCHOOL.biller_id) == {"suppressions": []}


def test_long_list_comes_in_pages_each_entry_once(ref: NoticeRef, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppressions, "PAGE_SIZE", 2)
    for index in range(1, 6):
        (notice,) = notify.issue(index)
        suppress(notice)

    seen, page = [], command("list_suppressions")
    while True:
        seen += [entry["suppression_id"] for entry in page["suppressions"]]
        if "cursor" not in page:
            break
        page = command("list_suppressions", cursor=page["cursor"])
    assert len(seen) == len(set(seen)) == 5


def test_lifted_address_gets_notices_again_and_the_lift_is_on_record(ref: NoticeRef, time: notify.Clock) -> None:
    suppress(ref)
    (entry,) = command("list_suppressions")["suppressions"]
    time.advance(minutes=5)
    lifted = command("lift_suppression", suppression_id=entry["suppression_id"])
    at = clock.to_text(clock.now())

    record = {"reason": "bounce", "since": entry["since"], "lifted_at": at, "lifted_by": "siti"}
    assert lifted == entry | {"lifted_at": at, "lifted_by": "siti", "lifts": [record]}
    assert command("list_suppressions")["suppressions"] == [lifted]
    notify.send(ref)
    assert notify.load(ref).state is NoticeState.SENT


def test_lifting_twice_keeps_the_first_lift(ref: NoticeRef, time: notify.Clock) -> None:
    suppress(ref)
    (entry,) = command("list_suppressions")["suppressions"]
    first = command("lift_suppression", suppression_id=entry["suppression_id"])
    time.advance(minutes=5)

    again = {"operation": "lift_suppression", "biller_id": scenario.SHOP.biller_id, "user_id": "budi"}
    assert handle(again | {"suppression_id": entry["suppression_id"]}, scenario.FakeContext()) == first


def test_event_from_before_the_lift_does_not_bring_the_suppression_back_and_a_later_one_does(
    ref: NoticeRef, time: notify.Clock
) -> None:
    suppress(ref)
    suppression_id = command("list_suppressions")["suppressions"][0]["suppression_id"]
    before = clock.to_text(clock.now())
    time.advance(minutes=5)
    command("lift_suppression", suppression_id=suppression_id)

    assert not suppress_address(notify.load(ref), SuppressionReason.BOUNCE, before)
    time.advance(minutes=5)
    assert suppress(ref, SuppressionReason.COMPLAINT)
    (entry,) = command("list_suppressions")["suppressions"]
    assert (entry["reason"], entry.get("lifted_at")) == ("complaint", None)
    assert [lift["reason"] for lift in entry["lifts"]] == ["bounce"]
    time.advance(minutes=5)
    assert len(command("lift_suppression", suppression_id=suppression_id)["lifts"]) == 2


def test_lift_that_meets_a_newer_suppression_leaves_it(
    ref: NoticeRef, time: notify.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    suppress(ref)
    suppression_id = command("list_suppressions")["suppressions"][0]["suppression_id"]
    real_lift = store.lift_suppression

    def lift_late(*given: Any) -> bool:
        with monkeypatch.context() as once:
            once.setattr(store, "lift_suppression", real_lift)
            lift_suppression(scenario.SHOP.biller_id, suppression_id, "budi")
        time.advance(minutes=1)
        suppress(ref)
        return real_lift(*given)

    monkeypatch.setattr(store, "lift_suppression", lift_late)
    answer = command("lift_suppression", suppression_id=suppression_id)
    assert "lifted_at" not in answer
    assert [lift["lifted_by"] for lift in answer["lifts"]] == ["budi"]


@pytest.mark.parametrize("biller_id", [scenario.SHOP.biller_id, scenario.SCHOOL.biller_id])
def test_suppression_of_another_biller_and_of_nobody_look_the_same(ref: NoticeRef, biller_id: str) -> None:
    suppress(ref)
    (entry,) = command("list_suppressions")["suppressions"]
    wanted = "email-0000000000000000" if biller_id == scenario.SHOP.biller_id else entry["suppression_id"]
    before = scenario.dump_tables()

    answer = command("lift_suppression", biller_id, suppression_id=wanted)
    assert answer["error"]["code"] == "suppression_not_found"
    assert set(answer["error"]["message"]) == {"id", "en"}
    assert scenario.dump_tables() == before


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({"operation": "erase"}, ""),
        ({"operation": "describe_notices", "va_number": "88081#1"}, "describe_notices.va_number"),
        ({"operation": "lift_suppression", "suppression_id": "email#0000000000000000"}, "suppression_id"),
        ({"operation": "list_suppressions", "cursor": "x"}, "list_suppressions.cursor"),
        ({"operation": "list_suppressions", "biller_id": "a/b"}, "list_suppressions.biller_id"),
        ({"operation": "list_suppressions", "more": 1}, "list_suppressions.more"),
    ],
)
def test_command_that_is_none_is_refused_by_name_of_the_field(
    ref: NoticeRef, payload: dict[str, Any], field: str
) -> None:
    answer = handle({"biller_id": "toko-sinar", "user_id": "siti"} | payload, scenario.FakeContext())

    assert answer["error"]["code"] == "bad_command"
    assert field in answer["error"]["detail"]

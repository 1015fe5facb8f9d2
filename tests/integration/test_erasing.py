"""A person's contacts erased at their request: gone from what is settled, and everything works on what is left."""

from collections.abc import Callable
from typing import Any

import pytest

from invoices.command_handler import handle
from invoicing import clock, erasing, support
from invoicing.amending import correct_recipient
from invoicing.archiving import archive_invoice
from invoicing.invoice_details import describe_invoice
from invoicing.invoice_lists import search_invoices
from invoicing.notice_status import describe_notices
from invoicing.notices import NoticeRef, NoticeState, SuppressionReason
from invoicing.payer_links import build_payer_token, find_recipient, read_payer_token
from invoicing.reversing import approve_reversal, propose_reversal
from invoicing.roles import Role
from invoicing.settings import get_settings
from invoicing.store import dynamodb, notices
from invoicing.suppressions import list_suppressions, suppress_address
from invoicing.texts import LANGUAGES, text
from notify import receipts_handler
from notify.command_handler import handle as handle_notices
from tests.integration import (
    api_scenario,
    dashboard_scenario,
    faults,
    invoice_scenario,
    payer_scenario,
    report_scenario,
    scenario,
)
from tests.integration import notify_scenario as notify
from tests.integration.conftest import Aws
from tests.receipt_samples import envelope, ses_event

pytestmark = pytest.mark.usefixtures("aws")

BILLER_ID = scenario.SHOP.biller_id
EMAIL, PHONE = "Sari@example.com", "+6281299990000"
SARI = {"name": "Ibu Sari", "email": EMAIL, "whatsapp": PHONE, "sms": PHONE}
JOKO = {"name": "Pak Joko", "email": "joko@example.com"}
TRACES = (EMAIL, EMAIL.casefold(), PHONE, "Ibu Sari", "S***", "s***@example.com", "+62812****000")


@pytest.fixture(autouse=True)
def time(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> notify.Clock:
    time = notify.Clock(scenario.NOW)
    monkeypatch.setattr(clock, "now", time.now)
    scenario.register(scenario.SHOP, scenario.SCHOOL)
    notify.stand_in_for_whatsapp()
    return time


def command(contact: str = EMAIL, biller_id: str = BILLER_ID, **members: Any) -> dict[str, Any]:
    event = {"operation": "erase_contact", "biller_id": biller_id, "user_id": "siti", "reason": "surat no. 7"}
    return handle(event | {"contact": contact} | members, scenario.FakeContext())


def erase_all(contact: str = EMAIL, biller_id: str = BILLER_ID) -> dict[str, Any]:
    """Call after call; the sum of what they did."""
    total: dict[str, Any] = {"invoices": 0, "notices": 0, "waiting": [], "still_needed": [], "calls": 0}
    position: dict[str, str] = {}
    while True:
        answer = command(contact, biller_id, **position)
        assert "error" not in answer, answer
        total = {name: value + answer[name] if name in answer else value + 1 for name, value in total.items()}
        if "cursor" not in answer:
            return total
        position = {"cursor": answer["cursor"]}


def settle_all(index: int) -> None:
    """Everything that waits of an invoice, as a sender leaves it that had it accepted."""
    for record in notices.list_records("028", notify.va_number(index)):
        ref = NoticeRef("028", notify.va_number(index), record["sk"])
        if record["state"] == NoticeState.QUEUED:
            assert notices.claim_notice(ref, "sender", clock.now(), clock.now()).won
            assert notices.settle_sent(ref, "sender", clock.now(), record["sk"])


def issue(index: int, *recipients: dict[str, str], **changes: Any) -> str:
    notify.issue(index, **({"recipients": list(recipients), "channels": ["email", "whatsapp", "sms"]} | changes))
    settle_all(index)
    return notify.va_number(index)


def pay(index: int) -> None:
    va_number = notify.va_number(index)
    (invoice,) = [item for item in read(get_settings().invoices_table) if item["va_number"] == va_number]
    assert invoice_scenario.pay_at_bank(BILLER_ID, invoice["number"], va_number, int(invoice["amount"]))
    settle_all(index)


def archive(index: int) -> None:
    archive_invoice(BILLER_ID, f"INV-{index:04d}", by="siti", reason="salah", notify=True)
    settle_all(index)


def read(table: str) -> list[dict[str, Any]]:
    return scenario.read_table(table)


def list_traces(*but: str) -> list[dict[str, Any]]:
    """Items of any table in which something of the person is left; ``but``: not of these accounts."""
    settings = get_settings()
    tables = (settings.invoices_table, settings.notices_table, settings.suppressions_table, settings.audit_table)
    return [
        item
        for table in tables
        for item in read(table)
        if not any(va_number in str(item) for va_number in but) and any(trace in str(item) for trace in TRACES)
    ]


@pytest.fixture
def history(time: notify.Clock) -> dict[str, str]:
    """Sari's bills of every kind, some of them other people's too, and one of another biller; VA numbers."""
    made = {
        "paid": issue(0, SARI, JOKO),
        "archived": issue(1, SARI, channels=["email"]),
        "open": issue(2, SARI, channels=["email"]),
        "silent": issue(3, SARI, channels=[]),
        "shared": issue(4, SARI, {"name": "Nenek", "sms": PHONE}, channels=["whatsapp", "sms"]),
        "school": issue(5, SARI, biller=scenario.SCHOOL, channels=["email"]),
    }
    for index in (0, 3, 4):
        pay(index)
    archive(1)
    time.advance(hours=1)
    return made


@pytest.mark.parametrize("contact", ["sari@EXAMPLE.com", "0812-9999-0000"])
def test_person_is_gone_from_what_is_settled_and_money_and_history_stay(history: dict[str, str], contact: str) -> None:
    before = {item["va_number"]: item for item in read(get_settings().invoices_table) if item["va_number"]}
    sent = {(item["pk"], item["sk"]): item for item in read(get_settings().notices_table)}
    assert list_traces(history["open"], history["school"])

    done = erase_all(contact)
    assert done["still_needed"] == [history["open"]]
    assert done["waiting"] == []
    assert done["invoices"] == 4
    if contact.startswith("0"):
        # The grandmother has the same number and goes with it.
        assert list_traces(history["open"], history["school"]) == []
    else:
        # She keeps her own, and what was sent there is hers.
        (left, *messages) = list_traces(history["open"], history["school"])
        assert left["recipients"] == [{}, {"name": "Nenek", "sms": PHONE}]
        assert {(item["pk"], item["channel"]) for item in messages} == {(f"028#{history['shared']}", "sms")}
        assert all("recipient_name" not in item for item in messages)
    for item in read(get_settings().invoices_table):
        if item["va_number"]:
            was = before[item["va_number"]]
            gone = {name for name in was if item.get(name) != was[name]}
            assert gone <= {"recipients", "changes", "revision"}
            assert (gone == set()) == (item["va_number"] in (history["open"], history["school"]))
    for item in read(get_settings().notices_table):
        lost = {name for name, value in sent[item["pk"], item["sk"]].items() if item.get(name) != value}
        assert lost <= {"recipient", "recipient_name", "by_recipient_pk", "by_recipient_sk", "ladder"}
    assert read_invoice(history["paid"])["recipients"] == [{}, JOKO]


def read_invoice(va_number: str) -> dict[str, Any]:
    (found,) = [item for item in read(get_settings().invoices_table) if item["va_number"] == va_number]
    return found


def test_trail_tells_who_erased_what_and_why_and_not_whom_and_a_repetition_does_nothing(
    history: dict[str, str],
) -> None:
    first = command()
    entries = [entry for entry in read(get_settings().audit_table) if "eras" in entry["action"]]
    assert {entry["action"] for entry in entries} == {"begin_erasure", "erase_contact"}
    (begun,) = [entry for entry in entries if entry["action"] == "begin_erasure"]
    assert (begun["subject"], begun["user_id"], begun["reason"]) == (first["erasure_id"], "siti", "surat no. 7")
    done = {entry["subject"]: entry["after"] for entry in entries if entry["action"] == "erase_contact"}
    assert set(done) == {history[name] for name in ("paid", "archived", "silent", "shared")}
    assert {after["erasure_id"] for after in done.values()} == {first["erasure_id"]}
    assert not any(trace in str(entries) for trace in TRACES)

    before = dump_but_the_trail()
    again = erase_all()
    assert (again["invoices"], again["notices"], again["still_needed"]) == (0, 0, [history["open"]])
    assert dump_but_the_trail() == before


def dump_but_the_trail() -> dict[str, list[str]]:
    dump = invoice_scenario.dump_without_audit_ids()
    dump.pop(get_settings().audit_table)
    return dump


def test_erasure_in_small_calls_does_the_same(history: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "MAX_ACCOUNTS", 1)
    monkeypatch.setattr(erasing, "MAX_EXAMINED", 2)
    monkeypatch.setattr(erasing, "_PAGE", 1)
    monkeypatch.setattr(erasing, "_NOTICES_AT_ONCE", 1)
    done = erase_all("081299990000")
    assert (done["invoices"], done["still_needed"], done["calls"] > 5) == (4, [history["open"]], True)
    assert list_traces(history["open"], history["school"]) == []


@pytest.mark.parametrize(("at", "after"), [(0, True), (2, False), (3, True)])
def test_erasure_killed_at_any_transaction_is_finished_by_its_repetition(
    history: dict[str, str], at: int, after: bool
) -> None:
    kill = faults.CallCounter([faults.OneOperation(dynamodb.client())], faults.kill, at, after=after)
    with kill.installed(), pytest.raises(faults.Killed):
        erase_all("081299990000")
    erase_all("081299990000")
    assert list_traces(history["open"], history["school"]) == []


def test_change_that_comes_between_is_seen_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    va_number = issue(0, SARI)
    pay(0)
    real = erasing.commit_each

    def lose(changes: Any) -> list[bool]:
        monkeypatch.setattr(erasing, "commit_each", real)
        propose_reversal(BILLER_ID, "INV-0000", by="siti", reason="salah bayar")
        return real(changes)

    monkeypatch.setattr(erasing, "commit_each", lose)
    assert erase_all()["invoices"] == 1
    assert list_traces() == []
    # And what follows from it works: the bill is open again, and nobody can be written to.
    assert "reversal" in read_invoice(va_number)
    approve_reversal(BILLER_ID, "INV-0000", by="budi")
    assert list_traces() == []
    assert invoice_scenario.current("INV-0000")["recipients"] == [{}]


def test_message_under_way_is_waited_for_and_then_goes_too(time: notify.Clock) -> None:
    va_number = issue(0, SARI)
    (invoice,) = read(get_settings().invoices_table)
    invoice_scenario.pay_at_bank(BILLER_ID, invoice["number"], va_number, int(invoice["amount"]))

    first = erase_all()
    assert (first["waiting"], first["invoices"]) == ([va_number], 0)
    settle_all(0)
    assert erase_all()["waiting"] == []
    assert list_traces() == []


def test_messages_to_a_contact_that_an_open_bill_no_longer_has_go_and_the_bill_stays(time: notify.Clock) -> None:
    va_number = issue(0, {"name": "Ibu Sari", "email": EMAIL}, channels=["email"])
    time.advance(hours=1)
    correct_recipient(BILLER_ID, "INV-0000", 0, {"name": "Pak Joko", "email": "joko@example.com"}, by="siti")
    before = read_invoice(va_number)
    done = erase_all()
    assert (done["notices"], done["invoices"], done["still_needed"]) == (1, 0, [])
    assert read_invoice(va_number) == before
    recipients = {record.get("recipient") for record in notices.list_records("028", va_number)}
    assert recipients == {None, "joko@example.com"}


def test_address_that_must_not_be_written_to_stays_so(history: dict[str, str], time: notify.Clock) -> None:
    (notice,) = [
        notices.read_notice(dynamodb.to_item(record))
        for record in notices.list_records("028", history["open"])
        if record["channel"] == "email"
    ]
    suppress_address(notice, SuppressionReason.NOT_MINE, clock.to_text(clock.now()))
    erase_all()
    (suppression,), _ = list_suppressions(BILLER_ID)
    assert suppression.address == "****"
    (ref,) = notify.issue(9, recipients=[SARI], channels=["email"])
    notify.send(ref)
    assert notify.load(ref).state is NoticeState.SUPPRESSED


def find_erased(va_number: str, kind: str = "issued", channel: str = "email") -> NoticeRef:
    (found,) = [
        record
        for record in notices.list_records("028", va_number)
        if (record["kind"], record["channel"]) == (kind, channel) and "recipient" not in record
    ]
    return NoticeRef("028", va_number, found["sk"])


def test_lists_reports_support_search_and_links_work_on_what_is_left(history: dict[str, str]) -> None:
    tokens = [read_payer_token(build_payer_token("028", history["paid"], who["email"])) for who in (SARI, JOKO)]
    assert all(token and find_recipient(read_invoice(history["paid"]), token) for token in tokens)
    erase_all("081299990000")
    assert [bool(token and find_recipient(read_invoice(history["paid"]), token)) for token in tokens] == [False, True]
    for va_number in history.values():
        if va_number == history["school"]:
            continue
        assert describe_notices(BILLER_ID, va_number) is not None
        assert describe_invoice(BILLER_ID, va_number=va_number)["timeline"]
    shown = describe_invoice(BILLER_ID, va_number=history["archived"], show_contacts=True)
    assert shown["recipients"] == [{}]
    assert "erase_contact" in [event["event"] for event in shown["timeline"]]
    assert all(text("biller_pages.event.erase_contact", language) for language in LANGUAGES)
    (bill,) = support.find_by_virtual_account(history["archived"], reason="tanya", by="tono")
    assert bill["recipients"] == []
    assert {notice["recipient"] for notice in bill["notices"] if notice["channel"] != "event"} == {"****"}
    assert [invoice["va_number"] for invoice in search_invoices(BILLER_ID, EMAIL)] == [history["open"]]
    day = clock.today_in_jakarta().isoformat()
    for kind, members in (("transactions", {"since": day, "until": day}), ("status", {"since": day, "until": day})):
        assert report_scenario.fetch(report_scenario.order(kind, "csv", **members))


def test_pages_of_the_biller_and_the_payer_show_what_is_left(
    history: dict[str, str], aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = {who["name"]: build_payer_token("028", history["paid"], who["email"]) for who in (SARI, JOKO)}
    api_scenario.make_user("budi", Role.MAKER)
    erase_all("081299990000")
    dashboard_scenario.trust_tokens(monkeypatch)
    aws.become("DashboardFunction")
    maker = dashboard_scenario.sign_in_as("budi")
    for language, words in (("id", "Kontak dihapus"), ("en", "Contacts erased")):
        for name in ("archived", "paid", "shared"):
            page = maker.get(f"/invoices/{history[name]}", lang=language)
            assert page.status == 200
            assert words in page.text
            assert not any(trace in page.text for trace in TRACES)
        for path in ("/invoices", "/transactions", "/status"):
            assert maker.get(path, lang=language).status == 200
    aws.become("PayerFunction")
    assert [payer_scenario.open_page(tokens[name]).status for name in ("Ibu Sari", "Pak Joko")] == [404, 200]


def test_erased_message_is_not_sent_again_and_its_late_bounce_suppresses_and_moves_nobody(
    history: dict[str, str],
) -> None:
    erase_all()
    ref = find_erased(history["paid"], "paid")
    members = {"biller_id": BILLER_ID, "user_id": "siti", "request_id": "r"}
    one = {"operation": "resend_notice", "va_number": ref.va_number, "notice_id": ref.notice_id}
    answer = handle_notices(members | one, scenario.FakeContext())
    assert answer["error"]["detail"] == "recipient_removed"

    before = len(read(get_settings().notices_table))
    event = envelope(get_settings().ses_events_topic, ses_event(ref, "Bounce", clock.to_text(clock.now())))
    message = scenario.make_sqs_event([event])
    message["Records"][0]["attributes"]["SentTimestamp"] = str(int(clock.now().timestamp() * 1000))
    assert receipts_handler.handle(message, scenario.FakeContext()) == {"batchItemFailures": []}
    assert notify.load(ref).state is NoticeState.BOUNCED
    assert list_suppressions(BILLER_ID) == ([], None)
    day = {"first_day": "2026-11-23", "last_day": "2026-11-23", "operation": "resend_failed_of_period"}
    batch = handle_notices(members | day, scenario.FakeContext())
    assert (batch["resent"], batch["skipped"]) == (0, {"recipient_removed": 1})
    notify.sweep()
    assert len(read(get_settings().notices_table)) == before


def test_other_billers_bills_and_messages_are_not_touched(history: dict[str, str]) -> None:
    mine = [item for item in read(get_settings().notices_table) if item["biller_id"] == BILLER_ID]
    pay_school = read_invoice(history["school"])
    erase_all(biller_id=scenario.SCHOOL.biller_id)
    assert [item for item in read(get_settings().notices_table) if item["biller_id"] == BILLER_ID] == mine
    assert read_invoice(history["school"]) == pay_school, "it is open"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"contact": "siapa"}, "contact"),
        ({"contact": "a@example.com, b@example.com"}, "contact"),
        ({"contact": "021 555 0101"}, "contact"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "W10"}, "cursor"),
        ({"contact": ""}, "bad_command"),
        ({"reason": ""}, "bad_command"),
    ],
)
def test_what_cannot_be_an_erasure_is_refused_and_nothing_is_written(members: dict[str, Any], code: str) -> None:
    before = scenario.dump_tables()
    answer = command(**members)
    assert answer["error"]["code"] == code
    assert set(answer["error"]["message"]) == set(LANGUAGES)
    assert scenario.dump_tables() == before


@pytest.mark.parametrize(
    "change",
    [
        lambda cursor: [cursor[0], "notices", 8, ""],
        lambda cursor: [cursor[0], "notices", True, ""],
        lambda cursor: [cursor[0], "notices", 0, "2026|x"],
        lambda cursor: [cursor[0], "elsewhere", 0, ""],
        lambda cursor: ["not-an-id", "notices", 0, ""],
        lambda cursor: [cursor[0], "paid", 0, 7],
    ],
)
def test_cursor_that_was_not_given_out_is_refused(change: Callable[[list[Any]], list[Any]]) -> None:
    import base64

    import orjson

    made = base64.urlsafe_b64encode(orjson.dumps(change(["01JD0000000000000000000000"]))).decode().rstrip("=")
    assert command(cursor=made)["error"]["code"] == "cursor"


def test_admin_erases_by_the_api_and_nobody_else_may(
    history: dict[str, str], aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    for role in (Role.BILLER_ADMIN, Role.MAKER, Role.CHECKER, Role.VIEWER, Role.BANK_OFFICER):
        api_scenario.make_user(role, role)
    aws.become("ApiFunction")
    body = {"contact": EMAIL, "reason": "surat no. 7"}
    for role in (Role.MAKER, Role.CHECKER, Role.VIEWER, Role.BANK_OFFICER):
        assert api_scenario.call("POST", "/v1/contacts/erase", role, body).status == 403
    answer = api_scenario.call("POST", "/v1/contacts/erase", Role.BILLER_ADMIN, body)
    assert (answer.status, answer.body["invoices"], answer.body["still_needed"]) == (200, 4, [history["open"]])
    assert EMAIL not in str(answer.body)
    refused = api_scenario.call("POST", "/v1/contacts/erase", Role.BILLER_ADMIN, body | {"contact": "nobody"})
    assert (refused.status, refused.code) == (422, "contact")

"""Which notices an invoice gets, how they are named and stored, and the ways they may move."""

import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoicing.billers import Biller, BillerState, Module
from invoicing.notices import (
    MOVES,
    RECEIPT_STATES,
    Channel,
    Lane,
    Notice,
    NoticeKind,
    NoticeRef,
    NoticeState,
    PlannedNotice,
    build_notice_id,
    choose_lane,
    find_obstacle,
    mask_address,
    plan_issued_notices,
    states_before,
)
from invoicing.store.dynamodb import to_item
from invoicing.store.notices import DAY_SHARDS, DUE_SHARDS, notice_item, read_notice

VA = "8808100000000017"
BILLER = Biller(
    biller_id="toko-sinar",
    name="Toko Sinar",
    module=Module.E_INVOICE,
    state=BillerState.ACTIVE,
    company_code="88081",
    giro_account="028000111222",
)


def draft(*recipients: dict[str, str], **changes: Any) -> Any:
    return {
        "number": "INV-1",
        "payer_name": "Budi",
        "amount": 1,
        "due_date": "2026-12-31",
        "recipients": list(recipients),
    } | changes


def item(planned: PlannedNotice, **changes: Any) -> dict[str, Any]:
    facts = {
        "bank_code": "028",
        "va_number": VA,
        "biller_id": BILLER.biller_id,
        "number": "INV-1",
        "upload_id": "01JD0000000000000000000000",
        "created_at": "2026-11-23T03:00:00.000Z",
    }
    return notice_item(planned, **(facts | changes))


def planned(recipient: str = "budi@example.com", name: str = "Budi") -> PlannedNotice:
    notice_id = build_notice_id(VA, NoticeKind.ISSUED, Channel.EMAIL, recipient)
    return PlannedNotice(notice_id, NoticeKind.ISSUED, Channel.EMAIL, recipient, name, "id")


def reachable(state: NoticeState) -> set[NoticeState]:
    found: set[NoticeState] = set()
    front = {state}
    while front:
        front = {target for origin in front for target in MOVES[origin]} - found
        found |= front
    return found


def test_notice_that_was_sent_is_never_sent_again() -> None:
    before_sending = {NoticeState.QUEUED, NoticeState.CLAIMED, NoticeState.UNKNOWN, NoticeState.CANCELLED}
    for state in RECEIPT_STATES:
        assert not reachable(state) & before_sending


def test_every_state_has_its_moves_and_only_read_and_what_was_not_sent_on_purpose_have_none() -> None:
    assert set(MOVES) == set(NoticeState)
    ends = {NoticeState.READ, NoticeState.CANCELLED, NoticeState.SUPPRESSED}
    assert {state for state, targets in MOVES.items() if not targets} == ends


def test_failure_is_reported_only_until_a_message_arrived_and_corrected_by_its_arrival() -> None:
    for failure in (NoticeState.FAILED, NoticeState.BOUNCED):
        assert not {NoticeState.DELIVERED, NoticeState.READ} & set(states_before(failure))
        assert MOVES[failure] >= {NoticeState.DELIVERED, NoticeState.READ}
        assert NoticeState.SENT not in MOVES[failure]


def test_no_two_states_that_receipts_report_lead_to_each_other() -> None:
    for state in RECEIPT_STATES:
        assert state not in reachable(state)


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("sari@example.com", "s***@example.com"),
        ("@example.com", "***@example.com"),
        ("+6281234567890", "+62812****890"),
        ("+12345678", "+1****678"),
        ("12", "****"),
        ("", "****"),
    ],
)
def test_masked_address_is_known_by_its_owner_and_useless_to_others(address: str, masked: str) -> None:
    assert mask_address(address) == masked


def test_claiming_needs_a_queued_notice() -> None:
    assert states_before(NoticeState.CLAIMED) == (NoticeState.QUEUED,)


def test_each_recipient_gets_a_notice_on_each_channel_it_has_an_address_for() -> None:
    notices = plan_issued_notices(
        BILLER,
        draft(
            {"name": "Ibu Sari", "email": "sari@example.com", "whatsapp": "+6281200000001"},
            {"name": "Pak Joko", "email": "joko@example.com"},
            {"sms": "+6281200000002"},
            channels=["email", "whatsapp"],
        ),
        VA,
    )

    assert [(notice.channel, notice.recipient, notice.recipient_name) for notice in notices] == [
        ("email", "sari@example.com", "Ibu Sari"),
        ("whatsapp", "+6281200000001", "Ibu Sari"),
        ("email", "joko@example.com", "Pak Joko"),
    ]


def test_row_without_channels_and_language_uses_the_billers() -> None:
    recipient = {"email": "a@example.com", "sms": "+6281200000002"}

    assert [(n.channel, n.language) for n in plan_issued_notices(BILLER, draft(recipient), VA)] == [("email", "id")]
    english = plan_issued_notices(BILLER, draft(recipient, channels=["sms"], language="en"), VA)
    assert [(n.channel, n.language) for n in english] == [("sms", "en")]


def test_small_upload_takes_the_express_lane() -> None:
    assert [choose_lane(invoices) for invoices in (1, 500, 501)] == [Lane.EXPRESS, Lane.EXPRESS, Lane.BULK]
    (notice,) = plan_issued_notices(BILLER, draft({"email": "a@example.com"}), VA, Lane.EXPRESS)
    assert read_notice(to_item(item(notice))).lane is Lane.EXPRESS


def test_stored_notice_without_a_lane_reads_as_bulk() -> None:
    stored = to_item(item(planned()))
    del stored["lane"]

    assert read_notice(stored).lane is Lane.BULK


def test_reference_reads_back_and_is_fit_for_any_providers_tag() -> None:
    ref = NoticeRef("028", VA, build_notice_id(VA, NoticeKind.REMINDER, Channel.WHATSAPP, "+62811"))

    assert NoticeRef.from_text(ref.to_text()) == ref
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,256}", ref.to_text())


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "028",
        "028_88081_",
        "28_88081_issued-email-1",
        "028_88a81_issued",
        "028_88081_issued\n",
        "028_88081_Ä",
        "x" * 999,
    ],
)
def test_foreign_reference_is_refused(reference: str) -> None:
    with pytest.raises(ValueError, match="reference"):
        NoticeRef.from_text(reference)


def test_same_address_twice_gets_one_notice() -> None:
    notices = plan_issued_notices(BILLER, draft({"email": "a@example.com"}, {"email": " A@Example.com"}), VA)

    assert [notice.recipient for notice in notices] == ["a@example.com"]


@settings(deadline=None)
@given(
    addresses=st.lists(st.sampled_from(["a@x.id", "A@x.id", " a@x.id ", "b@x.id", "ß@x.id", "SS@x.id"]), max_size=6),
    channels=st.lists(st.sampled_from(["email", "sms"]), min_size=1, max_size=4),
)
def test_planning_twice_gives_the_same_ids_each_once(addresses: list[str], channels: list[str]) -> None:
    recipients = [{"email": address, "sms": "+62811"} for address in addresses]
    first, second = (plan_issued_notices(BILLER, draft(*recipients, channels=channels), VA) for _ in range(2))

    assert first == second
    assert max(Counter(notice.notice_id for notice in first).values(), default=1) == 1
    wanted = len({address.strip().casefold() for address in addresses}) * ("email" in channels)
    assert sum(notice.channel == "email" for notice in first) == wanted


def test_notice_id_is_fit_for_a_tag_and_shows_nothing_of_the_address() -> None:
    notice_id = build_notice_id(VA, NoticeKind.ISSUED, Channel.EMAIL, "budi.santoso@example.com")

    assert re.fullmatch(r"issued-email-[0-9a-f]{16}", notice_id)
    other_va = build_notice_id("8808100000000025", NoticeKind.ISSUED, Channel.EMAIL, "budi.santoso@example.com")
    assert notice_id != other_va


def test_notice_id_differs_by_each_of_its_parts() -> None:
    ids = {
        build_notice_id(VA, NoticeKind.REMINDER, Channel.EMAIL, "a@example.com", step="-3"),
        build_notice_id(VA, NoticeKind.REMINDER, Channel.EMAIL, "a@example.com", step="0"),
        build_notice_id(VA, NoticeKind.REMINDER, Channel.EMAIL, "a@example.com", step="0", sequence=2),
        build_notice_id(VA, NoticeKind.ISSUED, Channel.EMAIL, "a@example.com", step="0"),
        build_notice_id(VA, NoticeKind.REMINDER, Channel.SMS, "a@example.com", step="0"),
        build_notice_id(VA, NoticeKind.REMINDER, Channel.EMAIL, "b@example.com", step="0"),
    }
    assert len(ids) == 6


def test_no_resend_takes_the_id_of_a_correction_or_of_another_resend() -> None:
    ids = {
        (sequence, sending): build_notice_id(
            VA, NoticeKind.ISSUED, Channel.EMAIL, "a@example.com", sequence=sequence, sending=sending
        )
        for sequence in range(1, 30)
        for sending in range(1, 30)
    }
    assert len(set(ids.values())) == len(ids)
    # What was planned before there were resends keeps its id: the same row is the same message for ever.
    assert ids[1, 1] == build_notice_id(VA, NoticeKind.ISSUED, Channel.EMAIL, "a@example.com")


def test_stored_notice_reads_back_as_planned() -> None:
    notice = read_notice(to_item(item(planned())))

    assert notice.ref == NoticeRef("028", VA, planned().notice_id)
    assert (notice.state, notice.recipient, notice.attempt) == (NoticeState.QUEUED, "budi@example.com", 0)
    assert notice.due_at == "2026-11-23T03:15:00.000Z"


def test_deferred_notice_is_due_when_it_may_be_sent() -> None:
    stored = item(planned(), not_before="2026-11-24T01:00:00.000Z")

    assert stored["due_at"] == stored["not_before"] == "2026-11-24T01:00:00.000Z"


@pytest.mark.parametrize(
    ("created_at", "day"),
    [("2026-11-23T16:59:59.000Z", "2026-11-23"), ("2026-11-23T17:00:00.000Z", "2026-11-24")],
)
def test_day_of_a_notice_is_jakartas(created_at: str, day: str) -> None:
    assert item(planned(), created_at=created_at)["by_day_pk"].split("#")[:2] == [BILLER.biller_id, day]


def test_recipient_index_joins_spellings_within_a_biller_only() -> None:
    key = item(planned("a@example.com"))["by_recipient_pk"]

    assert key == item(planned("A@EXAMPLE.com"))["by_recipient_pk"]
    other = item(planned("a@example.com"), biller_id="other")["by_recipient_pk"]
    assert key.split("#")[1] != other.split("#")[1]
    assert "example" not in key


def test_notice_with_long_names_stays_within_one_write_unit() -> None:
    long = planned("a" * 64 + "@" + "b" * 100 + ".co.id", name="Ñ" * 100)
    stored = to_item(item(long, number="N" * 40, biller_id="b" * 26))

    size = sum(len(name.encode()) + len(str(next(iter(value.values()))).encode()) for name, value in stored.items())
    assert size < 1024


def test_one_billers_notices_spread_over_all_shards() -> None:
    count = 8_000
    days, dues = Counter[str](), Counter[str]()
    for sequence in range(count):
        va_number = f"88081{sequence:011d}"
        notice_id = build_notice_id(va_number, NoticeKind.ISSUED, Channel.EMAIL, "a@example.com")
        stored = item(PlannedNotice(notice_id, NoticeKind.ISSUED, Channel.EMAIL, "a", "", "id"), va_number=va_number)
        days[stored["by_day_pk"]] += 1
        dues[stored["due_shard"]] += 1

    assert max(days.values()) < count / DAY_SHARDS * 1.15
    assert max(dues.values()) < count / len(DUE_SHARDS) * 1.25


@pytest.mark.parametrize(
    ("invoice", "obstacle"),
    [
        ({"va_number": VA, "status": "open"}, None),
        ({"va_number": VA, "status": "open", "recipients": [{"email": "BUDI@example.com"}]}, None),
        ({"va_number": VA, "status": "open", "recipients": [{"email": "other@example.com"}]}, "contact_corrected"),
        ({"va_number": VA, "status": "open", "extended_at": "2026-11-23T03:00:00.000Z"}, None),
        ({"va_number": VA, "status": "paid"}, "invoice_paid"),
        ({"va_number": VA, "status": "archived"}, "invoice_archived"),
        ({"va_number": VA, "status": "open", "valid_until": "2026-11-23T03:00:00Z"}, None),
        ({"va_number": VA, "status": "open", "valid_until": "2026-11-23T02:59:59Z"}, "invoice_expired"),
        ({"va_number": VA, "status": "paid", "valid_until": "2026-11-23T02:59:59Z"}, "invoice_paid"),
        ({"va_number": "8808100000000025", "status": "open"}, "invoice_archived"),
        (None, "invoice_archived"),
    ],
)
def test_only_an_open_invoice_with_the_same_account_lets_a_notice_go(
    invoice: dict[str, Any] | None, obstacle: str | None
) -> None:
    notice: Notice = read_notice(to_item(item(planned())))
    if invoice is not None:
        invoice = {"recipients": [{"email": "budi@example.com"}]} | invoice

    assert find_obstacle(notice, invoice, "2026-11-23T03:00:00.000Z") == obstacle


@pytest.mark.parametrize(
    ("kind", "invoice", "obstacle"),
    [
        (NoticeKind.PAID, {"va_number": VA, "status": "paid", "recipients": [{"email": "budi@example.com"}]}, None),
        (
            NoticeKind.PAID,
            {
                "va_number": VA,
                "status": "paid",
                "valid_until": "2026-11-01T00:00:00Z",
                "recipients": [{"email": "budi@example.com"}],
            },
            None,
        ),
        (NoticeKind.PAID, {"va_number": VA, "status": "open"}, "invoice_open"),
        (NoticeKind.PAID, {"va_number": "8808100000000025", "status": "paid"}, "invoice_archived"),
        (NoticeKind.PAID, None, "invoice_archived"),
        (NoticeKind.ARCHIVED, {"va_number": VA, "status": "archived"}, None),
        (NoticeKind.ARCHIVED, None, "invoice_not_archived"),
        (NoticeKind.REMINDER, {"va_number": VA, "status": "paid"}, "invoice_paid"),
    ],
)
def test_receipt_needs_the_paid_invoice_and_ignore_notice_the_archived_one(
    kind: NoticeKind, invoice: dict[str, Any] | None, obstacle: str | None
) -> None:
    notice = replace(read_notice(to_item(item(planned()))), kind=kind)

    assert find_obstacle(notice, invoice, "2026-11-23T03:00:00.000Z") == obstacle


@pytest.mark.parametrize(
    ("extended_at", "obstacle"),
    [("2026-11-23T03:00:00.000Z", "due_date_extended"), ("2026-11-23T02:59:59.999Z", None)],
)
def test_reminder_of_a_due_date_that_was_put_off_since_does_not_go(extended_at: str, obstacle: str | None) -> None:
    notice = read_notice(to_item(item(replace(planned(), kind=NoticeKind.REMINDER, step="due-3"))))
    invoice = {"va_number": VA, "status": "open", "recipients": [{"email": "budi@example.com"}]}

    assert find_obstacle(notice, invoice | {"extended_at": extended_at}, "2026-11-23T03:00:00.000Z") == obstacle

"""One invoice: what it says, everything that happened to it, and what may be done to it by whom.

Every form names the VA number and the revision that its reader saw: a change of something else is refused. What the
domain refuses is said on the invoice's own page, above its facts as they are now.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.acting import read_reason
from dashboard.areas import CHANGE, LOOK, Area
from dashboard.problems import find_problem, find_words
from dashboard.rendering import leave_blank, say, show
from dashboard.views.invoices import make_request_id, read_day, read_request_id
from dashboard.visits import Visit
from invoicing import amending, archiving, clock, outside_payments, reminders, resending, reversing
from invoicing.billers import OutsidePayments
from invoicing.current_invoices import Seen, load_invoice
from invoicing.errors import (
    DueDateError,
    InquiredRecentlyError,
    InvoiceNotFoundError,
    InvoicingError,
    OutsidePaymentError,
    UserNotFoundError,
)
from invoicing.invoice_details import describe_invoice
from invoicing.invoice_lists import find_by_va_numbers
from invoicing.invoices import InvoiceStatus, find_payer_key
from invoicing.notice_status import describe_notices
from invoicing.notices import PAYER_CHANNELS, NoticeState
from invoicing.outside_payments import Method
from invoicing.roles import Role
from invoicing.users import load_user_of
from webpages.answers import answer_redirect

area = Area()

_CONTACTS = ("name", "email", "whatsapp", "sms")
_PEOPLE = ("by", "recorded_by", "approved_by", "proposed_by")
_UNDER_WAY = (NoticeState.QUEUED, NoticeState.CLAIMED, NoticeState.UNKNOWN)

Act = Callable[[Visit, str, str], None]
"""What a form does, to the invoice of a number and a VA number."""


@area.get("/invoices/{va_number}", LOOK)
def show_one(visit: Visit) -> dict[str, Any]:
    return _show(visit)


def _act(path: str, roles: frozenset[Role], done: str) -> Callable[[Act], Act]:
    """Register a change of an invoice: done, the invoice's page says so; refused, it says why."""

    def register(act: Act) -> Act:
        def view(visit: Visit) -> dict[str, Any]:
            va_number = visit.parameters["va_number"]
            invoice = find_by_va_numbers(visit.biller_id, [va_number]).get(va_number)
            if invoice is None:
                raise InvoiceNotFoundError(va_number)
            try:
                act(visit, invoice["number"], va_number)
            except InvoicingError as error:
                problem = find_problem(error)
                if problem is None:
                    raise
                is_confirmable = isinstance(error, InquiredRecentlyError)
                words = find_words(problem, visit.language)
                return _show(visit, status=problem.status, problem=words, confirms=is_confirmable)
            return answer_redirect(f"../{va_number}?done={done}")

        area.post(f"/invoices/{{va_number}}/{path}", roles)(view)
        return act

    return register


@_act("archive", CHANGE, "archived")
def archive(visit: Visit, number: str, va_number: str) -> None:
    archiving.archive_invoice(
        visit.biller_id,
        number,
        by=visit.user_id,
        reason=read_reason(visit),
        notify=visit.read("notify") == "yes",
        va_number=va_number,
        confirmed=visit.read("confirmed") == "yes",
    )


@_act("extend", CHANGE, "extended")
def extend(visit: Visit, number: str, va_number: str) -> None:
    try:
        due_date = read_day(visit.read("due_date", 10))
    except ValueError:
        due_date = None
    if due_date is None:
        raise DueDateError("due_date_unreadable")
    amending.extend_due_date(
        visit.biller_id,
        number,
        by=visit.user_id,
        due_date=due_date,
        reason=visit.read("reason", 500) or None,
        seen=_read_seen(visit, va_number),
    )


@_act("contact", CHANGE, "contact_corrected")
def correct_contact(visit: Visit, number: str, va_number: str) -> None:
    """An empty field leaves what there is; a tick removes it."""
    position = visit.read("position", 3)
    removed = set(visit.read_all("remove"))
    contact = {
        name: "" if name in removed else typed
        for name in _CONTACTS
        if (typed := visit.read(name, 300)) or name in removed
    }
    amending.correct_recipient(
        visit.biller_id,
        number,
        int(position) if position.isdecimal() else -1,
        contact,
        by=visit.user_id,
        reason=visit.read("reason", 500) or None,
        seen=_read_seen(visit, va_number),
    )


@_act("pause", CHANGE, "reminders_paused")
def pause_reminders(visit: Visit, number: str, va_number: str) -> None:
    _require_current(visit, number, va_number)
    try:
        until = read_day(visit.read("until", 10))
    except ValueError as error:
        raise DueDateError("due_date_unreadable") from error
    reminders.pause_invoice_reminders(visit.biller_id, number, by=visit.user_id, until=until)


@_act("resume", CHANGE, "reminders_resumed")
def resume_reminders(visit: Visit, number: str, va_number: str) -> None:
    _require_current(visit, number, va_number)
    reminders.resume_invoice_reminders(visit.biller_id, number, by=visit.user_id)


@_act("resend", CHANGE, "resent")
def resend(visit: Visit, _number: str, va_number: str) -> None:
    """One message when the form names it, else the bill to everybody who was sent it."""
    by, request_id = visit.user_id, read_request_id(visit)
    notice_id = visit.read("notice_id")
    if notice_id:
        resending.resend_notice(visit.biller_id, va_number, notice_id, by=by, request_id=request_id)
    else:
        resending.resend_invoice_notices(visit.biller_id, va_number, by=by, request_id=request_id)


@_act("outside-payment", CHANGE, "outside_recorded")
def record_outside_payment(visit: Visit, number: str, va_number: str) -> None:
    method, amount = visit.read("method"), _read_rupiah(visit.read("amount", 30))
    if method not in list(Method):
        raise OutsidePaymentError("method")
    if amount is None:
        raise OutsidePaymentError("amount_unreadable")
    payment = outside_payments.OutsidePayment(
        Method(method), amount, _read_local_instant(visit, visit.read("at", 20)), visit.read("note", 1000)
    )
    outside_payments.record_outside_payment(
        visit.biller_id, number, payment, by=visit.user_id, seen=_read_seen(visit, va_number)
    )


@_act("outside-payment/approve", frozenset({Role.CHECKER}), "outside_approved")
def approve_outside_payment(visit: Visit, number: str, va_number: str) -> None:
    outside_payments.approve_outside_payment(
        visit.biller_id, number, by=visit.user_id, seen=_read_seen(visit, va_number)
    )


@_act("outside-payment/reject", CHANGE, "outside_rejected")
def reject_outside_payment(visit: Visit, number: str, va_number: str) -> None:
    outside_payments.reject_outside_payment(
        visit.biller_id,
        number,
        by=visit.user_id,
        reason=read_reason(visit),
        seen=_read_seen(visit, va_number),
    )


@_act("reversal", CHANGE, "reversal_proposed")
def propose_reversal(visit: Visit, number: str, va_number: str) -> None:
    reversing.propose_reversal(
        visit.biller_id,
        number,
        by=visit.user_id,
        reason=read_reason(visit),
        seen=_read_seen(visit, va_number),
    )


@_act("reversal/approve", frozenset({Role.CHECKER}), "reversal_approved")
def approve_reversal(visit: Visit, number: str, va_number: str) -> None:
    reversing.approve_reversal(visit.biller_id, number, by=visit.user_id, seen=_read_seen(visit, va_number))


@_act("reversal/reject", CHANGE, "reversal_rejected")
def reject_reversal(visit: Visit, number: str, va_number: str) -> None:
    reversing.reject_reversal(
        visit.biller_id,
        number,
        by=visit.user_id,
        reason=read_reason(visit),
        seen=_read_seen(visit, va_number),
    )


def _read_seen(visit: Visit, va_number: str) -> Seen:
    revision = visit.read("revision", 9)
    return Seen(va_number, int(revision) if revision.isdecimal() else None)


def _require_current(visit: Visit, number: str, va_number: str) -> None:
    """Raises InvoiceChangedError when the number belongs to another bill by now."""
    load_invoice(visit.biller_id, number, InvoiceStatus.OPEN, Seen(va_number))


def _read_rupiah(typed: str) -> int | None:
    """``Rp 1.250.000`` as people write it; None for anything else, cents too."""
    digits = typed.removeprefix("Rp").strip()
    groups = digits.split(".")
    is_grouped = all(len(group) == 3 for group in groups[1:]) and len(groups[0]) <= 3
    plain = "".join(groups)
    if not (plain.isascii() and plain.isdigit()) or (len(groups) > 1 and not is_grouped):
        return None
    return int(plain)


def _read_local_instant(visit: Visit, typed: str) -> datetime | None:
    """A time without an offset is meant in the biller's zone."""
    if not typed:
        return None
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=ZoneInfo(visit.own_biller.policy.zone))
    except ValueError as error:
        raise OutsidePaymentError("time_unreadable") from error


def _show(visit: Visit, *, status: int = 200, problem: str = "", confirms: bool = False) -> dict[str, Any]:
    va_number = visit.parameters["va_number"]
    invoice = describe_invoice(visit.biller_id, va_number=va_number)
    own = visit.user_id
    outside, reversal = invoice.get("outside_payment"), invoice.get("reversal")
    is_open, is_paid = invoice["status"] == InvoiceStatus.OPEN, invoice["status"] == InvoiceStatus.PAID
    return show(
        visit,
        "invoice.html.j2",
        status=status,
        problem=problem,
        confirms=confirms,
        invoice=leave_blank(invoice),
        notices=[
            leave_blank(notice)
            | {"may_resend": notice["channel"] in PAYER_CHANNELS and notice["state"] not in _UNDER_WAY}
            for notice in describe_notices(visit.biller_id, va_number)
        ],
        people=_name_people(visit, invoice),
        timeline=[_show_event(visit, event) for event in reversed(invoice["timeline"])],
        has_payer=find_payer_key(invoice) is not None,
        is_open=is_open,
        is_paid=is_paid,
        may_change=visit.has_role(*CHANGE),
        may_check=visit.has_role(Role.CHECKER),
        waiting_payment=leave_blank(outside) if is_open else None,
        waiting_reversal=reversal if is_paid else None,
        is_own=own in ((outside or {}).get("recorded_by"), (reversal or {}).get("proposed_by")),
        by_two=visit.own_biller.outside_payments is OutsidePayments.BY_TWO,
        methods=list(Method),
        today=clock.today_in_jakarta().isoformat(),
        request_id=make_request_id(),
    )


def _show_event(visit: Visit, event: Mapping[str, Any]) -> dict[str, Any]:
    """What happened, with the reason in words where the catalogue has them."""
    return {
        "event": event["event"],
        "at": event["at"],
        "facts": leave_blank(event),
        "reason": describe_reason(visit, event),
    }


def describe_reason(visit: Visit, event: Mapping[str, Any]) -> str:
    """People's own words as they are; codes of notices and refusals in words, where there are any."""
    code = event.get("verdict") or event.get("reason") or ""
    if not event.get("event", "notice_").startswith(("notice_", "payment_")):
        return str(code)
    group = "verdict" if "verdict" in event else "reason"
    try:
        return say(visit, f"{group}.{code}")
    except KeyError:
        return str(code)


def _name_people(visit: Visit, invoice: Mapping[str, Any]) -> dict[str, str]:
    """Names of the biller's own users that the invoice speaks of; whoever else did something was the bank's."""
    records = [
        *invoice["timeline"],
        *(invoice.get(name) or {} for name in ("outside_payment", "reversal", "payment", "reminders_paused")),
        {"by": invoice.get("archived_by")},
    ]
    ids = {record[name] for record in records for name in _PEOPLE if record.get(name)}
    return {user_id: _name_user(visit, user_id) for user_id in ids}


def _name_user(visit: Visit, user_id: str) -> str:
    try:
        user = load_user_of(visit.biller_id, user_id)
    except UserNotFoundError:
        return say(visit, "invoice.by_bank")
    return user.name or say(visit, "invoice.by_program")

"""What may be changed on an open invoice: its due date, put off, and the contacts that its notices go to.

The amount may not: a bill that is wrong is archived and issued anew, with another virtual account.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, cast

from invoicing import clock
from invoicing.contacts import parse_emails, parse_phone
from invoicing.current_invoices import ANY, Seen, change_invoice, load_invoice
from invoicing.errors import ContactError, DueDateError
from invoicing.invoices import InvoiceDraft, InvoiceStatus, Recipient
from invoicing.notices import Lane, list_addresses, mask_address, normalise_address, plan_issued_notices
from invoicing.sending_hours import find_next_sending_time
from invoicing.store.audit import build_change_audit
from invoicing.store.billers import load_active_biller
from invoicing.store.invoice_changes import build_due_date_writes, build_recipients_writes
from invoicing.store.notices import build_notice_writes
from invoicing.store.transactions import Change
from invoicing.typed_text import InvalidValueError, clean_text

MAX_EXTENSION = timedelta(days=366)
"""From today, or from the old due date if that is later."""
_MAX_NAME = 100
_ADDRESSES = ("email", "whatsapp", "sms")


def extend_due_date(
    biller_id: str,
    number: str,
    *,
    by: str,
    due_date: date,
    valid_until: datetime | None = None,
    reason: str | None = None,
    seen: Seen = ANY,
) -> dict[str, Any]:
    """Put off the due date of an open invoice, and the last instant at which its VA may be paid; the invoice after it.

    Without ``valid_until`` the end of validity, if there is one, moves to the end of the new due date where it would
    come before. Reminders follow the new date as if nothing had been sent: each step comes once more. The same again
    changes nothing. Raises DueDateError (in the past, or earlier than it was), BillerNotActiveError,
    InvoiceNotFoundError, InvoiceStateError, InvoiceChangedError, BusyError.
    """
    load_active_biller(biller_id)
    today = clock.today_in_jakarta()
    if due_date < today:
        raise DueDateError("due_date_past")
    if valid_until is not None and valid_until.tzinfo is None:
        raise DueDateError("valid_until_without_zone")

    def build(invoice: Mapping[str, Any]) -> Change | None:
        until = _choose_valid_until(invoice, due_date, valid_until)
        before = {"due_date": invoice["due_date"], "valid_until": invoice.get("valid_until")}
        after = {"due_date": due_date.isoformat(), "valid_until": until}
        if after == before:
            return None
        if after["due_date"] < before["due_date"]:
            raise DueDateError("due_date_earlier")
        if due_date > max(today, date.fromisoformat(before["due_date"])) + MAX_EXTENSION:
            raise DueDateError("due_date_too_far")
        if before["valid_until"] is not None and cast(str, until)[:19] < before["valid_until"][:19]:
            raise DueDateError("valid_until_earlier")
        at = clock.to_text(clock.now())
        change = {"at": at, "by": by, "action": "extend_due_date", "before": before, "after": after, "reason": reason}
        return [
            *build_due_date_writes(invoice, change, due_date=due_date.isoformat(), valid_until=until),
            build_change_audit(invoice, change),
        ]

    return change_invoice(lambda: load_invoice(biller_id, number, InvoiceStatus.OPEN, seen), build)


def correct_recipient(
    biller_id: str,
    number: str,
    position: int,
    contact: Mapping[str, str],
    *,
    by: str,
    reason: str | None = None,
    seen: Seen = ANY,
) -> dict[str, Any]:
    """Give one recipient of an open invoice other contacts; the invoice after it.

    ``contact`` has ``name``, ``email``, ``whatsapp`` and ``sms`` as people type them; what is left out stays as it is,
    an empty text removes it. What still waits for an old address is not sent any more (looked up at the claim), links
    to it are dead, and each new address gets the bill, in the biller's hours. The same again changes nothing. Raises
    ContactError, BillerNotActiveError, InvoiceNotFoundError, InvoiceStateError, InvoiceChangedError, BusyError.
    """
    biller = load_active_biller(biller_id)
    given = _read_contact(contact)

    def build(invoice: Mapping[str, Any]) -> Change | None:
        recipients: list[Recipient] = invoice["recipients"]
        if not 0 <= position < len(recipients):
            raise ContactError("no_such_recipient")
        old = recipients[position]
        new = cast(Recipient, {name: value for name, value in {**old, **given}.items() if value})
        if new == old:
            return None
        if not any(new.get(name) for name in _ADDRESSES):
            raise ContactError("no_contact_left")
        corrected = [*recipients[:position], new, *recipients[position + 1 :]]
        at = clock.to_text(clock.now())
        change = {
            "at": at,
            "by": by,
            "action": "correct_recipient",
            "before": mask_recipient(old),
            "after": mask_recipient(new),
            "reason": reason,
        }
        after = {**invoice, "recipients": corrected, "corrections": invoice.get("corrections", 0) + 1}
        known = list_addresses(recipients)
        planned = [
            notice
            for notice in plan_issued_notices(biller, cast(InvoiceDraft, after), invoice["va_number"], Lane.EXPRESS)
            if (notice.channel, normalise_address(notice.recipient)) in list_addresses([new]) - known
        ]
        leaves_at = clock.to_text(find_next_sending_time(biller.policy, clock.from_text(at)))
        not_before = max(leaves_at, invoice.get("notices_from", ""))
        return [
            *build_recipients_writes(invoice, change, corrected),
            *build_notice_writes(
                planned,
                invoice,
                created_at=at,
                not_before=not_before if not_before > at else None,
                in_hours=True,
            ),
            build_change_audit(invoice, change),
        ]

    return change_invoice(lambda: load_invoice(biller_id, number, InvoiceStatus.OPEN, seen), build)


def mask_recipient(recipient: Mapping[str, Any]) -> dict[str, str]:
    """Its addresses, masked; without the name."""
    return {name: mask_address(recipient[name]) for name in _ADDRESSES if name in recipient}


def _choose_valid_until(invoice: Mapping[str, Any], due_date: date, given: datetime | None) -> str | None:
    """Never before the end of the due date: a bill can be paid on the day on which it is due."""
    end_of_due_date = datetime.combine(due_date + timedelta(days=1), time(), clock.JAKARTA) - timedelta(seconds=1)
    least = clock.to_text(end_of_due_date)[:19] + "Z"
    if given is not None:
        until = clock.to_text(given)[:19] + "Z"
        if until < least:
            raise DueDateError("valid_until_before_due_date")
        return until
    stored: str | None = invoice.get("valid_until")
    return stored if stored is None or stored[:19] >= least[:19] else least


def _read_contact(contact: Mapping[str, str]) -> dict[str, str]:
    """What was typed, in the form that is stored; "" for what is to be removed. Raises ContactError."""
    given: dict[str, str] = {}
    try:
        for name, typed in contact.items():
            if name == "name":
                given[name] = clean_text(typed)
                if len(given[name]) > _MAX_NAME:
                    raise ContactError("name_too_long")
            elif name not in _ADDRESSES:
                raise ContactError("unknown_field")
            elif not typed.strip():
                given[name] = ""
            elif name == "email":
                addresses = parse_emails(typed)
                if len(addresses) > 1:
                    raise ContactError("email_too_many")
                given[name] = addresses[0]
            else:
                given[name] = parse_phone(typed)
    except InvalidValueError as error:
        raise ContactError(error.code) from error
    return given

"""Transaction members that change an invoice after its creation, with its virtual account and its payment.

Each states what it relies on: the status, the VA number and the ``revision`` that were read. So whatever happened in
between (a payment, an archive, another clerk) makes the whole change fail instead of being overwritten.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from invoicing.invoices import InvoiceStatus, find_payer_key, normalise_number
from invoicing.postings import PaymentKind
from invoicing.settings import get_settings
from invoicing.store import dynamodb
from invoicing.store.invoices import CURRENT, account_key, build_status_key, compute_shard
from invoicing.store.payments import build_outside_posting_write, build_reversed_write
from invoicing.virtual_accounts import VirtualAccountState

MAX_CHANGES = 50
"""What people did to an invoice is kept on it for its timeline, the latest; the audit has everything."""
_KEYS = ("pk", "sk", "by_status_pk", "by_status_sk", "by_payer_pk", "by_payer_sk")

Write = dict[str, Any]
Change = Mapping[str, Any]
"""One entry of a timeline: ``at``, ``by``, ``action``, and what the action wants: ``before``, ``after``, ``reason``."""


def build_archive_writes(invoice: Mapping[str, Any], change: Change, *, inquired_before: str | None) -> list[Write]:
    """An open invoice goes to ``archived#{va}`` and its account closes.

    ``inquired_before``: not if a bank has asked for the account at this instant or later.
    """
    return [
        *_move_to_archive(invoice, change, {"archive_reason": change.get("reason")}),
        {
            "Put": {
                "TableName": get_settings().invoices_table,
                "Item": dynamodb.to_item(
                    {
                        "pk": invoice["pk"],
                        "sk": CURRENT,
                        "biller_id": invoice["biller_id"],
                        "number": invoice["number"],
                        "status": InvoiceStatus.ARCHIVED,
                        "va_number": "",
                        "last_va": invoice["va_number"],
                    }
                ),
                **_as_read(invoice),
            }
        },
        _close_account(invoice, VirtualAccountState.OPEN, "archived", change["at"], inquired_before=inquired_before),
    ]


def build_due_date_writes(
    invoice: Mapping[str, Any], change: Change, *, due_date: str, valid_until: str | None
) -> list[Write]:
    """Another due date and end of validity; both index keys move along."""
    number = normalise_number(invoice["number"])
    members = {
        "due_date": due_date,
        "valid_until": valid_until,
        "by_status_sk": f"{due_date}#{number}",
        "by_payer_sk": f"{due_date}#{number}" if find_payer_key(invoice) else None,
        "changes": _add_change(invoice, change),
    }
    if due_date != invoice["due_date"]:
        members |= {"extensions": invoice.get("extensions", 0) + 1, "extended_at": change["at"]}
    writes = [_update_as_read(invoice, members)]
    if valid_until is not None:
        writes.append(_update_account(invoice, VirtualAccountState.OPEN, {"valid_until": valid_until}))
    return writes


def build_recipients_writes(invoice: Mapping[str, Any], change: Change, recipients: Sequence[Any]) -> list[Write]:
    members = {
        "recipients": list(recipients),
        "corrections": invoice.get("corrections", 0) + 1,
        "changes": _add_change(invoice, change),
    }
    return [_update_as_read(invoice, members)]


def build_erasure_writes(invoice: Mapping[str, Any], change: Change, recipients: Sequence[Any]) -> list[Write]:
    """A paid or archived invoice without the contacts of who asked for it, nor what its timeline shows of them."""
    seen = [
        {**entry, "before": {}, "after": {}} if entry["action"] == "correct_recipient" else entry
        for entry in _add_change(invoice, change)
    ]
    members = {"recipients": list(recipients), "contacts_erased_at": change["at"], "changes": seen}
    if invoice["status"] != InvoiceStatus.ARCHIVED:
        return [_update_as_read(invoice, members)]
    return [
        _build_update(
            get_settings().invoices_table,
            {"pk": {"S": invoice["pk"]}, "sk": {"S": invoice["sk"]}},
            members,
            condition="#status = :archived AND recipients = :seen",
            values={":archived": InvoiceStatus.ARCHIVED, ":seen": invoice["recipients"]},
            names={"#status": "status"},
        )
    ]


def build_note_writes(
    invoice: Mapping[str, Any], change: Change, name: str, value: Mapping[str, Any] | None
) -> list[Write]:
    """What waits for a second person (``outside_payment``, ``reversal``): noted on the invoice, or removed."""
    members = {name: value, "changes": _add_change(invoice, change)}
    return [_update_as_read(invoice, members, removes=() if value is not None else (name,))]


def build_outside_payment_writes(
    invoice: Mapping[str, Any], change: Change, *, payment: Mapping[str, Any], giro_account: str
) -> list[Write]:
    """Money that came outside the VA: the posting, the invoice paid, the account closed.

    ``payment`` is the invoice's own record of it; its ``payment_id`` is the posting's key, so a VA has one at most.
    """
    number, due_date = normalise_number(invoice["number"]), invoice["due_date"]
    at = change["at"]
    members = {
        "status": InvoiceStatus.PAID,
        "paid_at": at,
        "paid_amount": invoice["amount"],
        "paid_via": PaymentKind.OUTSIDE,
        "payment": payment,
        "by_status_pk": build_status_key(invoice["biller_id"], InvoiceStatus.PAID, compute_shard(number)),
        "by_status_sk": f"{due_date}#{number}",
        "changes": _add_change(invoice, change),
    }
    return [
        build_outside_posting_write(invoice, payment, giro_account=giro_account, accepted_at=at),
        _update_as_read(invoice, members, removes=("outside_payment",)),
        _close_account(invoice, VirtualAccountState.OPEN, "paid_outside", at),
    ]


def build_reversal_writes(
    invoice: Mapping[str, Any], change: Change, new_writes: list[Write], *, people: Mapping[str, str]
) -> list[Write]:
    """A paid invoice whose money went back: it is archived, and a new open one takes its number.

    ``new_writes`` are those of ``build_invoice_writes`` for the new one; ``people`` says who proposed and approved.
    """
    put_current, put_account = new_writes
    item = put_current["Put"]["Item"]
    new_va = item["va_number"]["S"]
    moved = {"archive_reason": "payment_reversed", "replaced_by": new_va}
    carried = {name: invoice[name] for name in ("reminders_paused",) if name in invoice}
    via = invoice["paid_via"]
    return [
        *_move_to_archive(invoice, change, moved, removes=("reversal",)),
        {
            "Put": {
                "TableName": get_settings().invoices_table,
                "Item": item | dynamodb.to_item({"replaces": invoice["va_number"], "changes": [change], **carried}),
                **_as_read(invoice),
            }
        },
        put_account,
        _close_account(
            invoice,
            VirtualAccountState.PAID if via == PaymentKind.VA else VirtualAccountState.CLOSED,
            "payment_reversed",
            change["at"],
        ),
        build_reversed_write(
            invoice["payment"]["payment_id"],
            invoice["biller_id"],
            at=change["at"],
            reversal={**people, "reason": change["reason"]},
        ),
    ]


def _move_to_archive(
    invoice: Mapping[str, Any], change: Change, members: Mapping[str, Any], *, removes: Sequence[str] = ()
) -> list[Write]:
    number, due_date = normalise_number(invoice["number"]), invoice["due_date"]
    # With the VA number, since a number may be archived more than once: no two entries of a list are at one position.
    position = f"{due_date}#{number}#{invoice['va_number']}"
    payer = {"by_payer_pk": invoice["by_payer_pk"], "by_payer_sk": position} if "by_payer_pk" in invoice else {}
    kept = {name: value for name, value in invoice.items() if name not in (*_KEYS, *removes)}
    archived = {
        **kept,
        "pk": invoice["pk"],
        "sk": f"archived#{invoice['va_number']}",
        "status": InvoiceStatus.ARCHIVED,
        "archived_at": change["at"],
        "archived_by": change["by"],
        "changes": _add_change(invoice, change),
        "by_status_pk": build_status_key(invoice["biller_id"], InvoiceStatus.ARCHIVED, compute_shard(number)),
        "by_status_sk": position,
        **payer,
        **members,
    }
    return [dynamodb.build_put(get_settings().invoices_table, dynamodb.to_item(archived))]


def _add_change(invoice: Mapping[str, Any], change: Change) -> list[Any]:
    return [*invoice.get("changes", []), change][-MAX_CHANGES:]


def _as_read(invoice: Mapping[str, Any]) -> Write:
    """The condition that the current invoice is still the one, and as, that was read."""
    values = {":status": invoice["status"], ":va": invoice["va_number"], ":biller": invoice["biller_id"]}
    condition = "#status = :status AND va_number = :va AND biller_id = :biller AND "
    if "revision" in invoice:
        values[":revision"] = invoice["revision"]
        condition += "revision = :revision"
    else:
        condition += "attribute_not_exists(revision)"
    return {
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": dynamodb.to_item(values),
    }


def _update_as_read(invoice: Mapping[str, Any], members: Mapping[str, Any], removes: Sequence[str] = ()) -> Write:
    members = {**members, "revision": invoice.get("revision", 0) + 1}
    as_read = _as_read(invoice)
    update = _build_update(
        get_settings().invoices_table,
        {"pk": {"S": invoice["pk"]}, "sk": {"S": CURRENT}},
        members,
        condition=as_read["ConditionExpression"],
        values={},
        names=as_read["ExpressionAttributeNames"],
        removes=removes,
    )
    update["Update"]["ExpressionAttributeValues"] |= as_read["ExpressionAttributeValues"]
    return update


def _close_account(
    invoice: Mapping[str, Any],
    expected: VirtualAccountState,
    reason: str,
    at: str,
    *,
    inquired_before: str | None = None,
) -> Write:
    members = {"state": VirtualAccountState.CLOSED, "closed_at": at, "closed_reason": reason}
    return _update_account(invoice, expected, members, inquired_before=inquired_before)


def _update_account(
    invoice: Mapping[str, Any],
    expected: VirtualAccountState,
    members: Mapping[str, Any],
    *,
    inquired_before: str | None = None,
) -> Write:
    condition = "#state = :expected AND biller_id = :owner"
    values: dict[str, Any] = {":expected": expected, ":owner": invoice["biller_id"]}
    if inquired_before is not None:
        condition += " AND (attribute_not_exists(inquired_at) OR inquired_at < :inquired)"
        values[":inquired"] = inquired_before
    key = account_key(invoice["bank_code"], invoice["va_number"])
    table = get_settings().virtual_accounts_table
    return _build_update(table, key, members, condition=condition, values=values, names={"#state": "state"})


def _build_update(
    table: str,
    key: Any,
    members: Mapping[str, Any],
    *,
    condition: str,
    values: Mapping[str, Any],
    names: Mapping[str, str],
    removes: Sequence[str] = (),
) -> Write:
    present = {name: value for name, value in members.items() if value is not None}
    expression = "SET " + ", ".join(f"#{name} = :set_{name}" for name in present)
    if removes:
        expression += " REMOVE " + ", ".join(f"#{name}" for name in removes)
    return {
        "Update": {
            "TableName": table,
            "Key": key,
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {f"#{name}": name for name in (*present, *removes)} | dict(names),
            "ExpressionAttributeValues": dynamodb.to_item(
                {**values, **{f":set_{name}": value for name, value in present.items()}}
            ),
        }
    }

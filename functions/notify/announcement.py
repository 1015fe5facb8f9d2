"""What programs are told of an invoice, by event and by webhook: ids, amounts and times, no names and no contacts.

It is made of facts that later changes of the invoice leave alone, so a call repeated after days says the same. The
form is described in ``docs/announcements.md``; members may be added to it, never taken away.
"""

from collections.abc import Mapping
from typing import Any

from invoicing.billers import Biller
from invoicing.notices import Notice, NoticeKind, NoticeRef

VERSION = 1
_PAYMENT = ("payment_id", "channel", "bank_reference", "transaction_at", "method")


def build_announcement(notice: Notice, biller: Biller, invoice: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of the notice's kind about its invoice, as it is stored."""
    return {
        "version": VERSION,
        "id": find_message_id(notice),
        "kind": notice.kind,
        "occurred_at": find_time(notice, invoice),
        "biller_id": biller.biller_id,
        "product": biller.module,
        "invoice": _drop_missing(
            {
                "number": invoice["number"],
                "bank_code": notice.ref.bank_code,
                "va_number": notice.ref.va_number,
                "upload_id": notice.upload_id,
                "amount": invoice["amount"],
                "currency": "IDR",
                "due_date": invoice["due_date"],
                "valid_until": invoice.get("valid_until"),
                "replaces": invoice.get("replaces"),
                "replaces_reason": _find_reason(invoice),
            }
        ),
    } | _describe_cause(notice.kind, invoice)


def find_message_id(notice: Notice) -> str:
    """The same over every repetition, also one that a person asked for: receivers know repeats by it."""
    return NoticeRef(notice.ref.bank_code, notice.ref.va_number, notice.resend_of or notice.ref.notice_id).to_text()


def find_time(notice: Notice, invoice: Mapping[str, Any]) -> str:
    """When it happened, UTC."""
    name = {NoticeKind.PAID: "paid_at", NoticeKind.ARCHIVED: "archived_at"}.get(notice.kind, "created_at")
    return str(invoice.get(name, notice.created_at))


def _find_reason(invoice: Mapping[str, Any]) -> str | None:
    """Only of a reversal, which begins the new bill's changes; any other reason is a person's own words."""
    first: Mapping[str, Any] = next(iter(invoice.get("changes", [])), {})
    return "payment_reversed" if first.get("action") == "reverse_payment" else None


def _describe_cause(kind: NoticeKind, invoice: Mapping[str, Any]) -> dict[str, Any]:
    match kind:
        case NoticeKind.PAID:
            payment = invoice.get("payment", {})
            facts = {
                "amount": invoice.get("paid_amount"),
                "paid_at": invoice.get("paid_at"),
                "via": invoice.get("paid_via"),
            }
            return {"payment": _drop_missing(facts | {name: payment.get(name) for name in _PAYMENT})}
        case NoticeKind.ARCHIVED:
            facts = {
                "archived_at": invoice.get("archived_at"),
                "reason": invoice.get("archive_reason"),
                "replaced_by": invoice.get("replaced_by"),
            }
            return {"archive": _drop_missing(facts)}
        case _:
            return {}


def _drop_missing(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}

"""What a payer sees and does by the link of a notice: the bill, whether it is paid, and "this is not my bill".

The link is the only credential. It opens one bill for one recipient, and says nothing of any other payer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from invoicing import clock
from invoicing.billers import Biller
from invoicing.errors import PayerLinkError
from invoicing.invoices import InvoiceStatus, Recipient, has_expired
from invoicing.notices import Channel, SuppressionReason, mask_address, normalise_address
from invoicing.payer_links import PayerToken, build_payer_token, find_link_address, has_link_expired, read_payer_token
from invoicing.store import invoices, suppressions
from invoicing.store.billers import load_biller

MAX_FAMILY_BILLS = 20
_LOOKS = 3
"""An invoice is in two places in turn: a look at both while it is archived may miss it."""
_CHANNELS: Mapping[Channel, str] = {Channel.EMAIL: "email", Channel.WHATSAPP: "whatsapp", Channel.SMS: "sms"}


class BillState(StrEnum):
    """A bill as its payer sees it."""

    OPEN = "open"
    OVERDUE = "overdue"
    """Past its due date, and still to be paid."""
    EXPIRED = "expired"
    PAID = "paid"
    ARCHIVED = "archived"
    """Withdrawn by the biller; ``replaced_by`` of the invoice names what took its place, if anything did."""


@dataclass(frozen=True, slots=True)
class PayerBill:
    biller: Biller
    invoice: Mapping[str, Any]
    recipient: Recipient
    address: str
    """The recipient's address that the link was made for."""
    state: BillState


@dataclass(frozen=True, slots=True)
class FamilyBill:
    """Another open bill of the same family at the same biller."""

    invoice: Mapping[str, Any]
    token: str | None
    """Where this recipient is one of that bill's too."""


def open_bill(token: str) -> PayerBill:
    """The bill of a link, as it is now.

    Raises PayerLinkError for what is no link, a link that is too old, one whose contact was corrected since, and one
    whose reader said that the bill is not theirs.
    """
    given, invoice = _find_invoice(token)
    found = find_link_address(invoice, given)
    if found is None or has_link_expired(invoice, clock.now()):
        raise PayerLinkError
    recipient, address = found
    if _is_dismissed(invoice["biller_id"], recipient, address):
        raise PayerLinkError
    return PayerBill(load_biller(invoice["biller_id"]), invoice, recipient, address, find_state(invoice))


def find_state(invoice: Mapping[str, Any]) -> BillState:
    match InvoiceStatus(invoice["status"]):
        case InvoiceStatus.PAID:
            return BillState.PAID
        case InvoiceStatus.ARCHIVED:
            return BillState.ARCHIVED
        case InvoiceStatus.OPEN:
            if has_expired(invoice, clock.to_text(clock.now())):
                return BillState.EXPIRED
            is_late = date.fromisoformat(invoice["due_date"]) < clock.today_in_jakarta()
            return BillState.OVERDUE if is_late else BillState.OPEN


def list_family_bills(bill: PayerBill) -> list[FamilyBill]:
    """Other open bills of the same family code at this biller, by due date: never found by a shared contact."""
    family = bill.invoice.get("family_code")
    if family is None:
        return []
    others = [
        invoice
        for invoice in invoices.list_open_payer_invoices(bill.invoice["biller_id"], f"family:{family}")
        if invoice["va_number"] != bill.invoice["va_number"] and find_state(invoice) is not BillState.EXPIRED
    ]
    return [FamilyBill(invoice, _build_token(invoice, bill.address)) for invoice in others[:MAX_FAMILY_BILLS]]


def dismiss_bill(token: str) -> None:
    """ "This is not my bill": the biller writes no more to this address, and sees why. Safe to repeat.

    Raises PayerLinkError as ``open_bill`` does, but not for a bill that was dismissed already.
    """
    given, invoice = _find_invoice(token)
    found = find_link_address(invoice, given)
    if found is None:
        raise PayerLinkError
    recipient, address = found
    now = clock.to_text(clock.now())
    for channel in _list_channels(recipient, address):
        suppressions.save_dismissal(
            suppressions.Suppression(
                biller_id=invoice["biller_id"],
                suppression_id=suppressions.build_suppression_id(invoice["biller_id"], channel, address),
                channel=channel,
                reason=SuppressionReason.NOT_MINE,
                since=now,
                address=mask_address(address),
                notice=f"{invoice['bank_code']}_{invoice['va_number']}",
            ),
            invoice["va_number"],
        )


def _find_invoice(token: str) -> tuple[PayerToken, Mapping[str, Any]]:
    given = read_payer_token(token)
    if given is None:
        raise PayerLinkError
    account = invoices.load_virtual_accounts(given.bank_code, [given.va_number]).get(given.va_number)
    if account is None:
        raise PayerLinkError
    for _ in range(_LOOKS):
        invoice = invoices.load_invoice_of_account(account["biller_id"], account["bills"][0]["number"], given.va_number)
        if invoice is not None:
            return given, invoice
    raise PayerLinkError


def _is_dismissed(biller_id: str, recipient: Recipient, address: str) -> bool:
    return any(
        suppressions.find_active_reason(biller_id, channel, address) == SuppressionReason.NOT_MINE
        for channel in _list_channels(recipient, address)
    )


def _list_channels(recipient: Recipient, address: str) -> Iterator[Channel]:
    """The channels on which the recipient has this very address: a telephone number serves two."""
    for channel, member in _CHANNELS.items():
        given = recipient.get(member)
        if isinstance(given, str) and normalise_address(given) == normalise_address(address):
            yield channel


def _build_token(invoice: Mapping[str, Any], address: str) -> str | None:
    for recipient in invoice["recipients"]:
        if any(recipient.get(member) == address for member in _CHANNELS.values()):
            return build_payer_token(invoice["bank_code"], invoice["va_number"], address)
    return None

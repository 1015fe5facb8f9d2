"""A biller's invoices as they stood at one instant, read while the product goes on working.

An invoice moves (open, paid, archived) while the indexes are walked. Two rules make the answer exact all the same: the
walk goes the way the invoices go, open before paid before archived, so that none is missed and of two sightings the
later counts; and each is shown as it stood at the instant asked for, by its own times. So two reports of one instant
agree to the rupiah, however far apart they are made.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple

import orjson

from invoicing.invoices import InvoiceStatus
from invoicing.store import invoices

REVERSED = "payment_reversed"
"""``archive_reason`` of an invoice whose payment the bank took back."""


class InvoiceLine(NamedTuple):
    """What reports and summaries need of an invoice; '' and 0 stand for what it has not."""

    status: str
    """An InvoiceStatus, as at the snapshot's instant."""
    number: str
    va_number: str
    payer_name: str
    payer_code: str
    amount: int
    due_date: str
    created_at: str
    upload_id: str
    class_name: str
    fee_type: str
    period: str
    description: str
    paid_at: str
    paid_amount: int
    paid_via: str
    """``va`` or ``outside``."""
    bank_reference: str
    archived_at: str
    archive_reason: str
    replaces: str


MEMBERS = (
    *("number", "va_number", "payer_name", "payer_code", "amount", "due_date", "created_at", "upload_id"),
    *("student.class_name", "fee_type", "period", "description"),
    *("paid_at", "paid_amount", "paid_via", "payment.bank_reference", "archived_at", "archive_reason", "replaces"),
)


@dataclass(frozen=True, slots=True)
class InvoiceFilter:
    """Which invoices; empty members let everything through."""

    due_from: date | None = None
    due_to: date | None = None
    upload_id: str = ""
    class_name: str = ""
    fee_type: str = ""

    def takes(self, line: InvoiceLine) -> bool:
        """Whether it passes all but the range of due dates, which the index has seen to."""
        return (
            (not self.upload_id or line.upload_id == self.upload_id)
            and (not self.class_name or line.class_name == self.class_name)
            and (not self.fee_type or line.fee_type == self.fee_type)
        )


class Snapshot:
    """The invoices of one walk, kept in a temporary file: they can be gone through more than once, in little memory."""

    def __init__(self, spool: IO[bytes]) -> None:
        self._spool = spool
        self._superseded: set[int] = set()
        self._seen: dict[str, int] = {}
        self._count = 0

    def add(self, line: InvoiceLine) -> None:
        """A later sighting of the same account takes the place of an earlier one."""
        earlier = self._seen.get(line.va_number)
        if earlier is not None:
            self._superseded.add(earlier)
        self._seen[line.va_number] = self._count
        self._spool.write(orjson.dumps(list(line)) + b"\n")
        self._count += 1

    def __iter__(self) -> Iterator[InvoiceLine]:
        """By status (open, paid, archived as they were found), then due date and number."""
        self._spool.seek(0)
        for place, line in enumerate(self._spool):
            if place not in self._superseded:
                yield InvoiceLine._make(orjson.loads(line))

    def __len__(self) -> int:
        return self._count - len(self._superseded)


@contextmanager
def take_snapshot(biller_id: str, instant: str, chosen: InvoiceFilter | None = None) -> Iterator[Snapshot]:
    """The biller's invoices as at ``instant`` (a text of ``clock.to_text``), for the length of the block.

    The instant should lie some seconds back: an index shows a write moments after it was made.
    """
    with TemporaryFile(buffering=1 << 20) as spool:
        snapshot = Snapshot(spool)
        for line in walk_invoices(biller_id, instant, chosen):
            snapshot.add(line)
        yield snapshot


def walk_invoices(biller_id: str, instant: str, chosen: InvoiceFilter | None = None) -> Iterator[InvoiceLine]:
    """Every sighting; an invoice that moves meanwhile is seen twice, the later sighting being right."""
    chosen = chosen or InvoiceFilter()
    for status in (InvoiceStatus.OPEN, InvoiceStatus.PAID, InvoiceStatus.ARCHIVED):
        for item in invoices.walk_status(biller_id, status, chosen.due_from, chosen.due_to, MEMBERS):
            line = read_line(item, instant)
            if line and chosen.takes(line):
                yield line


def read_line(item: Mapping[str, Any], instant: str) -> InvoiceLine | None:
    """The invoice in a raw item as at ``instant``; None when there was none yet."""
    get = item.get
    created_at = item["created_at"]["S"]
    if created_at > instant:
        return None
    status: str = InvoiceStatus.OPEN
    paid_at, archived_at = _text(get("paid_at")), _text(get("archived_at"))
    paid_amount, paid_via, reference, reason = 0, "", "", ""
    if paid_at and paid_at <= instant:
        status = InvoiceStatus.PAID
        paid_amount, paid_via = int(item["paid_amount"]["N"]), _text(get("paid_via"))
        reference = _text(_member(get("payment"), "bank_reference"))
    else:
        paid_at = ""
    if archived_at and archived_at <= instant:
        status, reason = InvoiceStatus.ARCHIVED, _text(get("archive_reason"))
        # What is archived holds no money: a paid bill gets there only when the bank takes the payment back.
        paid_at, paid_amount, paid_via, reference = "", 0, "", ""
    else:
        archived_at = ""
    return InvoiceLine(
        status,
        item["number"]["S"],
        item["va_number"]["S"],
        _text(get("payer_name")),
        _text(get("payer_code")),
        int(item["amount"]["N"]),
        item["due_date"]["S"],
        created_at,
        _text(get("upload_id")),
        _text(_member(get("student"), "class_name")),
        _text(get("fee_type")),
        _text(get("period")),
        _text(get("description")),
        paid_at,
        paid_amount,
        paid_via,
        reference,
        archived_at,
        reason,
        _text(get("replaces")),
    )


def _text(attribute: Any) -> str:
    return attribute.get("S", "") if attribute else ""


def _member(attribute: Any, name: str) -> Any:
    return attribute.get("M", {}).get(name) if attribute else None

"""Payments as facts: what the bank tells, who vouches for it, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from invoicing.billers import Biller
from invoicing.verdicts import Verdict


class PaymentChannel(StrEnum):
    """Where the payer paid."""

    TELLER = "teller"
    ATM = "atm"
    MOBILE = "mobile"
    INTERNET_BANKING = "internet_banking"
    OTHER_BANK = "other_bank"
    UNKNOWN = "unknown"
    """The bank did not say, or by a code that its client's data do not name."""


class PaymentKind(StrEnum):
    VA = "va"
    OUTSIDE = "outside"


class PostingState(StrEnum):
    POSTED = "posted"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class BankPayment:
    """What the bank tells of one payment to one virtual account."""

    bank_code: str
    payment_request_id: str
    """The bank's id of the payment, unique for ever."""
    va_number: str
    amount: int | None
    """Whole rupiah; None: what was told is no whole number of rupiah, see ``stated_amount``."""
    channel: PaymentChannel
    stated_amount: str | None = None
    """Amount and currency as told, only where they are no whole rupiah: ``10000.50 IDR``."""
    bank_reference: str | None = None
    source_bank: str | None = None
    transaction_at: str | None = None
    """When the payer paid, UTC, as far as the bank told it readably."""

    @property
    def payment_id(self) -> str:
        return f"{self.bank_code}#{self.payment_request_id}"

    def pays_the_same_as(self, record: Mapping[str, Any]) -> bool:
        """Whether a posting, or a request answered before, is of the same account and amount."""
        return (self.va_number, self.amount, self.stated_amount) == (
            record["va_number"],
            record.get("amount"),
            record.get("stated_amount"),
        )


@dataclass(frozen=True, slots=True)
class Approval:
    """The two people by whom a payment is posted that the bank settled but never told us of."""

    recorded_by: str
    approved_by: str
    reason: str


class OutcomeKind(StrEnum):
    POSTED = "posted"
    REPLAYED = "replayed"
    """The same payment told again by another call: nothing new was posted."""
    REPEATED = "repeated"
    """The same call again; ``verdict`` is what the first was answered."""
    INCONSISTENT = "inconsistent"
    """An id again, with another account or amount; ``verdict`` is what the first was answered."""
    ID_REUSED = "id_reused"
    """The call's id was used today for another payment."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    kind: OutcomeKind
    verdict: Verdict
    invoice: Mapping[str, Any] = field(default_factory=dict)
    """As read before the payment; empty where it was not needed."""
    biller: Biller | None = None
    amount_due: int | None = None
    is_call_kept: bool = False
    """The transaction kept the bank's call, too."""

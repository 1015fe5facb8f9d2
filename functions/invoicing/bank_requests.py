"""Calls of a bank and the ids that it gives them: each id counts once per client, service and day of Jakarta."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class BankService(StrEnum):
    INQUIRY = "inquiry"
    PAYMENT = "payment"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class BankRequest:
    client_id: str
    service: BankService
    external_id: str
    """The bank's own id of the call, unique within a day."""
    day: date
    """Day of Jakarta on which it came."""
    call_id: str
    """Our id of the call, under which it is kept as it came."""

"""Recipients for which the stand-in misbehaves on purpose, as SES's mailbox simulator does for some addresses.

An e-mail address is magic by its local part, up to a ``+``: ``bounce@example.com``, ``bounce+2@example.org``. A phone
number is by its last seven digits: ``99990`` and the fault's two digits, so ``+62812009999001`` bounces.
"""

import re
from enum import StrEnum

_PHONE_BLOCK = "99990"


class Fault(StrEnum):
    """In the order of their two digits: 01, 02, ..."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    DELAY = "delay"
    THROTTLE_ONCE = "throttle-once"
    THROTTLE = "throttle"
    REFUSE = "refuse"
    TIMEOUT_BEFORE = "timeout-before"
    TIMEOUT_AFTER = "timeout-after"
    TIMEOUT_SILENT = "timeout-silent"
    ERROR_ONCE = "error-once"
    MALFORMED = "malformed"
    NO_RECEIPT = "no-receipt"
    RECEIPT_TWICE = "receipt-twice"
    RECEIPTS_REVERSED = "receipts-reversed"
    RECEIPT_EARLY = "receipt-early"

    @property
    def digits(self) -> str:
        """The end of a phone number with this fault."""
        return f"{_PHONE_BLOCK}{list(Fault).index(self) + 1:02d}"


MEANINGS = {
    Fault.BOUNCE: "accepted; reported as bounced for good (SMS: no such number; WhatsApp: not on WhatsApp)",
    Fault.COMPLAINT: "accepted; reported as unwanted (SMS and WhatsApp: the person opted out)",
    Fault.DELAY: "accepted; delivered six seconds later",
    Fault.THROTTLE_ONCE: "the first request is throttled, later ones are accepted",
    Fault.THROTTLE: "every request is throttled",
    Fault.REFUSE: "refused for good",
    Fault.TIMEOUT_BEFORE: "the first request gets no answer and is not accepted, later ones are",
    Fault.TIMEOUT_AFTER: "accepted, but the first request gets no answer; delivery is reported",
    Fault.TIMEOUT_SILENT: "accepted, but the first request gets no answer; nothing is ever reported",
    Fault.ERROR_ONCE: "the first request ends in a server error and is not accepted, later ones are",
    Fault.MALFORMED: "accepted, but every answer is unreadable; delivery is reported",
    Fault.NO_RECEIPT: "accepted; nothing is ever reported",
    Fault.RECEIPT_TWICE: "accepted; every event comes twice",
    Fault.RECEIPTS_REVERSED: "accepted; events come in the opposite order",
    Fault.RECEIPT_EARLY: "accepted; the events come before the answer",
}


def find_fault(recipient: str) -> Fault | None:
    """The fault that an e-mail address or a phone number asks for."""
    if "@" in recipient:
        name = recipient.partition("@")[0].partition("+")[0].casefold()
        return next((fault for fault in Fault if fault == name), None)
    match = re.search(rf"{_PHONE_BLOCK}([0-9]{{2}})$", recipient)
    faults = list(Fault)
    return faults[int(match[1]) - 1] if match and 1 <= int(match[1]) <= len(faults) else None

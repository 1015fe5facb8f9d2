"""A day's payments told to the product once more, from the kept calls: after a restore, or to see what would differ.

Harmless where nothing was lost: a payment that is posted is answered as it was and moves no money. Only what the bank
heard was accepted is told again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from invoicing import clock
from invoicing.errors import BankCallNotFoundError, BankClientNotFoundError
from invoicing.store import bank_calls, bank_clients
from invoicing.store.audit import BANK, add_audit_entry
from invoicing.store.bank_calls import BankCall
from va_callback.calls import Answer, Service, VerifiedCall
from va_callback.strict_json import NotStrictJsonError, parse_object

MARGIN = timedelta(seconds=10)
"""A payment is begun only while so much time is left."""


@dataclass(frozen=True, slots=True)
class Replay:
    payments: list[dict[str, Any]]
    """Of each: call id, what it was about, the code of then and, where it was applied, of now."""
    after: str
    """The last call looked at, from which the next invocation goes on; empty when the day is done."""


def replay_day(
    day: date,
    *,
    after: str,
    answer: Callable[[VerifiedCall], Answer] | None,
    user_id: str,
    reason: str,
    time_left: Callable[[], timedelta],
) -> Replay:
    """The signed payments of this day in Jakarta, oldest first.

    Args:
        answer: the services of the webhook; None only lists what there is.
    """
    if answer:
        add_audit_entry(
            BANK,
            user_id=user_id,
            action="replay_bank_payments",
            subject=day.isoformat(),
            at=clock.to_text(clock.now()),
            reason=reason,
        )
    payments: list[dict[str, Any]] = []
    for call_id in bank_calls.list_calls_of_day(day):
        if call_id <= after:
            continue
        if time_left() < MARGIN:
            return Replay(payments, after)
        after = call_id
        verified, kept = _read_payment(call_id)
        if kept is None or verified is None:
            continue
        told = {"call_id": call_id, "va_number": kept.va_number, "request_id": kept.request_id}
        told["code_then"] = _read_code(kept)
        # Whatever else the bank heard, it gave the money back to its payer: to post it now would invent money.
        if answer and _was_accepted(kept):
            now = answer(verified)
            told["code_now"] = f"{now.http_status}{verified.service}{now.case}"
        payments.append(told)
    return Replay(payments, "")


def _read_payment(call_id: str) -> tuple[VerifiedCall | None, BankCall | None]:
    """The call as its service saw it; None for any other than a signed payment of a client that we still know."""
    try:
        kept = bank_calls.load_call(call_id)
        if not (kept.is_signed and kept.service == Service.PAYMENT):
            return None, None
        client = bank_clients.load_client(kept.client_id)
        raw = kept.body.encode("utf-8" if kept.is_text else "latin-1")
        body = parse_object(raw)
    except (BankCallNotFoundError, BankClientNotFoundError, NotStrictJsonError):
        return None, None
    verified = VerifiedCall(
        service=Service.PAYMENT,
        client=client,
        # The bank's own ids are unique in one day: today it may use the same for another payment.
        external_id=f"replay-{call_id}",
        channel_id=kept.headers.get("channel-id", ""),
        timestamp=kept.headers.get("x-timestamp", ""),
        body=body,
        raw_body=raw,
        call_id=call_id,
    )
    return verified, kept


def _read_code(kept: BankCall) -> str:
    return str(parse_object(kept.answer.encode()).get("responseCode", ""))


def _was_accepted(kept: BankCall) -> bool:
    data = parse_object(kept.answer.encode()).get("virtualAccountData")
    return _read_code(kept) == "2002500" and isinstance(data, dict) and data.get("paymentFlagStatus") == "00"

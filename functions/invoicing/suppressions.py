"""Addresses that a biller's notices no longer go to: put there by providers' events, seen and lifted by the biller."""

from typing import Any

from invoicing import clock
from invoicing.notices import Notice, SuppressionReason, mask_address
from invoicing.store import suppressions as store
from invoicing.store.suppressions import Suppression

PAGE_SIZE = 100


def suppress_address(notice: Notice, reason: SuppressionReason, since: str) -> bool:
    """Suppress the address of this notice for its biller and channel; False when there was nothing to change.

    ``since`` is the time of the event: one from before the biller lifted the suppression does not bring it back. An
    address that was erased meanwhile is none any more.
    """
    if not notice.recipient:
        return False
    return store.save_suppression(
        Suppression(
            biller_id=notice.biller_id,
            suppression_id=store.build_suppression_id(notice.biller_id, notice.channel, notice.recipient),
            channel=notice.channel,
            reason=reason,
            since=since,
            address=mask_address(notice.recipient),
            notice=notice.ref.to_text(),
        )
    )


def list_suppressions(biller_id: str, cursor: str | None = None) -> tuple[list[Suppression], str | None]:
    """A page of the biller's suppressions, lifted ones too, and the cursor of the next page if there is one."""
    return store.list_suppressions(biller_id, cursor, PAGE_SIZE)


def lift_suppression(biller_id: str, suppression_id: str, lifted_by: str) -> Suppression:
    """Let notices go to the address again, from the next one on; who lifted it when is kept with it.

    Lifting twice changes nothing. Raises SuppressionNotFoundError, for another biller's suppression too.
    """
    suppression = store.load_suppression(biller_id, suppression_id)
    if suppression.lifted_at is None:
        # Lost to another lift, or to a new bounce: what is there then is the answer in both cases.
        store.lift_suppression(suppression, lifted_by, clock.now())
    return store.load_suppression(biller_id, suppression_id)


def show_suppression(suppression: Suppression) -> dict[str, Any]:
    """As billers see it."""
    shown = {
        "suppression_id": suppression.suppression_id,
        "channel": suppression.channel,
        "address": suppression.address,
        "reason": suppression.reason,
        "since": suppression.since,
        "notice": suppression.notice,
        "lifted_at": suppression.lifted_at,
        "lifted_by": suppression.lifted_by,
        "lifts": list(suppression.lifts) or None,
    }
    return {name: value for name, value in shown.items() if value is not None}

"""A notice that failed, or stayed undelivered too long, is followed by a new one on its recipient's next channel.

Whoever ends a notice stores with it when it is to move on (``notices.find_fallback_time``); the sweeper sees to it, and
whoever ended it tries at once. The transaction that names the followers in the notice decides who acts.
"""

from typing import Any

from invoicing import clock
from invoicing.notice_facts import load_told_invoice
from invoicing.notices import Notice, NoticeRef, find_fallback_time, find_obstacle, plan_fallbacks
from invoicing.store import notices


def move_on(ref: NoticeRef) -> bool:
    """Write the notices that take this one's place if it is to move on by now; whether it was."""
    for item in notices.load_notice_items([ref]):
        notice = notices.read_notice(item)
        if notice.due_at is not None and notice.due_at <= clock.to_text(clock.now()):
            return move_notice_on(notice)
    return False


def move_notice_on(notice: Notice) -> bool:
    """The same for a notice just read whose time has come; whether anything was written.

    Never where the bill needs no more notice (paid, archived, expired): the ladder then ends.
    """
    now = clock.now()
    if find_fallback_time(notice, notice.state, now) is None:
        return False
    invoice = load_told_invoice(notice)
    obstacle = find_obstacle(notice, invoice, clock.to_text(now))
    if invoice is None or obstacle:
        notices.end_ladder(notice, obstacle or "invoice_archived")
        return False
    planned = plan_fallbacks(notice, invoice)
    if not planned:
        notices.end_ladder(notice, "no_further_channel")
        return False
    facts: dict[str, Any] = {
        "bank_code": notice.ref.bank_code,
        "va_number": notice.ref.va_number,
        "biller_id": notice.biller_id,
        "number": notice.number,
        "upload_id": notice.upload_id,
        "created_at": clock.to_text(now),
        "in_hours": notice.in_hours,
    }
    children = [notices.notice_item(follower, **facts) for follower in planned]
    return notices.replace_with_fallbacks(notice, children, now)

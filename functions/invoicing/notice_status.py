"""What became of an invoice's notices, as its biller sees it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from invoicing.notices import PAYER_CHANNELS, NoticeState, mask_address
from invoicing.settings import get_settings
from invoicing.store import notices

_AT_ONCE = 8
_WITH_REASON = {
    NoticeState.QUEUED,
    NoticeState.UNKNOWN,
    NoticeState.FAILED,
    NoticeState.BOUNCED,
    NoticeState.CANCELLED,
    NoticeState.SUPPRESSED,
}
"""States that want an explanation; in all others a reason is left over from an earlier one."""


def describe_notices(biller_id: str, va_number: str) -> list[dict[str, Any]]:
    """Every notice of one invoice, oldest first; none for another biller's virtual account."""
    records = notices.list_records(get_settings().bank_code, va_number)
    own = [record for record in records if record["biller_id"] == biller_id]
    return [show_record(record) for record in sorted(own, key=lambda record: (record["created_at"], record["sk"]))]


def describe_deliveries(biller_id: str, va_numbers: Sequence[str]) -> dict[str, dict[str, dict[str, Any]]]:
    """Account -> channel to people -> the state of its latest notice, when that was made, and how many there were."""

    def describe(va_number: str) -> dict[str, dict[str, Any]]:
        channels: dict[str, dict[str, Any]] = {}
        for notice in describe_notices(biller_id, va_number):
            if notice["channel"] in PAYER_CHANNELS:
                count = channels.get(notice["channel"], {}).get("count", 0)
                latest = {name: notice.get(name) for name in ("kind", "state", "reason")}
                channels[notice["channel"]] = latest | {"at": notice["times"]["created"], "count": count + 1}
        return channels

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(va_numbers, pool.map(describe, va_numbers), strict=True))


def show_record(record: dict[str, Any]) -> dict[str, Any]:
    """Times are ``{event}_at`` in UTC, by event."""
    is_for_people = record["channel"] in PAYER_CHANNELS
    shown = {
        "notice_id": record["sk"],
        "kind": record["kind"],
        "step": record.get("step"),
        "channel": record["channel"],
        "recipient": mask_address(record.get("recipient", "")) if is_for_people else record["recipient"],
        "state": record["state"],
        "reason": record.get("reason") if record["state"] in _WITH_REASON else None,
        "not_before": record.get("not_before") if record["state"] == NoticeState.QUEUED else None,
        "attempt": record.get("attempt", 0),
        "parent": record.get("parent"),
        "fallback": record.get("fallback"),
        "ladder_end": record.get("ladder_end"),
        "resend_of": record.get("resend_of"),
        "deliveries": record.get("deliveries"),
        "times": {
            name.removesuffix("_at"): record[name] for name in record if name.endswith("_at") and name != "due_at"
        },
    }
    return {name: value for name, value in shown.items() if value is not None}

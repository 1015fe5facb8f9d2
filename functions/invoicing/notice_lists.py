"""A biller's notices of one day, one by one and in pages: to look at; the report has them all."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from invoicing.errors import CursorError
from invoicing.notice_status import show_record
from invoicing.store import notices

MAX_PAGE = 100
"""Notices that one batch read gives."""
_POSITION = re.compile(r"[0-9A-Za-z:.#-]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class NoticePage:
    notices: list[dict[str, Any]]
    after: str | None
    """Where to go on; None: that was all."""


def list_notices(biller_id: str, day: date, *, after: str | None = None, limit: int = MAX_PAGE) -> NoticePage:
    """Notices that were made on a local day of Jakarta, oldest first, in the state that they have now.

    The day's index is sharded: a page reads the next of every shard. Raises CursorError.
    """
    if after is not None and not _POSITION.fullmatch(after):
        raise CursorError
    limit = max(1, min(limit, MAX_PAGE))
    entries = [
        entry
        for shard in range(notices.DAY_SHARDS)
        for entry in notices.list_day(biller_id, day, shard, after or "", limit + 1)
    ]
    entries.sort(key=lambda entry: entry.position)
    page = entries[:limit]
    records = {(record["pk"], record["sk"]): record for record in notices.load_records([entry.ref for entry in page])}
    shown = []
    for entry in page:
        record = records.get((f"{entry.ref.bank_code}#{entry.ref.va_number}", entry.ref.notice_id))
        if record is not None and record["biller_id"] == biller_id:
            about = {"number": record["number"], "va_number": entry.ref.va_number}
            shown.append(show_record(record) | about)
    return NoticePage(shown, page[-1].position if len(entries) > limit else None)

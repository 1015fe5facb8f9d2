"""Whether an upload's notices are held, asked before each call and remembered for two seconds."""

from datetime import datetime, timedelta
from functools import lru_cache

from invoicing import clock, notice_holds
from invoicing.notices import HOLDABLE, PAYER_CHANNELS, Notice

CACHE = timedelta(seconds=2)
MAX_UPLOADS = 1_000

_Asked = dict[tuple[str, str], tuple[datetime, bool]]


def is_held(notice: Notice) -> bool:
    """Whether the notice's biller has stopped it, as it was two seconds ago at most. Programs are told in any case."""
    if notice.kind not in HOLDABLE or notice.channel not in PAYER_CHANNELS:
        return False
    key, now, asked = (notice.biller_id, notice.upload_id), clock.now(), _load_asked()
    known = asked.get(key)
    if known is None or not known[0] <= now < known[0] + CACHE:
        if len(asked) >= MAX_UPLOADS:
            asked.clear()
        known = asked[key] = (now, notice_holds.is_held(*key))
    return known[1]


@lru_cache(maxsize=1)
def _load_asked() -> _Asked:
    return {}

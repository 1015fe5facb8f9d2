"""WhatsApp's daily tier: how many different people the bank may write to within 24 hours.

Each message counts its recipient, once a day, in one conditional write. People are spread over shards by their hash,
each with its share of the tier, so that no item grows large; the last few per cent of a tier are left unused therefore.
Yesterday's people count until their hour has passed.
"""

import hashlib
import random
from datetime import datetime, timedelta
from functools import lru_cache
from zlib import crc32

from invoicing import clock
from invoicing.settings import get_settings
from invoicing.store import channels
from notify.outcomes import NotYetError

PEOPLE_PER_SHARD = 400
SPREAD = timedelta(minutes=10)
"""Those who wait for the same hour do not all come at its first second."""
_HOURS = 24


def take_place(phone: str) -> None:
    """Count a person among those written to. Raises NotYetError when the tier has no place before a later hour."""
    now = clock.now()
    local = now.astimezone(clock.JAKARTA)
    person = hashlib.sha256(phone.encode()).hexdigest()[:12]
    limit = get_settings().whatsapp_daily_limit
    shards = max(1, limit // PEOPLE_PER_SHARD)
    shard, share = crc32(person.encode()) % shards, limit // shards
    yesterday = _load_day(_name_day(local - timedelta(days=1)), shard)
    still_counting = sum(people for hour, people in yesterday.items() if hour >= local.hour)
    if not channels.add_person(_name_day(local), local.hour, shard, person, share - still_counting, now):
        today = channels.count_people_by_hour(_name_day(local), shard)
        raise NotYetError("whatsapp_daily_limit", _find_place(local, yesterday, today, share))


def _find_place(local: datetime, yesterday: dict[int, int], today: dict[int, int], share: int) -> datetime:
    """The first later hour at which fewer people than the share were written to in the 24 hours before it."""
    counted = {hour - _HOURS: people for hour, people in yesterday.items()} | today
    opened = next(
        hour
        for hour in range(local.hour + 1, local.hour + _HOURS + 2)
        if sum(people for then, people in counted.items() if then >= hour - _HOURS) < share
    )
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(hours=opened) + SPREAD * random.random()  # noqa: S311 - jitter, no secret


@lru_cache(maxsize=1_024)
def _load_day(day: str, shard: int) -> dict[int, int]:
    """Of a day that is over, so that nothing is added any more."""
    return channels.count_people_by_hour(day, shard)


def _name_day(local: datetime) -> str:
    return local.date().isoformat()

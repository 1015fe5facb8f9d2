"""Channels table: what all workers of a channel must know of it.

| pk | item |
| email | the channel's pause while the provider takes nothing; without ``until`` it works |
| whatsapp#2026-11-27#0004 | the people written to by WhatsApp on one local day, those of one shard |

Shards of a day are forgotten after some days (``expires_at``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from invoicing import clock
from invoicing.notices import Channel
from invoicing.settings import get_settings
from invoicing.store import dynamodb

DAYS_KEPT = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Pause:
    """Why and until when a channel's provider is not asked."""

    since: str
    until: str
    reason: str
    stops: int
    """How many times in a row the provider turned out to take nothing."""
    probe_until: str | None = None
    """While one worker tries whether it works again."""


def load_pause(channel: Channel) -> Pause | None:
    """None while the channel works."""
    record = dynamodb.load_item(get_settings().channels_table, _key(channel))
    if record is None or "until" not in record:
        return None
    return Pause(record["since"], record["until"], record["reason"], record["stops"], record.get("probe_until"))


def start_pause(channel: Channel, now: datetime, until: datetime, reason: str) -> bool:
    """Pause a channel that works; False when somebody else did."""
    instant = clock.to_text(now)
    return _change(
        _key(channel),
        "SET since = :now, #until = :until, #reason = :reason, stops = :one",
        "attribute_not_exists(#until)",
        {":now": instant, ":until": clock.to_text(until), ":reason": reason, ":one": 1},
    )


def take_probe(channel: Channel, prober: str, now: datetime, lease_until: datetime) -> bool:
    """Make ``prober`` the only one who asks the provider of a paused channel whose time is over."""
    return _change(
        _key(channel),
        "SET probe_by = :me, probe_until = :lease",
        "#until <= :now AND (attribute_not_exists(probe_until) OR probe_until < :now)",
        {":me": prober, ":lease": clock.to_text(lease_until), ":now": clock.to_text(now)},
    )


def drop_probe(channel: Channel, prober: str) -> bool:
    """The provider was not asked after all: the next one may."""
    return _change(_key(channel), "REMOVE probe_by, probe_until", "probe_by = :me", {":me": prober})


def prolong_pause(channel: Channel, prober: str, until: datetime, reason: str) -> bool:
    """The probe failed."""
    return _change(
        _key(channel),
        "SET #until = :until, #reason = :reason, stops = stops + :one REMOVE probe_by, probe_until",
        "probe_by = :me",
        {":me": prober, ":until": clock.to_text(until), ":reason": reason, ":one": 1},
    )


def end_pause(channel: Channel, prober: str) -> bool:
    """The probe went well: the channel works."""
    return _change(
        _key(channel),
        "REMOVE since, #until, #reason, stops, probe_by, probe_until",
        "probe_by = :me",
        {":me": prober},
    )


def count_people_by_hour(day: str, shard: int) -> dict[int, int]:
    """How many people of a shard were written to by WhatsApp for the first time that day, by local hour."""
    answer = dynamodb.client().get_item(
        TableName=get_settings().channels_table,
        Key=_day_key(day, shard),
        ProjectionExpression=", ".join(f"h{hour:02d}" for hour in range(24)),
        ConsistentRead=True,
    )
    return {int(name[1:]): count for name, count in dynamodb.from_item(answer.get("Item", {})).items()}


def add_person(day: str, hour: int, shard: int, person: str, limit: int, now: datetime) -> bool:
    """Count a person of a shard among those written to on a day; False when ``limit`` of them are counted already.

    Somebody counted on that day already is not counted again, and never refused.
    """
    # Nobody was counted yet: that is room enough, unless others use up the whole limit.
    room = "(attribute_not_exists(#count) OR #count < :limit)" if limit > 0 else "#count < :limit"
    try:
        dynamodb.client().update_item(
            TableName=get_settings().channels_table,
            Key=_day_key(day, shard),
            UpdateExpression="SET expires_at = :end ADD people :person, #count :one, #hour :one",
            ConditionExpression=f"NOT contains(people, :name) AND {room}",
            ExpressionAttributeNames={"#count": "count", "#hour": f"h{hour:02d}"},
            ExpressionAttributeValues={
                ":person": {"SS": [person]},
                ":name": {"S": person},
                ":one": {"N": "1"},
                ":limit": {"N": str(limit)},
                ":end": {"N": str(int((now + DAYS_KEPT).timestamp()))},
            },
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as error:
        if not dynamodb.is_condition_failed(error):
            raise
        found: Mapping[str, Any] = error.response.get("Item", {})  # type: ignore[assignment]
        return person in found.get("people", {}).get("SS", [])
    return True


def _key(channel: Channel) -> Any:
    return {"pk": {"S": channel}}


def _day_key(day: str, shard: int) -> Any:
    return {"pk": {"S": f"{Channel.WHATSAPP}#{day}#{shard:04d}"}}


def _change(key: Any, update: str, condition: str, values: Mapping[str, Any]) -> bool:
    used = f"{update} {condition}"
    names = {f"#{name}": name for name in ("until", "reason") if f"#{name}" in used}
    return dynamodb.update_if(get_settings().channels_table, key, update, condition, values, names=names)

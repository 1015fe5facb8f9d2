"""What a biller chooses for itself."""

from dataclasses import asdict
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import Field

from api import shapes
from api.areas import Area
from api.requests import PayerChannel, Request
from invoicing.biller_settings import BillerSettings, change_settings, read_settings
from invoicing.billers import Biller, OnErrors, OutsidePayments, ReleaseMode
from invoicing.notice_policy import (
    MAX_PATIENCE,
    MAX_REMINDER_DISTANCE,
    MAX_REMINDERS,
    FallbackLadder,
    NoticePolicy,
    Zone,
)
from invoicing.notices import Channel
from invoicing.roles import Role

area = Area("settings")

_TIME = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="HH:MM, in the biller's zone")]
_Offset = Annotated[int, Field(ge=-MAX_REMINDER_DISTANCE, le=MAX_REMINDER_DISTANCE)]


class Fallback(Request):
    is_on: bool = Field(description="off: every channel at once")
    order: list[PayerChannel] = Field(min_length=2, max_length=len(PayerChannel), description="the next one, each once")
    minutes: list[Annotated[int, Field(ge=0, le=MAX_PATIENCE)]] = Field(
        min_length=1,
        max_length=len(PayerChannel) - 1,
        description="undelivered for so long, the next channel is tried; for each but the last one; 0: only on failure",
    )


class Policy(Request):
    zone: Zone
    quiet_from: _TIME
    quiet_until: _TIME
    on_weekends: bool
    on_holidays: bool
    reminder_offsets: list[_Offset] = Field(
        max_length=MAX_REMINDERS, description="days from the due date, in order, each once"
    )
    fallback: Fallback


class ChangeSettings(Request):
    version: int = Field(ge=0, le=10**9, description="of the settings that were read: who comes second is told")
    channels: list[PayerChannel] = Field(
        min_length=1, max_length=len(PayerChannel), description="in the order of preference"
    )
    language: str = Field(pattern=r"^(id|en)$")
    policy: Policy
    on_errors: OnErrors
    release: ReleaseMode = Field(description="automatic only if it is so already: turning approval off takes two")
    help_contact: str = Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")
    outside_payments: OutsidePayments | None = Field(
        default=None, description="by_one only if it is so already: turning approval off takes two; null: as it is"
    )


@area.get("/v1/settings", {Role.BILLER_ADMIN, Role.MAKER, Role.CHECKER, Role.VIEWER}, answers=shapes.Settings)
def describe_settings() -> dict[str, Any]:
    """The biller's settings and their version."""
    return _show(area.caller.own_biller)


@area.put("/v1/settings", {Role.BILLER_ADMIN}, answers=shapes.Settings)
def replace_settings(request: Annotated[ChangeSettings, Body()]) -> dict[str, Any]:
    """Replace the settings that were read as ``version``."""
    caller = area.caller
    ladder = request.policy.fallback
    fallback = FallbackLadder(ladder.is_on, tuple(Channel(channel) for channel in ladder.order), tuple(ladder.minutes))
    policy = request.policy.model_dump() | {
        "reminder_offsets": tuple(request.policy.reminder_offsets),
        "fallback": fallback,
    }
    wanted = BillerSettings(
        channels=[Channel(channel) for channel in request.channels],
        language=request.language,
        policy=NoticePolicy(**policy),
        on_errors=request.on_errors,
        release=request.release,
        help_contact=request.help_contact,
        outside_payments=request.outside_payments or caller.own_biller.outside_payments,
    )
    return _show(change_settings(caller.own_biller, wanted, version=request.version, by=caller.user_id))


def _show(biller: Biller) -> dict[str, Any]:
    settings = asdict(read_settings(biller))
    policy = settings["policy"]
    policy["reminder_offsets"] = list(policy["reminder_offsets"])
    ladder = policy["fallback"]
    policy["fallback"] = ladder | {name: list(ladder[name]) for name in ("order", "minutes")}
    return settings | {"version": biller.version, "channels": list(biller.channels)}

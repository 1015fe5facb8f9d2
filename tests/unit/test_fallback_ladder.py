"""The ladder of channels: which values it takes, and that every recipient is told on exactly one channel first."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.errors import NoticePolicyError
from invoicing.notice_policy import FallbackLadder, NoticePolicy
from invoicing.notices import Channel, Rung, plan_issued_notices, plan_reminder_notices
from tests.integration.scenario import SHOP, make_draft

EMAIL, WHATSAPP, SMS = Channel.EMAIL, Channel.WHATSAPP, Channel.SMS


@pytest.mark.parametrize(
    "values",
    [
        {"order": (WHATSAPP,), "minutes": ()},
        {"order": (WHATSAPP, WHATSAPP), "minutes": (30,)},
        {"minutes": (30,)},
        {"minutes": (4, 0)},
        {"minutes": (30, 60)},
        {"minutes": (7 * 24 * 60 + 1, 0)},
        {"minutes": (-1, 0)},
    ],
)
def test_ladder_out_of_range_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(NoticePolicyError):
        FallbackLadder(is_on=True, **values)


def test_sms_may_be_given_up_for_silent_after_its_carriers_72_hours() -> None:
    assert FallbackLadder(is_on=True, minutes=(30, 72 * 60)).minutes[1] == 4_320


def test_rungs_are_those_asked_for_in_the_ladders_order() -> None:
    ladder = FallbackLadder(is_on=True, minutes=(30, 0))
    assert ladder.list_rungs([EMAIL, WHATSAPP]) == (Rung(WHATSAPP, 30), Rung(EMAIL, 0))
    assert replace(ladder, is_on=False).list_rungs(list(Channel)) == ()


ADDRESSES = {EMAIL: "a{}@example.com", WHATSAPP: "+62812000000{}", SMS: "+62813000000{}"}
RECIPIENTS = st.lists(
    st.dictionaries(st.sampled_from(list(ADDRESSES)), st.integers(1, 3), max_size=3).map(
        lambda chosen: {channel.value: ADDRESSES[channel].format(index) for channel, index in chosen.items()}
    ),
    max_size=4,
)


@given(
    order=st.permutations(list(ADDRESSES)), channels=st.lists(st.sampled_from(list(ADDRESSES)), unique=True),
    recipients=RECIPIENTS, step=st.booleans(),
)  # fmt: skip
def test_everybody_is_told_on_their_first_channel_and_can_climb_to_all_others(
    order: list[Channel], channels: list[Channel], recipients: list[dict[str, str]], step: bool
) -> None:
    ladder = FallbackLadder(is_on=True, order=tuple(order), minutes=(0, 0))
    biller = replace(SHOP, channels=tuple(channels), policy=NoticePolicy(fallback=ladder))
    draft: Any = make_draft(1, recipients=recipients)
    planned = (
        plan_reminder_notices(biller, draft, "8808100000000017", "due-3")
        if step
        else plan_issued_notices(biller, draft, "8808100000000017")
    )

    told = {(notice.channel, notice.recipient): notice for notice in planned}
    assert len(told) == len(planned)
    firsts = set()
    for recipient in recipients:
        own = [channel for channel in order if channel in channels and channel in recipient]
        if not own:
            continue
        first = (own[0], recipient[own[0]])
        firsts.add(first)
        if len(own) > 1:
            assert set(own) <= {rung.channel for rung in told[first].ladder}
    assert set(told) == firsts

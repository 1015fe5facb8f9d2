"""What a release will cost and when its last notice will have left."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from invoicing.notice_policy import NoticePolicy, Zone
from invoicing.notices import PAYER_CHANNELS
from invoicing.sending_estimate import SendingLimits, SendingTimes, estimate_cost, estimate_times
from invoicing.sending_hours import find_next_sending_time

LIMITS = SendingLimits({"email": 14, "sms": 20, "whatsapp": 80}, whatsapp_daily=100_000)
PRICES = {"email": 0, "sms": 350, "whatsapp": 400}
COUNTS = st.dictionaries(st.sampled_from(PAYER_CHANNELS), st.integers(1, 300_000), min_size=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(Zone.WIB))


MONDAY_10 = at("2026-11-23T10:00:00")


def estimate(
    notices: Mapping[str, int], now: datetime = MONDAY_10, limits: SendingLimits = LIMITS, **policy: str
) -> SendingTimes:
    return estimate_times(NoticePolicy(**policy), notices, limits, now)  # type: ignore[arg-type]


def test_cost_is_rupiah_by_channel_with_total() -> None:
    assert estimate_cost({"email": 900, "sms": 10, "whatsapp": 3}, PRICES) == {
        "email": 0,
        "sms": 3_500,
        "whatsapp": 1_200,
        "total": 4_700,
    }
    assert estimate_cost({}, PRICES) == {"total": 0}


def test_upload_that_fits_into_today_ends_after_number_by_rate() -> None:
    assert estimate({"email": 1_400}) == SendingTimes(MONDAY_10, MONDAY_10 + timedelta(seconds=100))


def test_started_second_counts_whole() -> None:
    assert estimate({"email": 15}).finishes_at == MONDAY_10 + timedelta(seconds=2)


def test_channels_send_side_by_side_and_the_slowest_ends_last() -> None:
    times = estimate({"email": 140, "sms": 2_000, "whatsapp": 800})
    assert times.finishes_at == MONDAY_10 + timedelta(seconds=100)


def test_upload_without_notices_ends_as_it_starts() -> None:
    assert estimate({}) == SendingTimes(MONDAY_10, MONDAY_10)


def test_release_at_night_starts_in_the_morning() -> None:
    times = estimate({"email": 14}, at("2026-11-27T21:00:00"))
    assert times == SendingTimes(at("2026-11-30T08:00:00"), at("2026-11-30T08:00:01"))


def test_what_does_not_fit_before_quiet_hours_goes_on_the_next_working_day() -> None:
    # One hour is left on Friday for two hours of e-mails.
    times = estimate({"email": 2 * 3600 * 14}, at("2026-11-27T19:00:00"))
    assert times.finishes_at == at("2026-11-30T09:00:00")


def test_whatsapp_goes_no_further_than_its_daily_limit() -> None:
    limits = SendingLimits(LIMITS.rates, whatsapp_daily=250)
    times = estimate({"whatsapp": 501}, limits=limits)
    assert times.finishes_at == at("2026-11-25T08:00:01")
    assert estimate({"email": 501}, limits=limits).finishes_at < MONDAY_10 + timedelta(minutes=1)


def test_daily_limit_holds_over_both_halves_of_a_day_with_quiet_midday() -> None:
    limits = SendingLimits({"whatsapp": 1}, whatsapp_daily=250)
    times = estimate({"whatsapp": 251}, at("2026-11-23T11:59:00"), limits, quiet_from="12:00", quiet_until="13:00")
    assert times.finishes_at == at("2026-11-24T00:00:01")


@given(COUNTS, st.timedeltas(timedelta(0), timedelta(days=365)), st.integers(250, 100_000))
def test_end_is_within_hours_and_never_earlier_for_more_notices(
    notices: dict[str, int], passed: timedelta, daily: int
) -> None:
    policy, now = NoticePolicy(), MONDAY_10 + passed
    limits = SendingLimits(LIMITS.rates, whatsapp_daily=daily)
    times = estimate_times(policy, notices, limits, now)
    assert times.starts_at == find_next_sending_time(policy, now)
    assert times.finishes_at > times.starts_at
    last = times.finishes_at - timedelta(seconds=1)
    assert find_next_sending_time(policy, last) == last
    more = {channel: number + 1 for channel, number in notices.items()}
    assert estimate_times(policy, more, limits, now).finishes_at >= times.finishes_at

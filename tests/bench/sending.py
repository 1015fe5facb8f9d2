"""Sending: requests, writes and provider calls per notice, CPU per channel, and how fast one worker drains."""

from tests.bench.measuring import run_job
from tests.bench.tables import Figure, print_heading, print_table

SHARES = {"email": 3_000, "sms": 3_000, "whatsapp": 4_000}
LIMITS = {"email": "14 (SES, NoticeRates)", "sms": "20 (SNS, NoticeRates)", "whatsapp": "80 (per WhatsApp number)"}
DISPATCHED = 3_000
BATCHES = (1_000, 100, 10)


def run_sending(*, quick: bool) -> list[Figure]:
    shares = {channel: number // 10 for channel, number in SHARES.items()} if quick else SHARES
    total = sum(shares.values())
    print_heading(f"Sending {total:,} notices through the stand-in, one worker per channel")
    dispatched = {batch: run_job("dispatch_notices", str(DISPATCHED), str(batch)).answer for batch in BATCHES}
    print_table(
        f"Dispatching {DISPATCHED:,} notices, three channels in turn",
        ("records per stream batch", "SQS requests per 1,000", "CPU us/notice"),
        [
            (f"{batch:,}", f"{seen['requests'] * 1000 / DISPATCHED:.0f}", f"{seen['cpu'] * 1e6:.0f}")
            for batch, seen in dispatched.items()
        ],
    )
    drained = {channel: run_job("send_notices", channel, str(number)).answer for channel, number in shares.items()}
    print_table(
        "Claim, read, one call over HTTP, settle (DynamoDB answered in the process)",
        ("channel", "sent", "writes/notice", "reads", "calls", "CPU us/notice", "notices/s, one worker", "provider's"),
        [
            (
                channel,
                f"{seen['sent']:,}",
                f"{seen['writes']:.3f}",
                f"{seen['reads']:.2f}",
                f"{seen['calls']:,}",
                f"{seen['cpu'] * 1e6:.0f}",
                f"{seen['rate']:.0f}",
                LIMITS[channel],
            )
            for channel, seen in drained.items()
        ],
    )
    seconds = sum(shares[channel] / seen["rate"] for channel, seen in drained.items())
    calls, sent = sum(seen["calls"] for seen in drained.values()), sum(seen["sent"] for seen in drained.values())
    requests = dispatched[BATCHES[0]]["requests"] * 1000 / DISPATCHED
    return [
        Figure("SQS send requests per 1,000 notices", "<= 105", f"{requests:.0f} in full stream batches"),
        Figure(
            "DynamoDB writes per notice, queued to sent",
            "<= 3",
            ", ".join(f"{channel} {seen['writes']:.2f}" for channel, seen in drained.items()),
        ),
        Figure(
            "provider calls per notice",
            "1",
            f"{calls / total:.3f} ({calls:,} for {sent:,} sent; most for one recipient: "
            f"{max(seen['most_calls'] for seen in drained.values())})",
        ),
        Figure(
            "notices drained per second by one worker process",
            "provider: 80 per WhatsApp number",
            f"{total / seconds:.0f} over all channels ({total:,} notices in {seconds:.0f} s)",
        ),
    ]

"""Fairness: 100,000 notices of one biller before another's 100, on one channel; ``lanes`` says what is real in it."""

from tests.bench.measuring import run_job
from tests.bench.tables import Figure, print_heading, print_table

SCENES = {
    "express-fifo": "a small upload, receipts, resends: the express lane, SQS in order of arrival",
    "bulk-fair": "reminders: the bulk lane, SQS serves billers in turn (fair queues)",
    "bulk-fifo": "reminders, if SQS served in order of arrival: what the local cloud does",
}


def run_fairness() -> list[Figure]:
    print_heading("100,000 WhatsApp notices of one biller in the stream before another's 100 (virtual time)")
    seen = {scene: run_job("share_channel", scene).answer for scene in SCENES}
    print_table(
        "From the writing of the 100 to the last one sent",
        ("scene", "in their queue after s", "last one sent after s", "of the 100 left", "others sent meanwhile"),
        [
            (
                SCENES[scene],
                f"{result['dispatched']:.1f}",
                f"{result['seconds']:.1f}" if not result["left"] else "> 300",
                result["left"],
                f"{result['others']:,}",
            )
            for scene, result in seen.items()
        ],
    )
    shown = {scene: f"{result['seconds']:.0f} s" if not result["left"] else "> 300 s" for scene, result in seen.items()}
    text = f"{shown['express-fifo']} by its lane; {shown['bulk-fair']} by fair queues, {shown['bulk-fifo']} without"
    return [Figure("delay of 100 notices behind another biller's 100,000", "< 60 s", text)]

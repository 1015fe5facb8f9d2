"""The second half of the demo: the bank pays, is refused and settles; a reminder goes out; reports, reconciliation."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from infra.local import client
from infra.local.bank import Bank, Reply, open_bank
from infra.local.cloud import Cloud
from infra.local.messages import list_messages
from infra.local.reports import find_resource, format_results, reconcile_file, save_demo_reports, write_settlement_file
from infra.local.story import expect, tell, wait_until
from invoicing import clock
from invoicing.billers import Biller
from invoicing.money import format_rupiah
from invoicing.notices import Channel, NoticeKind
from invoicing.sending_hours import find_next_sending_time

_PAID, _PAID_BILL, _CANCELLED_ASKED, _CANCELLED = "2002500", "4042514", "4042412", "4042512"
DIFFERENCES = ("missing_here", "missing_there", "amount_differs", "unidentified")

Invoices = dict[str, list[dict[str, Any]]]
"""What each biller has issued, by biller id."""


def tell_payments(cloud: Cloud, billers: list[Biller], issued: Invoices) -> None:
    """Both products are paid by signed calls; what must not be paid is refused; the payers get their receipts."""
    tell("", "== The bank pays " + "=" * 65, "Signed SNAP calls: access token, inquiry, payment.")
    bank = open_bank(cloud)
    for biller in billers:
        for invoice in issued[biller.biller_id][:3]:
            _pay(bank, invoice)
        first = issued[biller.biller_id][0]
        _tell_reply("  the first of them once more", bank.pay(first["va_number"], first["amount"]), _PAID_BILL)
        _pay_archived(cloud, bank, biller, issued[biller.biller_id][3])
        _tell_receipt(cloud, first)


def _pay(bank: Bank, invoice: dict[str, Any]) -> None:
    reply = bank.pay(invoice["va_number"])
    _tell_reply(f"  VA {invoice['va_number']}, {format_rupiah(invoice['amount'])}", reply, _PAID)


def _pay_archived(cloud: Cloud, bank: Bank, biller: Biller, invoice: dict[str, Any]) -> None:
    members = {"number": invoice["number"], "reason": "wrong amount", "notify": True, "confirmed": False}
    user = f"{biller.biller_id}-maker"
    client.call(cloud, "archive", biller.biller_id, user, function="InvoiceCommandFunction", **members)
    asked, paid = bank.inquire(invoice["va_number"]), bank.pay(invoice["va_number"], invoice["amount"])
    _tell_reply(f"  {invoice['number']} was archived; its VA is asked for", asked, _CANCELLED_ASKED)
    _tell_reply("  and paid without asking", paid, _CANCELLED)


def _tell_reply(what: str, reply: Reply, code: str) -> None:
    expect(reply.code == code, f"the bank is answered {code}, not {reply.code}")
    tell(f"{what}: {reply.code} {reply.body['responseMessage']}")


def _tell_receipt(cloud: Cloud, invoice: dict[str, Any]) -> None:
    def find() -> dict[str, Any] | None:
        mine = [message for message in list_messages(cloud) if _is_of(message, invoice, NoticeKind.PAID)]
        by_channel = {message["channel"]: message for message in mine}
        return by_channel.get(Channel.SMS) or by_channel.get(Channel.WHATSAPP) or by_channel.get(Channel.EMAIL)

    receipt = wait_until(find, "whoever was billed gets a receipt")
    tell(f"  receipt by {receipt['channel']} to {receipt['to']}:", *(f"    | {line}" for line in _shorten(receipt)))


def _is_of(message: dict[str, Any], invoice: dict[str, Any], kind: NoticeKind) -> bool:
    reference = message.get("reference") or ""
    return f"_{invoice['va_number']}_{kind}-" in reference


def _shorten(message: dict[str, Any], lines: int = 6) -> list[str]:
    return [line for line in message["text"].splitlines() if line.strip()][:lines]


def tell_reminder(cloud: Cloud, biller: Biller, invoices: list[dict[str, Any]]) -> None:
    """One bill that is due in three days, and was issued last week: a reminder is planned and leaves in the hours."""
    tell("", "== A reminder " + "=" * 68)
    invoice = next(given for given in invoices[4:] if given["status"] == "open")
    due = clock.today_in_jakarta() + timedelta(days=3)
    tell(
        f"{invoice['number']} is due on {due}. For the story it was issued a week ago: the table says so from here on."
    )
    _make_older(cloud, biller, invoice, due)
    cloud.client("lambda").invoke(FunctionName=find_resource(cloud, "RemindScheduleFunction"), Payload=b"{}")

    def find() -> dict[str, Any] | None:
        shown = client.call(
            cloud,
            "describe_notices",
            biller.biller_id,
            "viewer",
            function="NoticeCommandFunction",
            va_number=invoice["va_number"],
        )
        reminders = [notice for notice in shown["notices"] if notice["kind"] == NoticeKind.REMINDER]
        waits = [notice for notice in reminders if "not_before" in notice]
        sent = [notice for notice in reminders if notice["state"] not in ("queued", "claimed")]
        return next(iter(waits + sent), None)

    if clock.now().astimezone(clock.JAKARTA).hour < 8:
        tell("  It is before 08:00 in Jakarta: reminders of the day are planned from then on.")
        return
    leaves_on = find_next_sending_time(biller.policy, clock.now()).astimezone(clock.JAKARTA).date()
    if leaves_on >= due:
        tell(f"  Quiet until {leaves_on}, when the bill is due: the reminder of that day goes, and no other.")
        return
    reminder = wait_until(find, "a reminder is planned for a bill that is due in three days")
    when = f"leaves at {reminder['not_before']}" if "not_before" in reminder else reminder["state"]
    tell(f"  {reminder['step']} by {reminder['channel']} to {reminder['recipient']}: {when}")


def _make_older(cloud: Cloud, biller: Biller, invoice: dict[str, Any], due: date) -> None:
    number = invoice["number"].upper()
    issued_at = clock.to_text(clock.now() - timedelta(days=7))
    cloud.client("dynamodb").update_item(
        TableName=find_resource(cloud, "InvoicesTable"),
        Key={"pk": {"S": f"{biller.biller_id}#{number}"}, "sk": {"S": "current"}},
        UpdateExpression="SET created_at = :then, due_date = :due, by_status_sk = :sort",
        ExpressionAttributeValues={
            ":then": {"S": issued_at},
            ":due": {"S": due.isoformat()},
            ":sort": {"S": f"{due}#{number}"},
        },
    )


def tell_reports(cloud: Cloud, billers: list[Biller], folder: Path) -> None:
    """The three reports of each biller, and the bank's settlement file held against the payments."""
    tell("", "== Reports " + "=" * 71)
    for path in save_demo_reports(cloud, [biller.biller_id for biller in billers], folder / "reports"):
        tell(f"  {path}")
    tell("", "== Reconciliation " + "=" * 64, "The bank drops its daily file of settled virtual accounts in S3.")
    settled = write_settlement_file(cloud, folder / "reports" / "settlement.csv", DIFFERENCES)
    tell(f"  {settled}, with these differences put in: {', '.join(DIFFERENCES)}")
    shown, report = reconcile_file(cloud, settled, folder / "reports")
    tell(*format_results(shown))
    found = {result for result, given in shown["results"].items() if given["count"]}
    expect(set(DIFFERENCES) <= found | {"waiting", "missing_there"}, "every difference is found")
    tell(f"  {report}")

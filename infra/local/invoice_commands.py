"""What a biller's clerk does with invoices, from the command line: find, archive, put off, pay outside, reverse."""

import argparse
from collections.abc import Callable, Iterator
from typing import Any

from infra.local import client, report
from infra.local.cloud import Cloud
from infra.local.seed import BILLERS

Options = argparse.Namespace
Answer = tuple[Any, Iterator[str]]
AddCommand = Callable[..., argparse.ArgumentParser]


def add_invoice_commands(add: AddCommand) -> None:
    """``add`` makes a command of a name, a function and a help text."""
    find = add("find", _find, "invoices by number, VA number, phone or e-mail address; with everything that happened")
    find.add_argument("wanted")
    archive = add("archive", _archive, "archive an invoice, or a whole upload; its payers are told", user=True)
    archive.add_argument("number", nargs="?", help="invoice number")
    archive.add_argument("--upload", metavar="UPLOAD_ID", help="all invoices of this upload")
    archive.add_argument("--reason", required=True)
    archive.add_argument("--no-notice", action="store_true", help="tell no payer")
    archive.add_argument("--confirm", action="store_true", help="even if a bank asked for it minutes ago")
    extend = _add_number(add("extend", _extend, "put off a due date", user=True))
    extend.add_argument("--due", required=True, metavar="YYYY-MM-DD")
    outside = _add_number(add("outside", _outside, "a payment made outside the VA; another --approves", user=True))
    outside.add_argument("--amount", type=int, help="rupiah; exactly what is due")
    outside.add_argument("--method", default="cash", choices=["cash", "transfer", "card", "other"])
    outside.add_argument("--approve", action="store_true")
    reverse = _add_number(add("reverse", _reverse, "money went back: propose it, then --approve by another", user=True))
    reverse.add_argument("--reason")
    reverse.add_argument("--approve", action="store_true")
    for command in (find, archive, extend, outside, reverse):
        command.add_argument("--biller", required=True, choices=[biller.biller_id for biller in BILLERS])


def _add_number(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument("number", help="invoice number")
    return command


def _call(cloud: Cloud, options: Options, operation: str, role: str, **members: Any) -> dict[str, Any]:
    user = f"{options.biller}-{getattr(options, 'user', None) or role}"
    return client.call(cloud, operation, options.biller, user, function="InvoiceCommandFunction", **members)


def _find(cloud: Cloud, options: Options) -> Answer:
    found = _call(cloud, options, "search", "viewer", wanted=options.wanted)["invoices"]
    told = [_call(cloud, options, "describe", "viewer", va_number=invoice["va_number"]) for invoice in found]
    return told, (line for invoice in told for line in _format_invoice(invoice))


def _archive(cloud: Cloud, options: Options) -> Answer:
    members: dict[str, Any] = {
        "reason": options.reason,
        "notify": not options.no_notice,
        "confirmed": options.confirm,
    }
    if bool(options.upload) == bool(options.number):
        raise client.CommandFailedError("name either an invoice or an upload")
    if options.number:
        results = [_call(cloud, options, "archive", "maker", number=options.number, **members)]
    else:
        results, position = [], {"cursor": 0}
        while position:
            page = _call(cloud, options, "archive_upload", "maker", upload_id=options.upload, **members, **position)
            results += page["results"]
            position = {"cursor": page["cursor"]} if "cursor" in page else {}
    return results, (f"{result['number']:<40} {result['outcome']}" for result in results)


def _extend(cloud: Cloud, options: Options) -> Answer:
    return _show(_call(cloud, options, "extend", "maker", number=options.number, due_date=options.due))


def _outside(cloud: Cloud, options: Options) -> Answer:
    if options.approve:
        return _show(_call(cloud, options, "approve_outside_payment", "checker", number=options.number))
    if options.amount is None:
        raise client.CommandFailedError("--amount is needed")
    members = {"number": options.number, "amount": options.amount, "method": options.method}
    return _show(_call(cloud, options, "record_outside_payment", "maker", **members))


def _reverse(cloud: Cloud, options: Options) -> Answer:
    if options.approve:
        return _show(_call(cloud, options, "approve_reversal", "checker", number=options.number))
    if not options.reason:
        raise client.CommandFailedError("--reason is needed")
    members = {"number": options.number, "reason": options.reason}
    return _show(_call(cloud, options, "propose_reversal", "maker", **members))


def _show(invoice: dict[str, Any]) -> Answer:
    return invoice, _format_invoice(invoice)


def _format_invoice(invoice: dict[str, Any]) -> Iterator[str]:
    yield (
        f"{invoice['number']}  {report.format_rupiah(invoice['amount'])}  due {invoice['due_date']}  "
        f"VA {invoice['va_number']}  {invoice['status']}"
    )
    if "outside_payment" in invoice:
        yield f"  a payment outside the VA waits for approval; recorded by {invoice['outside_payment']['recorded_by']}"
    if "reversal" in invoice:
        yield f"  a reversal waits for approval; proposed by {invoice['reversal']['proposed_by']}"
    for event in invoice.get("timeline", []):
        facts = " ".join(str(event[name]) for name in ("kind", "channel", "recipient", "by", "reason") if name in event)
        yield f"  {event['at']}  {event['event']:<24} {facts}"

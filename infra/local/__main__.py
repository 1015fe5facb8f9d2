"""``python -m infra.local``: keep the product running on this machine, and use it.

``up`` keeps a cloud running; the other commands, from another terminal, are a client of it.
"""

import argparse
import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from infra.local import client, logs, report, reports
from infra.local.bank import BankRefusedError, Fault, NoAnswerError, Reply, open_bank, operate
from infra.local.cloud import HOME, Cloud, CloudError, find_cloud
from infra.local.invoice_commands import add_invoice_commands
from infra.local.messages import list_messages, save_emails
from infra.local.notice_commands import add_commands
from infra.local.seed import BILLERS
from infra.local.settlement_files import DIFFERENCES
from infra.local.stack import run_stack
from infra.local.staff import PASSWORD, STAFF, sign_in_as
from invoicing.billers import Module
from invoicing.notices import Channel, NoticeKind
from invoicing.reports import ReportFormat, ReportKind
from invoicing.sending_hours import Send
from invoicing.texts import LANGUAGES

Options = argparse.Namespace
Answer = tuple[Any, Iterator[str]]
"""The JSON form of a command's result, and the lines that people read."""

USAGE = """\
The local cloud is up at {endpoint}.

Its pages, with a certificate of its own that the browser asks about once:
  {front}/          the dashboard; sign in as one of the users below
  {front}/t/...     payers' pages: open them from the messages at {providers}/
(A browser that asks about every port alone must accept {endpoint}/_ministack/health too before it can upload.)

In another terminal:

  python -m infra.local template e_invoice tagihan.xlsx
  python -m infra.local upload tagihan.xlsx --biller toko-sinar --wait
  python -m infra.local release UPLOAD_ID --acknowledge-all --send now
  python -m infra.local find INV-1 --biller toko-sinar   (also: archive, extend, outside, reverse)
  python -m infra.local show UPLOAD_ID            (also: invoices, reject, delete, redrive, hold, unhold, counts)
  python -m infra.local messages                  (every message, event and webhook call that would have left)
  python -m infra.local webhooks toko-sinar       (also: webhook-create, webhook-change, replay, resend, pause, resume)
  python -m infra.local emails                    (the e-mails as files)
  python -m infra.local report payments --biller toko-sinar --format pdf
  python -m infra.local reconcile --with duplicate    (the bank's settlement file of all payments, with a difference)
  python -m infra.local preview --biller toko-sinar --kind paid
  python -m infra.local inquire VA_NUMBER         (the bank asks; pay VA_NUMBER pays, with --times, --advice, --fault)
  python -m infra.local bank list_calls va_number=VA_NUMBER      (what the bank sent and got; also: list_clients, ...)
  python -m infra.local logs upload-check

The JSON API: {api}
  TOKEN=$(python -m infra.local token maker@toko-sinar.example)
  curl --cacert {certificate} -H "Authorization: Bearer $TOKEN" {api}/v1/me
Users of the dashboard and the API, password {password}:
{staff}

Messages, as the payers see them: {providers}/
Receiver of webhooks: {receiver}/... (its page names paths that go wrong)
Billers: {billers}. Every command takes --json.
Logs: {logs}. Ctrl-C ends it and forgets everything."""


def main(arguments: list[str] | None = None) -> int:
    options = _build_parser().parse_args(arguments)
    # A polite kill ends the process as Ctrl-C does: through every clean-up on the way.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if options.command == "up":
            return _stay_up(options)
        data, lines = options.run(find_cloud(options.home), options)
    except client.CommandRefusedError as refusal:
        return _report_failure(options, refusal.error, refusal.error["message"]["id"], refusal.error["message"]["en"])
    except (CloudError, client.CommandFailedError, BankRefusedError, NoAnswerError) as failure:
        return _report_failure(options, {"code": "failed", "detail": str(failure)}, str(failure))
    except KeyboardInterrupt:
        return 130
    if options.json:
        print(json.dumps(data, ensure_ascii=False, indent=2))
    else:
        report.print_lines(lines)
    return 0


def _report_failure(options: Options, error: dict[str, Any], *lines: str) -> int:
    if options.json:
        print(json.dumps({"error": error}, ensure_ascii=False, indent=2))
    for line in lines:
        print(line, file=sys.stderr)
    return 1


def _stay_up(options: Options) -> int:
    parameters = dict(pair.split("=", 1) for pair in options.parameter)
    try:
        with run_stack(options.home, parameters) as cloud:
            if options.json:
                print(
                    json.dumps(
                        {
                            "endpoint": cloud.endpoint,
                            "front": cloud.front,
                            "providers": cloud.providers,
                            "outputs": cloud.outputs,
                        }
                    ),
                    flush=True,
                )
            else:
                names = ", ".join(f"{biller.biller_id} ({biller.module})" for biller in BILLERS)
                places = {
                    "endpoint": cloud.endpoint,
                    "front": cloud.front,
                    "providers": cloud.providers,
                    "logs": cloud.home / "logs",
                }
                places |= {"certificate": cloud.certificate, "api": cloud.outputs["ApiAddress"]}
                staff = "\n".join(f"  {person.email:<32} {', '.join(person.roles)}" for person in STAFF)
                places |= {"receiver": cloud.receiver, "staff": staff, "password": PASSWORD}
                print(USAGE.format(billers=names, **places), flush=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        return 0
    return 1


def _upload(cloud: Cloud, options: Options) -> Answer:
    user = f"{options.biller}-{options.user or 'maker'}"
    upload_id = client.send_workbook(cloud, options.file, options.biller, user)
    if not (options.wait or options.release):
        return {"upload_id": upload_id}, iter([f"Upload {upload_id}: the file has arrived."])
    watch = report.Progress()
    view = client.wait_for(cloud, options.biller, upload_id, client.CHECKED, timeout=options.timeout, watch=watch)
    if options.release and view["status"] == "waiting":
        view = _release_upload(cloud, view, "checker", sorted(view["warnings"]), options.send)
        view = client.wait_for(cloud, options.biller, upload_id, client.ENDED, timeout=options.timeout, watch=watch)
    return _answer_with_report(cloud, view)


def _release(cloud: Cloud, options: Options) -> Answer:
    view = _describe(cloud, options)
    acknowledged = sorted(view.get("warnings", {})) if options.acknowledge_all else options.acknowledge
    view = _release_upload(cloud, view, options.user or "checker", acknowledged, options.send)
    if options.wait:
        watch = report.Progress()
        view = client.wait_for(
            cloud, view["biller_id"], view["upload_id"], client.ENDED, timeout=options.timeout, watch=watch
        )
    return _answer_with_report(cloud, view)


def _release_upload(cloud: Cloud, view: client.View, role: str, acknowledged: list[str], send: str) -> client.View:
    biller_id, members = view["biller_id"], {"upload_id": view["upload_id"], "acknowledged": acknowledged, "send": send}
    return client.call(cloud, "release", biller_id, f"{biller_id}-{role}", **members)


def _change(operation: str, role: str, **members: str) -> Callable[[Cloud, Options], Answer]:
    """A command on an upload that needs nothing but its id, and the option of the same name as each member."""

    def run(cloud: Cloud, options: Options) -> Answer:
        biller_id = client.find_biller(cloud, options.upload_id)
        values = {name: getattr(options, option) for name, option in members.items()}
        user = f"{biller_id}-{options.user or role}"
        view = client.call(cloud, operation, biller_id, user, upload_id=options.upload_id, **values)
        return view, iter([f"Upload {options.upload_id}: {view['status']}"])

    return run


def _hold(cloud: Cloud, options: Options) -> Answer:
    """Stop an upload's unsent notices, let them go again, or only count them."""
    biller_id = client.find_biller(cloud, options.upload_id)
    user = f"{biller_id}-{options.user or 'checker'}"

    def call(operation: str, **members: Any) -> dict[str, Any]:
        return client.call(
            cloud,
            operation,
            biller_id,
            user,
            function="NoticeCommandFunction",
            upload_id=options.upload_id,
            **members,
        )

    hold = {}
    if options.command == "hold":
        hold = call("hold_notices", **({"reason": options.reason} if options.reason else {}))
    elif options.command == "unhold":
        hold = call("resume_notices")
    counts = call("count_notices")
    return hold | {"counts": counts}, report.format_notice_counts(options.upload_id, hold, counts)


def _show(cloud: Cloud, options: Options) -> Answer:
    return _answer_with_report(cloud, _describe(cloud, options))


def _list_invoices(cloud: Cloud, options: Options) -> Answer:
    biller_id = client.find_biller(cloud, options.upload_id)
    invoices = list(client.list_invoices(cloud, biller_id, options.upload_id))
    return invoices, report.format_invoices(invoices)


def _describe(cloud: Cloud, options: Options) -> client.View:
    biller_id = client.find_biller(cloud, options.upload_id)
    return client.call(cloud, "describe", biller_id, "viewer", upload_id=options.upload_id)


def _answer_with_report(cloud: Cloud, view: client.View) -> Answer:
    found = client.build_report(cloud, view)
    return found, report.format_report(found)


def _write_template(_cloud: Cloud | None, options: Options) -> Answer:
    # openpyxl is slow to import and only this command needs it.
    from invoicing.modules.template_workbook import build_template

    build_template(options.module, options.out)
    return {"file": str(options.out)}, iter([f"{options.out}: fill it in and upload it"])


def _save_emails(cloud: Cloud, options: Options) -> Answer:
    saved = save_emails(cloud, options.out or cloud.home / "emails")
    return saved, iter([*(f"{email['html']}  {email['subject']}" for email in saved), f"{len(saved)} e-mails"])


def _list_messages(cloud: Cloud, options: Options) -> Answer:
    found = list_messages(cloud, options.channel or "", options.to)
    return found, report.format_messages(found, cloud.providers)


def _save_report(cloud: Cloud, options: Options) -> Answer:
    path = reports.save_report(
        cloud,
        options.kind,
        options.biller,
        options.out or cloud.home / "reports",
        file_format=options.format,
        language=options.language,
        since=options.since,
        until=options.until,
    )
    return {"file": str(path)}, iter([str(path)])


def _reconcile(cloud: Cloud, options: Options) -> Answer:
    folder = options.out or cloud.home / "reports"
    instant = datetime.now(UTC)
    path = options.file or reports.write_settlement_file(
        cloud, folder / f"settlement-{instant:%Y%m%d-%H%M%S}.{options.format}", options.differences
    )
    shown, saved = reports.reconcile_file(cloud, path, folder)
    lines = [*reports.format_results(shown), f"  {path}", *([f"  {saved}"] if saved else [])]
    return {"settlement_file": str(path), "report_file": str(saved) if saved else None, **shown}, iter(lines)


def _print_token(cloud: Cloud, options: Options) -> Answer:
    token = sign_in_as(cloud, options.email)
    return {"access_token": token, "api": cloud.outputs["ApiAddress"]}, iter([token])


def _preview(cloud: Cloud, options: Options) -> Answer:
    members = {"kind": options.kind, "language": options.language, "offset": options.offset, "names": options.names}
    if options.number:
        members["number"] = options.number
    if options.change:
        members["change"] = json.loads(options.change)
    shown = client.call(cloud, "preview_notice", options.biller, "viewer", function="NoticeCommandFunction", **members)
    if options.out:
        options.out.write_text(shown[Channel.EMAIL]["html"], encoding="utf-8")
    return shown, report.format_preview(shown)


def _inquire(cloud: Cloud, options: Options) -> Answer:
    return _answer_with_replies([open_bank(cloud).inquire(options.va_number, fault=options.fault)])


def _pay(cloud: Cloud, options: Options) -> Answer:
    bank = open_bank(cloud)
    first = bank.pay(options.va_number, options.amount, fault=options.fault, **_choose_ids(options))
    replies = [first]
    request_id = first.body.get("virtualAccountData", {}).get("paymentRequestId")
    for _ in range(options.times - 1):
        # What a bank repeats is the same payment: same paymentRequestId, same amount.
        members = _choose_ids(options) | {"flagAdvise": "Y" if options.advice else "N"}
        members |= {"paymentRequestId": request_id} if request_id else {}
        replies.append(bank.pay(options.va_number, _read_amount(first, options), fault=options.fault, **members))
    return _answer_with_replies(replies)


def _read_amount(reply: Reply, options: Options) -> int | None:
    if options.amount is not None:
        return int(options.amount)
    paid = reply.body.get("virtualAccountData", {}).get("paidAmount")
    return int(paid["value"].split(".")[0]) if paid else None


def _choose_ids(options: Options) -> dict[str, str]:
    chosen = {"paymentRequestId": options.request_id, "external_id": options.external_id}
    return {name: value for name, value in chosen.items() if value}


def _ask_status(cloud: Cloud, options: Options) -> Answer:
    return _answer_with_replies([open_bank(cloud).ask_status(options.va_number, options.request_id)])


def _answer_with_replies(replies: list[Reply]) -> Answer:
    data = [{"http_status": reply.http_status, **reply.body} for reply in replies]
    lines = (
        line
        for reply in replies
        for line in (f"HTTP {reply.http_status}  {reply.code}", json.dumps(reply.body, ensure_ascii=False, indent=2))
    )
    return data, lines


def _operate(cloud: Cloud, options: Options) -> Answer:
    members: dict[str, Any] = {}
    for pair in options.member:
        name, _, value = pair.partition("=")
        place, _, inner = name.partition(".")
        given = Path(value[1:]).read_text() if value.startswith("@") else value
        if inner:
            members.setdefault(place, {})[inner] = _read_value(given)
        else:
            members[name] = given
    answer = operate(cloud, options.operation, user_id=options.user or "operator", **members)
    return answer, iter([json.dumps(answer, ensure_ascii=False, indent=2)])


def _replay_payments(cloud: Cloud, options: Options) -> Answer:
    command = {"day": options.day, "user_id": options.user or "operator", "reason": options.reason}
    payments: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        answer = client.invoke(cloud, "BankReplayFunction", {**command, "apply": options.apply, "after": after})
        payments += answer["payments"]
        after = answer["after"]
    return payments, (json.dumps(payment) for payment in payments)


def _read_value(text: str) -> Any:
    """A setting: JSON where it is, else text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _read_logs(cloud: Cloud, options: Options) -> Answer:
    groups = [options.function] if options.function else logs.list_groups(cloud)
    seen: set[str] = set()
    while options.follow:
        for group in groups:
            report.print_lines(_format_event(group, event) for event in logs.read_new_events(cloud, group, seen))
        time.sleep(1)
    events = [{"function": group, **event} for group in groups for event in logs.read_events(cloud, group)]
    events.sort(key=lambda event: int(event["timestamp"]))
    return events, (_format_event(event["function"], event) for event in events)


def _format_event(group: str, event: dict[str, Any]) -> str:
    instant = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    return f"{instant:%H:%M:%S} {group:<17} {event['message']}"


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    parser.add_argument("--home", type=Path, default=HOME, help="folder of the cloud (default: .local)")
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, run: Callable[..., Answer] | None, text: str, *, user: bool = False) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        command.add_argument("--json", action="store_true", help="print the result as JSON")
        if user:
            command.add_argument("--as", dest="user", metavar="ROLE", help="act as this person: maker, checker, ...")
        return command

    up = add("up", None, "start the cloud and keep it up until Ctrl-C")
    up.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="of template.yaml")
    upload = add("upload", _upload, "upload a workbook", user=True)
    upload.add_argument("file", type=Path)
    upload.add_argument("--biller", required=True, choices=[biller.biller_id for biller in BILLERS])
    upload.add_argument("--release", action="store_true", help="release it too, as the checker, warnings acknowledged")
    _add_send(upload)
    _add_waiting(upload)
    release = _add_upload_id(add("release", _release, "let a checked upload go", user=True))
    release.add_argument("--acknowledge", action="append", default=[], metavar="CODE", help="a warning seen")
    release.add_argument("--acknowledge-all", action="store_true")
    _add_send(release)
    _add_waiting(release)
    reject = _add_upload_id(add("reject", _change("reject", "checker", reason="reason"), "turn it down", user=True))
    reject.add_argument("--reason", required=True)
    _add_upload_id(add("delete", _change("delete", "maker"), "delete an upload not yet released", user=True))
    _add_upload_id(add("redrive", _change("redrive", "checker"), "write the failed chunks again", user=True))
    hold = _add_upload_id(add("hold", _hold, "stop an upload's unsent notices", user=True))
    hold.add_argument("--reason")
    _add_upload_id(add("unhold", _hold, "let an upload's held notices go", user=True))
    _add_upload_id(add("counts", _hold, "how many of an upload's notices went and how many wait", user=True))
    _add_upload_id(add("show", _show, "everything about an upload"))
    _add_upload_id(add("invoices", _list_invoices, "the invoices of an upload with their VA numbers"))
    add_invoice_commands(add)
    template = add("template", _write_template, "write the workbook that billers fill in")
    template.add_argument("module", type=Module, choices=list(Module))
    template.add_argument("out", type=Path)
    emails = add("emails", _save_emails, "write every e-mail that would have left to files")
    emails.add_argument("--out", type=Path)
    messages = add("messages", _list_messages, "every message that would have left, and what was reported of it")
    messages.add_argument("--channel", choices=list(Channel))
    messages.add_argument("--to", default="", help="part of an address or number")
    asked = add("report", _save_report, "have a report made and save its file")
    asked.add_argument("kind", choices=list(ReportKind))
    asked.add_argument("--biller", required=True, choices=[biller.biller_id for biller in BILLERS])
    asked.add_argument("--format", choices=list(ReportFormat), default=ReportFormat.XLSX)
    asked.add_argument("--language", choices=["id", "en"], default="id")
    asked.add_argument("--since", type=date.fromisoformat, help="first day, for reports about a period")
    asked.add_argument("--until", type=date.fromisoformat, help="last day")
    asked.add_argument("--out", type=Path, help="folder (default: reports/ of the cloud's)")
    settle = add("reconcile", _reconcile, "match the bank's settlement file to our payments, and save the report")
    settle.add_argument("file", type=Path, nargs="?", help="without it: a file is written from all payments so far")
    settle.add_argument("--with", dest="differences", action="append", default=[], choices=DIFFERENCES)
    settle.add_argument("--format", choices=["csv", "xlsx"], default="csv")
    settle.add_argument("--out", type=Path, help="folder (default: reports/ of the cloud's)")
    token = add("token", _print_token, "sign in and print an access token for the API; it holds for 15 minutes")
    token.add_argument("email", choices=[person.email for person in STAFF], metavar="USER")
    preview = add("preview", _preview, "a notice on every channel as it would be sent, of a sample or a real invoice")
    preview.add_argument("--biller", required=True, choices=[biller.biller_id for biller in BILLERS])
    preview.add_argument("--kind", choices=list(NoticeKind), default=NoticeKind.ISSUED)
    preview.add_argument("--language", choices=LANGUAGES, default=LANGUAGES[0])
    preview.add_argument("--offset", type=int, default=0, help="of a reminder, in days from the due date")
    preview.add_argument("--names", choices=["short", "long"], default="short", help="of the sample")
    preview.add_argument("--number", help="of a real invoice, instead of the sample")
    preview.add_argument("--change", metavar="JSON", help="a change of the wording to try, as set_wording takes it")
    preview.add_argument("--out", type=Path, help="write the e-mail's HTML here")
    add_commands(add)
    _add_va_number(add("inquire", _inquire, "the bank asks what is due on a virtual account"), fault=True)
    pay = _add_va_number(add("pay", _pay, "the bank pays a virtual account"), fault=True)
    pay.add_argument("--amount", type=int, help="rupiah; without it the bank asks first and pays what is due")
    pay.add_argument("--times", type=int, default=1, help="send the same payment so often, each as a new call")
    pay.add_argument("--advice", action="store_true", help="repeats say that they are repeats (flagAdvise Y)")
    pay.add_argument("--request-id", help="paymentRequestId; without it a new one")
    pay.add_argument("--external-id", help="X-EXTERNAL-ID of every call; without it a new one each")
    status = _add_va_number(add("status", _ask_status, "the bank asks what became of a payment"))
    status.add_argument("request_id", help="inquiryRequestId or paymentRequestId")
    bank = add("bank", _operate, "a command about bank clients and their calls (docs/commands.md)", user=True)
    bank.add_argument("operation", help="list_clients, create_client, disable_client, list_calls, show_call, ...")
    bank.add_argument("member", nargs="*", metavar="NAME=VALUE", help="of the command; NAME=@FILE reads a file")
    replay = add(
        "replay-payments", _replay_payments, "a day's payments as kept, told once more with --apply", user=True
    )
    replay.add_argument("day", help="YYYY-MM-DD in Jakarta")
    replay.add_argument("--apply", action="store_true", help="post what is missing; without it only list")
    replay.add_argument("--reason", default="a look")
    log = add("logs", _read_logs, "what the functions logged")
    log.add_argument("function", nargs="?", help="as in upload-check; all without it")
    log.add_argument("--follow", action="store_true")
    return parser


def _add_upload_id(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument("upload_id")
    return command


def _add_va_number(command: argparse.ArgumentParser, *, fault: bool = False) -> argparse.ArgumentParser:
    command.add_argument("va_number")
    if fault:
        command.add_argument("--fault", type=Fault, choices=list(Fault), help="what is wrong with the call")
    return command


def _add_send(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--send",
        default=Send.IN_HOURS,
        metavar="now|in_hours|INSTANT",
        help="when a release's notices leave: at once, in the biller's hours (default), or from an ISO instant on",
    )


def _add_waiting(command: argparse.ArgumentParser) -> None:
    command.add_argument("--wait", action="store_true", help="until the product has finished with it")
    command.add_argument("--timeout", type=float, default=600, help="seconds to wait (default 600)")


if __name__ == "__main__":
    sys.exit(main())

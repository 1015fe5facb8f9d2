"""The e-mail that a scheduled report is ready, in both languages: to people of the biller, not to payers."""

from datetime import timedelta
from email.utils import formataddr
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from invoicing import clock
from invoicing.billers import Biller
from invoicing.reporting import sign_file
from invoicing.reports import Report
from invoicing.settings import get_settings
from invoicing.texts import LANGUAGES, text
from notify.channels.calling import call_once
from notify.channels.email import class_error, client

if TYPE_CHECKING:
    from mypy_boto3_sesv2.type_defs import SendEmailRequestTypeDef


def send_report_mail(report: Report, address: str, biller: Biller) -> None:
    """One call for one address, so that none sees the others. Raises ``notify.outcomes``."""
    request = _build_request(address, report, biller)
    call_once(lambda: client().send_email(**request)["MessageId"], class_error)


def _build_request(address: str, report: Report, biller: Biller) -> "SendEmailRequestTypeDef":
    settings = get_settings()
    first = report.order.language
    languages = sorted(LANGUAGES, key=lambda language: language != first)
    body = "\n\n---\n\n".join(_render_body(report, biller, language) for language in languages)
    subject = text("reports.mail.subject", first, title=_title(report, first), biller=_one_line(biller.name))
    sender = text(f"notices.sender_name.{biller.module}", first)
    return {
        "FromEmailAddress": formataddr((sender, settings.email_sender_address)),
        "Destination": {"ToAddresses": [address]},
        "Content": {
            "Simple": {
                "Subject": {"Data": subject, "Charset": "UTF-8"},
                "Body": {"Text": {"Data": body, "Charset": "UTF-8"}},
            }
        },
        "ConfigurationSetName": settings.email_configuration_set,
    }


def _render_body(report: Report, biller: Biller, language: str) -> str:
    settings = get_settings()
    zone = ZoneInfo(biller.policy.zone)
    until = clock.from_text(report.done_at) + timedelta(days=settings.report_retention_days)
    facts = {
        "title": _title(report, language),
        "biller": _one_line(biller.name),
        "as_of": f"{clock.from_text(report.as_of).astimezone(zone):%d/%m/%Y %H:%M}",
        "until": f"{until.astimezone(zone):%d/%m/%Y}",
    }
    if settings.dashboard_origin:
        # Whoever forwards the mail forwards no data: the page asks for a login.
        link = text("reports.mail.link", language, link=f"{settings.dashboard_origin}/reports/{report.report_id}")
    else:
        link = text("reports.mail.direct", language, link=sign_file(report))
    return "\n\n".join(
        [text("reports.mail.body", language, **facts), link, text("reports.mail.why", language, **facts)]
    )


def _title(report: Report, language: str) -> str:
    return text(f"reports.title.{report.order.kind}", language)


def _one_line(name: str) -> str:
    return " ".join(name.split())

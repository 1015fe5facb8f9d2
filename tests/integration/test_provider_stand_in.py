"""The providers' stand-in, asked by unchanged AWS clients and looked at by a browser."""

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError
from standardwebhooks import Webhook

from infra.local.certificate import write_certificate
from infra.local.cloud import ROOT
from infra.local.provider_events import plan_steps
from infra.local.provider_faults import MEANINGS, Fault, find_fault
from infra.local.providers import Providers, run_providers
from infra.local.webhook_receiver import MEANINGS as BEHAVIOURS
from infra.local.webhook_receiver import Behaviour, run_receiver
from invoicing.notices import PAYER_CHANNELS, Channel
from invoicing.occasions import Occasion
from notify.channels.whatsapp_templates import name_template

REFERENCE = "028_8800100000000017_issued-email-91c2f0a37be41d58"
HOSTILE = "<script>alert(1)</script>\" onload='x' {{7*7}}"


@pytest.fixture
def providers() -> Iterator[Providers]:
    with run_providers() as running:
        yield running


def make_client(providers: Providers, service: str) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=providers.address,
        region_name="ap-southeast-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


def send_email(providers: Providers, to: str, subject: str = "Tagihan", html: str = "<p>Tagihan</p>") -> Any:
    bank_code, va_number, notice_id = REFERENCE.split("_")
    tags = {"bank_code": bank_code, "va_number": va_number, "notice_id": notice_id}
    return make_client(providers, "sesv2").send_email(
        FromEmailAddress="OCBC E-Invoice <notifikasi@ocbc.id>",
        Destination={"ToAddresses": [to]},
        Content={"Simple": {"Subject": {"Data": subject}, "Body": {"Text": {"Data": "t"}, "Html": {"Data": html}}}},
        EmailTags=[{"Name": name, "Value": value} for name, value in tags.items()],
    )


def send_sms(providers: Providers, to: str, words: str = "Tagihan Rp88.000") -> Any:
    sender = {"AWS.SNS.SMS.SenderID": {"DataType": "String", "StringValue": "OCBCInfo"}}
    return make_client(providers, "sns").publish(PhoneNumber=to, Message=words, MessageAttributes=sender)


def send_whatsapp(providers: Providers, to: str, **changes: Any) -> Any:
    parameters = [{"type": "text", "text": words} for words in ("Ibu", "Toko", "Alya", "SPP", "Rp1", "1 Mei", "8800")]
    template = {
        "name": name_template(Occasion.ISSUED),
        "language": {"code": "id"},
        "components": [{"type": "body", "parameters": parameters}],
    }
    message = {"to": to, "biz_opaque_callback_data": REFERENCE, "template": template | changes}
    return make_client(providers, "socialmessaging").send_whatsapp_message(
        originationPhoneNumberId="phone-number-id-localeinvoice",
        message=json.dumps(message).encode(),
        metaApiVersion="v23.0",
    )


def get(providers: Providers, path: str, **headers: str) -> Any:
    with urllib3.PoolManager() as http:
        return http.request("GET", providers.address + path, headers=headers, retries=False)


def test_message_is_answered_kept_and_found_by_channel_and_recipient(providers: Providers) -> None:
    ids = {
        send_email(providers, "sari@example.com")["MessageId"],
        send_sms(providers, "+6281200000001")["MessageId"],
        send_whatsapp(providers, "+6281200000001")["messageId"],
    }
    found = json.loads(get(providers, "/messages.json").data)
    assert {message["provider_id"] for message in found["messages"]} == ids
    assert [message["segments"] for message in found["messages"]] == [0, 1, 0]
    assert {(entry["requests"], entry["accepted"]) for entry in found["received"]} == {(1, 1)}
    (sms,) = json.loads(get(providers, "/messages.json?channel=sms&to=0001").data)["messages"]
    assert (sms["to"], sms["text"], sms["sender"]) == ("+6281200000001", "Tagihan Rp88.000", "OCBCInfo")
    (whatsapp,) = json.loads(get(providers, "/messages.json?channel=whatsapp").data)["messages"]
    assert whatsapp["reference"] == REFERENCE
    assert "Toko" in whatsapp["text"]
    assert "{{" not in whatsapp["text"]


@pytest.mark.parametrize(
    ("send", "name", "codes"),
    [
        (send_email, "{fault}@example.com", ("TooManyRequestsException", "MessageRejected", "InternalFailure")),
        (send_sms, "+62812{digits}", ("Throttled", "InvalidParameter", "InternalError")),
        (
            send_whatsapp,
            "+62812{digits}",
            ("ThrottledRequestException", "InvalidParametersException", "InternalServiceException"),
        ),
    ],
)
def test_magic_recipient_gets_the_error_of_its_provider(
    providers: Providers, send: Any, name: str, codes: tuple[str, str, str]
) -> None:
    faults = (Fault.THROTTLE, Fault.REFUSE, Fault.ERROR_ONCE)
    for fault, code in zip(faults, codes, strict=True):
        with pytest.raises(ClientError) as refusal:
            send(providers, name.format(fault=fault, digits=fault.digits))
        assert refusal.value.response["Error"]["Code"] == code
    assert providers.mailbox.find() == []
    send(providers, name.format(fault=Fault.ERROR_ONCE, digits=Fault.ERROR_ONCE.digits))
    assert [message.fault for message in providers.mailbox.find()] == [Fault.ERROR_ONCE]


def test_fault_is_read_from_the_recipient_alone() -> None:
    for fault in Fault:
        assert find_fault(f"{fault}@example.com") is find_fault(f"{fault}+7@example.org") is fault
        assert find_fault(f"+62812{fault.digits}") is fault
    assert len({fault.digits for fault in Fault}) == len(Fault)
    for usual in ("sari@example.com", "bounces@example.com", "sari@bounce.example", "+62812999900", "+628129999099"):
        assert find_fault(usual) is None


@pytest.mark.parametrize("channel", PAYER_CHANNELS)
def test_events_of_a_fault_are_those_of_its_table(channel: Channel) -> None:
    usual = [step for _, step in plan_steps(channel, None)]
    assert plan_steps(channel, Fault.NO_RECEIPT) == []
    assert len(plan_steps(channel, Fault.RECEIPT_TWICE)) == 2 * len(usual)
    assert {arrives for arrives, _ in plan_steps(channel, Fault.RECEIPT_EARLY)} == {0}
    backwards = [step.after for _, step in plan_steps(channel, Fault.RECEIPTS_REVERSED)]
    assert backwards == sorted(backwards, reverse=True)
    assert len(backwards) > 1


def test_template_that_is_not_registered_is_refused(providers: Providers) -> None:
    with pytest.raises(ClientError, match="InvalidParametersException"):
        send_whatsapp(providers, "+6281200000001", name="bill_other_1")
    assert providers.mailbox.find() == []


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_page_shows_hostile_words_as_words(providers: Providers) -> None:
    send_email(providers, "sari@example.com", subject=HOSTILE, html=f"<h1>Hi</h1>{HOSTILE}")
    send_sms(providers, "+6281200000001", words=HOSTILE)
    answer = get(providers, f"/?to={'%3Cscript%3E'}")
    assert "<script>" not in answer.data.decode()
    page = get(providers, "/")
    elements = Elements(page.data.decode()).found
    assert page.data.decode().count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2
    assert "{{7*7}}" in page.data.decode()
    assert not [
        tag for tag, attributes in elements if tag == "script" or any(name.startswith("on") for name in attributes)
    ]
    (frame,) = [attributes for tag, attributes in elements if tag == "iframe"]
    assert frame["sandbox"] in ("", None)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    email = get(providers, str(frame["src"]))
    assert email.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


def test_page_has_newest_first_and_goes_on_to_older_ones(providers: Providers) -> None:
    for number in range(51):
        send_sms(providers, f"+62812000{number:05d}")
    page = get(providers, "/").data.decode()
    numbers = [int(number) for number in re.findall(r'id="message-(\d+)"', page)]
    assert numbers == list(range(51, 1, -1))
    older = re.search(r'href="([^"]+before=[^"]+)"', page)
    assert older
    assert 'id="message-1"' in get(providers, older[1].replace("&amp;", "&")).data.decode()


def test_page_is_for_its_own_address_only(providers: Providers) -> None:
    """A site whose name was turned to 127.0.0.1 reads nothing."""
    send_sms(providers, "+6281200000001")
    answer = get(providers, "/messages.json", Host="evil.example")
    assert (answer.status, answer.data) == (421, b"")


def test_call_that_is_none_is_refused_and_not_kept(providers: Providers) -> None:
    with urllib3.PoolManager() as http:
        for path in ("/v2/email/outbound-emails", "/v1/whatsapp/send"):
            for body in (b"", b"[]", b"{}", b"\xff", base64.b64encode(b"{}")):
                assert 400 <= http.request("POST", providers.address + path, body=body, retries=False).status < 500
        assert http.request("POST", f"{providers.address}/other", body=b"{}", retries=False).status == 404
        too_long = {"Content-Length": "99999999"}
        answer = http.request("POST", f"{providers.address}/", body=b"", headers=too_long, retries=False)
        assert answer.status == 413
    with pytest.raises(ClientError, match="InvalidParameter"):
        send_sms(providers, "0812")
    assert providers.mailbox.find() == []


def test_table_of_faults_in_the_documents_is_the_one_that_holds() -> None:
    documented = (ROOT / "docs" / "local-cloud.md").read_text()
    for fault in Fault:
        assert f"| `{fault}@…` | `{fault.digits}` | {MEANINGS[fault]} |" in documented


def test_table_of_paths_in_the_documents_is_the_one_that_holds() -> None:
    documented = (ROOT / "docs" / "local-cloud.md").read_text()
    assert set(BEHAVIOURS) == set(Behaviour)
    for behaviour, meaning in BEHAVIOURS.items():
        assert f"| `/{behaviour}` | {meaning} |" in documented


def test_receiver_of_webhooks_takes_only_what_a_known_secret_signed(providers: Providers, tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    body = json.dumps({"type": "invoice.issued", "data": {"id": HOSTILE}})

    def call(http: urllib3.PoolManager, address: str, signed_with: str) -> int:
        now = datetime.now(UTC)
        signature = Webhook(signed_with).sign("id-1", now, body)
        headers = {
            "webhook-id": "id-1",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }
        return http.request("POST", f"{address}/orders", body=body, headers=headers, retries=False).status

    with (
        run_receiver(providers.mailbox, providers.webhook_secrets, certificate, key) as receiver,
        urllib3.PoolManager(ca_certs=str(certificate)) as http,
    ):
        assert call(http, receiver.address, secret) == 401
        for told, status in ((secret, 204), ("secret", 400), ("", 400)):
            answer = http.request("POST", f"{providers.address}/webhook-secrets", body=told, retries=False)
            assert answer.status == status
        assert call(http, receiver.address, secret) == 204
        assert call(http, receiver.address, "whsec_" + base64.b64encode(b"x" * 32).decode()) == 401
        (taken,) = providers.mailbox.find("webhook")
    assert (taken.submission.reference, taken.submission.subject) == ("id-1", "invoice.issued")
    page = get(providers, "/?channel=webhook").data.decode()
    assert "<script>" not in page
    assert "invoice.issued" in page

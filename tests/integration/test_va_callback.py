"""The bank's calls at the border: who calls, with which token, time and signature; and what each wrong call is told."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.local.bank import PATH, Bank, Call, Fault, Reply, write_public_key, write_timestamp
from invoicing import bank_changes, clock
from invoicing.bank_clients import Keep
from invoicing.errors import RotationError
from invoicing.settings import get_settings
from invoicing.store import bank_calls, dynamodb, secrets
from invoicing.store.short_cache import LIFE_SECONDS, REFETCH_SECONDS
from tests.integration.conftest import Aws
from tests.integration.faults import CallCounter
from tests.integration.snap_scenario import (
    VA_NUMBER,
    Services,
    change_by_two,
    change_header,
    connect,
    install_services,
    make_event,
    make_key,
    operate,
    send,
    send_event,
    write_private_key,
)
from va_callback import command_handler, handler
from va_callback.access_token import issue_token
from va_callback.calls import Service
from va_callback.http_call import MAX_BODY_BYTES
from va_callback.keeping import mask_headers

TOKEN_PATH = f"{PATH}/access-token/b2b"
INQUIRY_PATH = f"{PATH}/transfer-va/inquiry"


class Clock:
    """The product's and the bank's clock, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.instant = datetime(2026, 11, 27, 3, 0, 0, tzinfo=UTC)
        monkeypatch.setattr(clock, "now", lambda: self.instant)

    def pass_time(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Services:
    return install_services(monkeypatch)


@pytest.fixture
def bank(aws: Aws, now: Clock, services: Services) -> Bank:
    return connect()


def make_token_call(bank: Bank, *, body: bytes = b'{"grantType":"client_credentials"}', timestamp: str = "") -> Call:
    timestamp = timestamp or write_timestamp()
    headers = {
        "Content-Type": "application/json",
        "X-TIMESTAMP": timestamp,
        "X-CLIENT-KEY": bank.identity.client_id,
        "X-SIGNATURE": bank.sign_rsa(f"{bank.identity.client_id}|{timestamp}"),
    }
    return Call("POST", TOKEN_PATH, headers, body)


def make_call(bank: Bank, *, body: bytes | None = None, path: str = INQUIRY_PATH, **headers: str) -> Call:
    """A signed inquiry; ``headers`` by name with _ for -."""
    token = headers.pop("token", None) or bank.take_token().body["accessToken"]
    given = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {token}",
        "X-TIMESTAMP": write_timestamp(),
        "X-PARTNER-ID": bank.identity.partner_id,
        "X-EXTERNAL-ID": "20261127000001",
        "CHANNEL-ID": "95221",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    raw = json.dumps(bank.build_inquiry(VA_NUMBER)).encode() if body is None else body
    return bank.sign(Call("POST", path, given, raw))


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """All that the functions log, in full."""
    lines = StringIO()
    for logger in (handler.logger, command_handler.logger):
        monkeypatch.setattr(logger.registered_handler, "stream", lines)
    return lines


# -------------------- Access token ------------------------------------------------------------------------------------


def test_token_is_answered_as_the_standard_has_it(bank: Bank) -> None:
    reply = bank.take_token()
    assert (reply.http_status, reply.code, reply.body["responseMessage"]) == (200, "2007300", "Successful")
    assert (reply.body["tokenType"], reply.body["expiresIn"]) == ("Bearer", "900")
    assert reply.headers["X-TIMESTAMP"] == "2026-11-27T10:00:00+07:00"
    assert reply.headers["X-CLIENT-KEY"] == "BANK-A"
    assert reply.headers["Content-Type"] == "application/json"


WRONG_TOKEN_REQUESTS: list[tuple[Callable[[Call], Call], str, str]] = [
    *(
        (lambda call, name=name: change_header(call, name, None), "4007302", f"Invalid Mandatory Field [{name}]")
        for name in ("Content-Type", "X-TIMESTAMP", "X-CLIENT-KEY", "X-SIGNATURE")
    ),
    (lambda call: change_header(call, "X-TIMESTAMP", "2026-11-27 10:00:00"), "4007301", "[X-TIMESTAMP]"),
    (lambda call: change_header(call, "X-TIMESTAMP", "2026-11-27T10:00:00"), "4007301", "[X-TIMESTAMP]"),
    (lambda call: change_header(call, "X-TIMESTAMP", "2026-13-27T10:00:00Z"), "4007301", "[X-TIMESTAMP]"),
    (lambda call: change_header(call, "Content-Type", "text/plain"), "4007301", "[Content-Type]"),
    (lambda call: change_header(call, "X-CLIENT-KEY", "nobody"), "4017300", "Unauthorized. [Unknown client]"),
    (lambda call: change_header(call, "X-TIMESTAMP", "2026-11-27T09:44:59+07:00"), "4017300", "[Timestamp]"),
    (lambda call: change_header(call, "X-SIGNATURE", "AAAA"), "4017300", "Unauthorized. [Signature]"),
    (lambda call: change_header(call, "X-TIMESTAMP", "2026-11-27T10:00:01+07:00"), "4017300", "[Signature]"),
    (lambda call: replace(call, body=b""), "4007300", "Bad Request"),
    (lambda call: replace(call, body=b"grantType=client_credentials"), "4007300", "Bad Request"),
    (lambda call: replace(call, body=b"{}"), "4007302", "Invalid Mandatory Field [grantType]"),
    (lambda call: replace(call, body=b'{"grantType":"password"}'), "4007301", "Invalid Field Format [grantType]"),
    (lambda call: replace(call, body=b'{"grantType":["client_credentials"]}'), "4007301", "[grantType]"),
    (lambda call: replace(call, method="GET"), "4057300", "Requested Function Is Not Supported"),
    (lambda call: replace(call, body=b" " * (MAX_BODY_BYTES + 1)), "4007300", "Bad Request"),
]
"""How a request is spoilt, the code, part of the message."""


def test_wrong_token_request_is_told_what_is_wrong(bank: Bank) -> None:
    for spoil, code, message in WRONG_TOKEN_REQUESTS:
        reply = send(spoil(make_token_call(bank)))
        assert (reply.http_status, reply.code) == (int(code[:3]), code)
        assert message in reply.body["responseMessage"]
        assert set(reply.body) == {"responseCode", "responseMessage"}


def test_token_request_may_bring_more_members_and_a_character_set(bank: Bank) -> None:
    body = b'{"grantType":"client_credentials","scope":"va","additionalInfo":{}}'
    call = change_header(make_token_call(bank, body=body), "Content-Type", "application/json; charset=utf-8")
    assert send(call).code == "2007300"


def test_key_shorter_than_the_client_is_set_to_gives_no_token(aws: Aws, now: Clock, services: Services) -> None:
    answer = operate(
        "create_client", client_id="SMALL", partner_id="1", public_key=write_public_key(make_key(9, bits=1024))
    )
    assert answer["error"]["code"] == "bank_client_invalid"
    bank = connect(key=0, min_key_bits=2048)
    small = replace(bank.identity, private_key=write_private_key(make_key(9, bits=1024)))
    assert Bank(small, send).take_token().code == "4017300"


# -------------------- Calls ------------------------------------------------------------------------------------------


def test_signed_call_reaches_its_service_as_it_was_sent(bank: Bank, services: Services) -> None:
    call = make_call(bank)
    assert send(call).code == "2002400"
    (seen,) = services.calls
    assert (seen.service, seen.client.client_id, seen.external_id, seen.channel_id) == (
        Service.INQUIRY,
        "BANK-A",
        "20261127000001",
        "95221",
    )
    assert seen.raw_body == call.body
    assert seen.body == json.loads(call.body)
    assert seen.timestamp == call.headers["X-TIMESTAMP"]


def test_each_path_is_its_service_and_any_other_is_not_found(bank: Bank, services: Services) -> None:
    for path, code in (("inquiry", "2002400"), ("payment", "2002500"), ("status", "2002600")):
        assert send(make_call(bank, path=f"{PATH}/transfer-va/{path}")).code == code
    services.calls.clear()
    for path in ("/live/snap/v1.0", "/live/snap/v2.0/transfer-va/inquiry", f"{INQUIRY_PATH}/", "/live/"):
        reply = send(make_call(bank, path=path))
        assert (reply.http_status, reply.code) == (404, "4040000")
    assert not services.calls


def test_path_may_begin_with_its_version_where_the_bank_has_no_prefix(
    bank: Bank, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = bank.take_token().body["accessToken"]
    monkeypatch.setenv("SNAP_PATH_PREFIX", "")
    get_settings.cache_clear()
    assert send(make_call(bank, token=token, path="/live/v1.0/transfer-va/inquiry")).code == "2002400"
    assert send(make_call(bank, token=token, path=INQUIRY_PATH)).code == "4040000"


MANDATORY = ("partnerServiceId", "customerNo", "virtualAccountNo", "virtualAccountName")
WRONG_CALLS: list[tuple[Callable[[Call], Call], str, str]] = [
    (lambda call: replace(call, method="PUT"), "40500", "Requested Function Is Not Supported"),
    (lambda call: replace(call, body=b" " * (MAX_BODY_BYTES + 1)), "40000", "Bad Request"),
    *(
        (lambda call, name=name: change_header(call, name, None), "40002", f"Invalid Mandatory Field [{name}]")
        for name in ("Content-Type", "X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID")
    ),
    (lambda call: change_header(call, "Authorization", None), "40101", "Invalid Token (B2B)"),
    (lambda call: change_header(call, "Authorization", "Basic YQ=="), "40101", "Invalid Token (B2B)"),
    (lambda call: change_header(call, "Authorization", "Bearer a.b.c"), "40101", "Invalid Token (B2B)"),
    (lambda call: change_header(call, "X-TIMESTAMP", "27-11-2026"), "40001", "[X-TIMESTAMP]"),
    (lambda call: change_header(call, "X-EXTERNAL-ID", "a" * 37), "40001", "[X-EXTERNAL-ID]"),
    (lambda call: change_header(call, "X-EXTERNAL-ID", "a/b"), "40001", "[X-EXTERNAL-ID]"),
    (lambda call: change_header(call, "CHANNEL-ID", "123456"), "40001", "[CHANNEL-ID]"),
    (lambda call: change_header(call, "Content-Type", "application/xml"), "40001", "[Content-Type]"),
    (lambda call: change_header(call, "X-PARTNER-ID", "nobody"), "40100", "Unauthorized. [Unknown client]"),
    (lambda call: change_header(call, "X-TIMESTAMP", "2026-11-27T10:15:01+07:00"), "40100", "[Timestamp]"),
    (lambda call: change_header(call, "X-SIGNATURE", "é"), "40001", "[X-SIGNATURE]"),
    (lambda call: change_header(call, "X-SIGNATURE", "x"), "40100", "Unauthorized. [Signature]"),
    (lambda call: replace(call, body=call.body + b" {}"), "40100", "Unauthorized. [Signature]"),
]
"""How a call is spoilt, the code without its service, part of the message."""


@pytest.mark.parametrize(("service", "path"), [("24", "inquiry"), ("25", "payment"), ("26", "status")])
def test_wrong_call_is_told_what_is_wrong_and_reaches_no_service(
    bank: Bank, services: Services, service: str, path: str
) -> None:
    call = make_call(bank, path=f"{PATH}/transfer-va/{path}")
    for spoil, case, message in WRONG_CALLS:
        reply = send(spoil(call))
        assert (str(reply.http_status), reply.code) == (case[:3], f"{case[:3]}{service}{case[3:]}")
        assert message in reply.body["responseMessage"]
        if case.startswith("400"):
            outcome = "inquiry" if service == "24" else "paymentFlag"
            data = reply.body["virtualAccountData"]
            assert data[f"{outcome}Status"] == "01"
            assert set(data[f"{outcome}Reason"]) == {"english", "indonesia"}
            # What the standard asks of every answer; nothing of a body that nobody signed is told back.
            assert {name: data[name] for name in MANDATORY} == dict.fromkeys(MANDATORY, "")
        else:
            assert set(reply.body) == {"responseCode", "responseMessage"}
    assert not services.calls


def test_signed_body_that_is_no_clear_json_is_a_bad_request(bank: Bank, services: Services) -> None:
    deep = b'{"a":' + b"[" * 40 + b"]" * 40 + b"}"
    for body in (b"", b"x=1", b"[]", b'{"a":1,"a":2}', deep, b'{"a":"\xff"}'):
        reply = send(make_call(bank, body=body))
        assert (reply.http_status, reply.code) == (400, "4002400")
    assert not services.calls


def test_call_that_is_wrong_in_every_way_is_refused_for_the_first_in_the_order_of_the_standard(bank: Bank) -> None:
    """Each step mends one fault, and the answer moves on to the next."""
    good = make_call(bank)
    steps: list[tuple[str, Callable[[Call], Call]]] = [
        ("4052400", lambda call: replace(call, method="POST")),
        ("4002400", lambda call: replace(call, body=b"[1, 2]")),
        ("4002402", lambda call: change_header(call, "CHANNEL-ID", "?")),
        ("4002401", lambda call: change_header(call, "CHANNEL-ID", "95221")),
        ("4012400", lambda call: change_header(call, "X-PARTNER-ID", "88001")),
        ("4012401", lambda call: change_header(call, "Authorization", good.headers["Authorization"])),
        ("4012400", lambda call: change_header(call, "X-TIMESTAMP", write_timestamp())),
        ("4012400", bank.sign),
        ("4002400", lambda _call: good),
        ("2002400", lambda call: call),
    ]
    call = replace(good, method="GET", body=b" " * (MAX_BODY_BYTES + 1))
    for name, value in (("CHANNEL-ID", None), ("X-PARTNER-ID", "nobody"), ("Authorization", None)):
        call = change_header(call, name, value)
    call = change_header(call, "X-TIMESTAMP", "2020-01-01T00:00:00Z")
    for code, mend in steps:
        assert send(call).code == code
        call = mend(call)


def test_header_names_may_be_written_in_any_case_and_one_given_twice_is_refused(bank: Bank, services: Services) -> None:
    event = make_event(make_call(bank))
    event["headers"] = {name.upper(): value for name, value in event["headers"].items()}
    event["multiValueHeaders"] = {name.lower(): values for name, values in event["multiValueHeaders"].items()}
    assert send_event(event).code == "2002400"
    event["multiValueHeaders"]["x-external-id"].append("20261127000002")
    assert send_event(event).code == "4002401"
    event["multiValueHeaders"]["x-external-id"].pop()
    event["multiValueHeaders"]["authorization"].append("Bearer other")
    assert send_event(event).code == "4012401"


def test_body_comes_in_base64_or_as_text(bank: Bank, services: Services) -> None:
    call = make_call(bank, body='{"name":"Sīti 🎓"}'.encode())
    assert send_event(make_event(call, in_base64=True)).code == "2002400"
    assert send_event(make_event(call, in_base64=False)).code == "2002400"
    broken = make_event(call) | {"body": "{not base64}"}
    assert send_event(broken).code == "4012400"


def test_clock_of_the_bank_may_be_off_by_its_tolerance(bank: Bank, now: Clock) -> None:
    plain = "%Y-%m-%dT%H:%M:%SZ"
    for shift, form, code in (
        (0, plain, "2002400"),
        (0, "%Y-%m-%dT%H:%M:%S.123Z", "2002400"),
        (0, "%Y-%m-%dT%H:%M:%S+0000", "2002400"),
        (-900, plain, "2002400"),
        (900, plain, "2002400"),
        (-901, plain, "4012400"),
        (901, plain, "4012400"),
        (0, "%Y-%m-%dT%H:%M:%S+07:00", "4012400"),
    ):
        timestamp = (now.instant + timedelta(seconds=shift)).strftime(form)
        assert send(make_call(bank, X_TIMESTAMP=timestamp)).code == code


def test_client_that_prints_utc_with_the_offset_of_jakarta_passes_where_its_tolerance_is_set_so(
    aws: Aws, now: Clock, services: Services
) -> None:
    bank = connect(timestamp_tolerance_seconds=8 * 3600)
    timestamp = now.instant.strftime("%Y-%m-%dT%H:%M:%S+07:00")
    assert send(make_call(bank, X_TIMESTAMP=timestamp)).code == "2002400"


def test_digits_only_external_id_where_the_client_is_set_so(aws: Aws, now: Clock, services: Services) -> None:
    strict = connect(numeric_external_id=True)
    assert send(make_call(strict)).code == "2002400"
    reply = send(make_call(strict, X_EXTERNAL_ID="0a1b"))
    assert reply.code == "4002401"
    # The signature fits, so the call's own ids are told back as they came.
    assert reply.body["virtualAccountData"]["virtualAccountNo"].endswith("12345678901")
    assert reply.body["virtualAccountData"]["partnerServiceId"] == "   88001"


def test_only_listed_addresses_may_call_and_no_header_changes_the_address(
    aws: Aws, now: Clock, services: Services
) -> None:
    bank = connect(allowed_networks=["203.0.113.0/28", "2001:db8::/64"])
    call = make_call(bank)
    for address, code in (
        ("203.0.113.15", "2002400"),
        ("2001:db8::5", "2002400"),
        ("203.0.113.16", "4012400"),
        ("", "4012400"),
    ):
        forged = change_header(change_header(call, "X-Forwarded-For", "203.0.113.1"), "X-IP-ADDRESS", "203.0.113.1")
        reply = send_event(make_event(forged, source_ip=address))
        assert reply.code == code
        assert code == "2002400" or "Connection not allowed" in reply.body["responseMessage"]
    denied = send_event(make_event(make_token_call(bank), source_ip="198.51.100.1"))
    assert denied.body["responseMessage"] == "Unauthorized. [Connection not allowed]"


def test_bank_that_signs_with_its_own_key_needs_no_token_and_cannot_use_the_other_way(
    aws: Aws, now: Clock, services: Services
) -> None:
    bank = connect(signature="asymmetric")
    assert bank.identity.secret == ""
    call = make_call(bank, token="none")
    digest = hashlib.sha256(call.body).hexdigest()
    signature = bank.sign_rsa(f"POST:{INQUIRY_PATH}:{digest}:{call.headers['X-TIMESTAMP']}")
    good = change_header(change_header(call, "Authorization", None), "X-SIGNATURE", signature)
    assert send(good).code == "2002400"
    assert send(replace(good, body=b"{}")).code == "4012400"
    # Its empty secret is no key to anything.
    assert send(call).code == "4012400"
    assert len(services.calls) == 1


def test_symmetric_client_cannot_sign_with_its_own_key_instead(bank: Bank, services: Services) -> None:
    call = make_call(bank)
    digest = hashlib.sha256(call.body).hexdigest()
    for text in (f"POST:{INQUIRY_PATH}:{digest}", f"POST:{INQUIRY_PATH}:{call.headers['Authorization'][7:]}:{digest}"):
        signature = bank.sign_rsa(f"{text}:{call.headers['X-TIMESTAMP']}")
        assert send(change_header(call, "X-SIGNATURE", signature)).code == "4012400"
    assert not services.calls


# -------------------- Tokens, keys and secrets over time --------------------------------------------------------------


def test_token_is_good_for_fifteen_minutes_and_only_for_its_own_client(
    bank: Bank, now: Clock, services: Services
) -> None:
    other = connect("BANK-B", "88002", key=1)
    token = bank.take_token().body["accessToken"]
    assert send(make_call(other, token=token)).code == "4012401"
    now.pass_time(899)
    assert send(make_call(bank, token=token)).code == "2002400"
    now.pass_time(1)
    assert send(make_call(bank, token=token)).code == "4012401"


def test_token_that_was_changed_is_invalid(bank: Bank) -> None:
    header, claims, signature = bank.take_token().body["accessToken"].split(".")
    named = json.loads(base64.urlsafe_b64decode(header + "=="))

    def encode(members: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(members).encode()).decode().rstrip("=")

    longer = encode({"sub": "BANK-A", "aud": "snap", "iat": 1, "exp": 9_999_999_999})
    for token in (
        f"{header}.{longer}.{signature}",
        f"{encode(named | {'alg': 'none'})}.{claims}.",
        f"{encode(named | {'alg': 'none'})}.{longer}.{signature}",
        f"{encode(named | {'alg': 'HS512'})}.{claims}.{signature}",
        f"{encode(named | {'kid': '0' * 16})}.{claims}.{signature}",
        f"{header}.{claims}.{signature[:-4]}{'AAAA' if signature[-4:] != 'AAAA' else 'BBBB'}",
        f"{header}.{claims}",
    ):
        assert send(make_call(bank, token=token)).code == "4012401"


def test_token_is_verified_without_any_read_of_the_database(bank: Bank, services: Services) -> None:
    call = make_call(bank)
    assert send(call).code == "2002400"
    with CallCounter([dynamodb.client(), secrets.client()], lambda: None, None, after=False).installed() as counter:
        for number in range(5):
            assert send(make_call(bank, X_EXTERNAL_ID=str(number))).code == "2002400"
    assert counter.calls == 0


def test_secret_is_changed_without_a_gap(bank: Bank, now: Clock, services: Services) -> None:
    old = bank
    assert send(make_call(old)).code == "2002400"
    now.pass_time(REFETCH_SECONDS)
    begun = change_by_two(bank_changes.propose_secret, "BANK-A").hand_over
    new = Bank(replace(old.identity, secret=begun["client_secret"]), send)
    # At once, though this process has the old one alone in its memory.
    assert send(make_call(new)).code == "2002400"
    assert send(make_call(old)).code == "2002400"
    with pytest.raises(RotationError, match="two_secrets"):
        bank_changes.propose_secret("BANK-A", reason="again", by="rini")
    change_by_two(bank_changes.propose_secret_end, "BANK-A", Keep.NEW)
    now.pass_time(LIFE_SECONDS)
    assert send(make_call(new)).code == "2002400"
    assert send(make_call(old)).code == "4012400"


def test_change_of_a_secret_can_be_taken_back(bank: Bank, now: Clock, services: Services) -> None:
    begun = change_by_two(bank_changes.propose_secret, "BANK-A").hand_over
    change_by_two(bank_changes.propose_secret_end, "BANK-A", Keep.OLD)
    now.pass_time(LIFE_SECONDS)
    assert send(make_call(bank)).code == "2002400"
    new = Bank(replace(bank.identity, secret=begun["client_secret"]), send)
    assert send(make_call(new)).code == "4012400"


def test_key_of_the_bank_is_changed_without_a_gap(bank: Bank, now: Clock) -> None:
    assert bank.take_token().code == "2007300"
    now.pass_time(REFETCH_SECONDS)
    new = Bank(replace(bank.identity, private_key=write_private_key(make_key(1))), send)
    change_by_two(bank_changes.propose_key, "BANK-A", write_public_key(make_key(1)))
    assert new.take_token().code == "2007300"
    assert bank.take_token().code == "2007300"
    change_by_two(bank_changes.propose_key_end, "BANK-A", Keep.NEW)
    now.pass_time(LIFE_SECONDS)
    assert new.take_token().code == "2007300"
    assert bank.take_token().code == "4017300"


def test_token_keys_are_changed_without_killing_a_token(
    bank: Bank, now: Clock, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    # moto knows only the true time.
    changed_at = [now.instant - timedelta(minutes=31)]
    monkeypatch.setattr(secrets, "fetch_change_time", lambda _arn: changed_at[0])
    old = bank.take_token().body["accessToken"]
    now.pass_time(REFETCH_SECONDS)
    change_by_two(bank_changes.propose_token_keys)
    changed_at[0] = now.instant
    # This process still signs with the key that it keeps; another reads the new one at once.
    other = bank.take_token().body["accessToken"]
    now.pass_time(LIFE_SECONDS)
    new = bank.take_token().body["accessToken"]
    assert len({token.split(".")[0] for token in (old, other, new)}) == 2
    for token in (old, other, new):
        assert send(make_call(bank, token=token)).code == "2002400"
    with pytest.raises(RotationError, match="token_keys_rest"):
        change_by_two(bank_changes.propose_token_keys)


def test_token_of_a_process_with_newer_keys_is_read_at_once(
    bank: Bank, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "fetch_change_time", lambda _arn: now.instant - timedelta(minutes=31))
    assert send(make_call(bank)).code == "2002400"
    change_by_two(bank_changes.propose_token_keys)
    newest = secrets.fetch_secret(get_settings().snap_token_keys)
    with monkeypatch.context() as other:
        other.setattr("va_callback.access_token.load_secret", lambda _arn: newest)
        token = bank.take_token().body["accessToken"]
    now.pass_time(REFETCH_SECONDS)
    assert send(make_call(bank, token=token)).code == "2002400"


def test_disabled_client_is_out_within_a_minute_and_enabled_again_at_once(bank: Bank, now: Clock) -> None:
    assert send(make_call(bank)).code == "2002400"
    call = make_call(bank)
    operate("disable_client", client_id="BANK-A", reason="its key leaked")
    now.pass_time(LIFE_SECONDS)
    reply = send(call)
    assert (reply.code, reply.body["responseMessage"]) == ("4012400", "Unauthorized. [Unknown client]")
    assert bank.take_token().code == "4017300"
    now.pass_time(REFETCH_SECONDS)
    change_by_two(bank_changes.propose_enabling, "BANK-A")
    assert bank.take_token().code == "2007300"


def test_new_client_is_known_seconds_after_its_first_try(aws: Aws, now: Clock, services: Services) -> None:
    early = Bank(replace(connect().identity, client_id="BANK-B", partner_id="88002"), send)
    assert early.take_token().code == "4017300"
    bank = connect("BANK-B", "88002")
    now.pass_time(REFETCH_SECONDS)
    assert bank.take_token().code == "2007300"


def test_flood_of_wrong_signatures_is_no_flood_of_reads(bank: Bank, now: Clock) -> None:
    call = change_header(make_call(bank), "X-SIGNATURE", "AAAA")
    now.pass_time(REFETCH_SECONDS)
    with CallCounter([dynamodb.client(), secrets.client()], lambda: None, None, after=False).installed() as counter:
        for _ in range(50):
            assert send(call).code == "4012400"
            now.pass_time(0.1)
    assert counter.calls <= 4


# -------------------- What is kept and logged -------------------------------------------------------------------------


def test_every_header_that_may_carry_a_secret_is_kept_as_its_length() -> None:
    names = ("authorization", "authorization-customer", "proxy-authorization", "x-signature", "cookie", "x-api-key")
    masked = mask_headers(dict.fromkeys((*names, "x-amz-security-token"), "rahasia") | {"channel-id": "95221"})
    assert "rahasia" not in json.dumps(masked)
    assert masked["channel-id"] == "95221"


def test_call_and_answer_are_kept_masked_and_found_by_account_reference_and_day(bank: Bank, now: Clock) -> None:
    body = json.dumps(bank.build_payment(VA_NUMBER, 125_000) | {"referenceNo": "00113696201"}).encode()
    call = make_call(bank, body=body, path=f"{PATH}/transfer-va/payment")
    send(call)
    (found,) = operate("list_calls", va_number=VA_NUMBER)["calls"]
    assert operate("list_calls", reference="00113696201")["calls"] == [found]
    assert operate("list_calls", reference=json.loads(body)["paymentRequestId"])["calls"] == [found]
    by_day = operate("list_calls", day="2026-11-27")["calls"]
    assert [entry["service"] for entry in by_day] == ["73", "25"]
    kept = operate("show_call", call_id=found["call_id"])
    assert kept["body"].encode() == body
    assert kept["headers"]["x-external-id"] == "20261127000001"
    assert json.loads(kept["answer"])["responseCode"] == "2002500"
    masked = (call.headers["X-SIGNATURE"], call.headers["Authorization"][7:], bank.identity.secret)
    stored = json.dumps([operate("show_call", call_id=entry["call_id"]) for entry in by_day])
    assert not any(secret in stored for secret in masked)


def test_kept_call_expires(bank: Bank, now: Clock, aws: Aws) -> None:
    send(make_call(bank))
    items = boto3.client("dynamodb").scan(TableName=aws.template.resolve({"Ref": "BankCallsTable"}))["Items"]
    assert {int(item["expires_at"]["N"]) for item in items} == {int(now.instant.timestamp()) + 400 * 86_400}


def test_unsigned_call_is_kept_but_not_among_those_of_the_account_that_it_names(bank: Bank) -> None:
    send(change_header(make_call(bank), "X-SIGNATURE", "AAAA"))
    assert operate("list_calls", va_number=VA_NUMBER)["calls"] == []
    kept = operate("list_calls", day="2026-11-27")["calls"][-1]
    assert (kept["is_signed"], kept["http_status"]) == (False, 401)


def test_answer_goes_out_though_the_call_could_not_be_kept(
    bank: Bank, log: StringIO, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    call = make_call(bank)

    def fail() -> None:
        raise ReadTimeoutError(endpoint_url="dynamodb")

    with CallCounter([bank_calls._get_writer()], fail, 0, after=False).installed():
        assert send(call).code == "2002400"
    assert "call_not_kept" in log.getvalue()
    assert "BankCallsNotKept" in capsys.readouterr().out


@pytest.mark.parametrize("service", ["inquiry", "payment"])
def test_defect_in_a_service_is_a_general_error_and_a_silent_database_a_timeout(
    bank: Bank, services: Services, service: str
) -> None:
    number = {"inquiry": "24", "payment": "25"}[service]
    call = make_call(bank, path=f"{PATH}/transfer-va/{service}")
    services.error = KeyError("Siti Nurhaliza")
    reply = send(call)
    assert (reply.http_status, reply.body) == (
        500,
        {"responseCode": f"500{number}00", "responseMessage": "General Error"},
    )
    services.error = ReadTimeoutError(endpoint_url="dynamodb")
    reply = send(call)
    assert (reply.http_status, reply.body) == (
        504,
        {"responseCode": f"504{number}00", "responseMessage": "Timeout"},
    )


@pytest.mark.parametrize(
    ("error", "code"), [(KeyError("x"), "5007300"), (ReadTimeoutError(endpoint_url="s"), "5047300")]
)
def test_token_service_that_fails_says_so(
    bank: Bank, error: Exception, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_client_id: str) -> str:
        raise error

    monkeypatch.setattr("va_callback.verification.issue_token", fail)
    assert bank.take_token().code == code


def test_no_secret_token_signature_or_name_is_in_any_line_of_the_log(
    bank: Bank, services: Services, log: StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    token = bank.take_token().body["accessToken"]
    body = bank.build_payment(VA_NUMBER, 1) | {"virtualAccountName": "Siti Nurhaliza", "virtualAccountPhone": "62811"}
    call = make_call(bank, token=token, body=json.dumps(body).encode(), path=f"{PATH}/transfer-va/payment")
    send(call)
    services.error = ValueError(f"{token} Siti Nurhaliza")
    send(call)
    for fault in Fault:
        bank.inquire(VA_NUMBER, fault=fault)
    begun = change_by_two(bank_changes.propose_secret, "BANK-A").hand_over
    logged = log.getvalue() + "".join(capsys.readouterr())
    assert logged.count("answered") > len(Fault)
    secret = (token, call.headers["X-SIGNATURE"], bank.identity.secret, begun["client_secret"])
    assert not any(word in logged for word in (*secret, "Siti", "62811", "PRIVATE KEY"))


# -------------------- Any bytes, any headers --------------------------------------------------------------------------

NAMES = st.sampled_from(
    ["Content-Type", "Authorization", "X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID", "X"]
)
TIMES = st.datetimes(timezones=st.timezones()).map(lambda instant: instant.isoformat()) | st.from_regex(
    r"\A[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](Z|[+-][0-9]{2}:[0-9]{2})\Z"
)
VALUES = st.text(max_size=60) | TIMES | st.sampled_from(["88001", "Bearer a.b.c", "application/json", "95221", "{}"])
SERVICES = st.sampled_from(["access-token/b2b", "transfer-va/inquiry", "transfer-va/payment", "transfer-va/status"])
FUZZ = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept calls are another test's: moto would take most of the time."""
    monkeypatch.setattr("va_callback.keeping.bank_calls.keep_call", lambda _call: None)


@FUZZ
@given(
    service=SERVICES,
    method=st.sampled_from(["POST", "POST", "POST", "GET", "DELETE"]),
    changes=st.dictionaries(NAMES, VALUES | st.none(), max_size=6),
    body=st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
def test_made_up_calls_are_refused_with_a_code_and_reach_no_service(
    bank: Bank,
    services: Services,
    quiet: None,
    service: str,
    method: str,
    changes: dict[str, str | None],
    body: bytes,
) -> None:
    call = make_call(bank, token="x.y.z", path=f"{PATH}/{service}")
    call = replace(call, method=method, body=body)
    for name, value in changes.items():
        call = change_header(call, name, value)
    check_refusal(send(call), services)


@FUZZ
@given(
    changes=st.dictionaries(NAMES, VALUES | st.none(), max_size=2),
    body=st.binary(max_size=60) | st.none(),
    path=st.sampled_from(["inquiry", "payment"]),
)
def test_calls_changed_after_they_were_signed_reach_no_service(
    bank: Bank, services: Services, quiet: None, changes: dict[str, str | None], body: bytes | None, path: str
) -> None:
    services.calls.clear()
    token = issue_token("BANK-A")
    signed = make_call(bank, token=token, path=f"{PATH}/transfer-va/{path}")
    call = signed if body is None else replace(signed, body=body)
    for name, value in changes.items():
        call = change_header(call, name, value)
    covered = ("Authorization", "X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID")
    if call.body == signed.body and all(call.headers.get(name) == signed.headers[name] for name in covered):
        return
    reply = send(call)
    if services.calls:
        # Only headers that no signature covers were changed, to others of a permitted form.
        assert call.body == signed.body
        assert all(
            (call.headers.get(name) or "").strip() == signed.headers[name]
            for name in ("Authorization", "X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID")
        )
    else:
        check_refusal(reply, services)


@FUZZ
@given(body=st.binary(max_size=120) | st.text(alphabet='{}[]",:\\u0dD8ef1 ').map(str.encode))
def test_signed_bodies_of_any_bytes_are_read_or_refused_and_never_a_server_error(
    bank: Bank, services: Services, quiet: None, body: bytes
) -> None:
    reply = send(make_call(bank, token=issue_token("BANK-A"), body=body))
    assert reply.code in ("2002400", "4002400")


def check_refusal(reply: Reply, services: Services) -> None:
    assert 400 <= reply.http_status < 500
    assert len(reply.code) == 7
    assert reply.code.startswith(str(reply.http_status))
    assert not services.calls

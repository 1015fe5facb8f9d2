"""Who calls, and did they send these bytes? Nothing of a body is read before its signature fits.

The order of the checks is the standard's and part of the contract: a call that is wrong in two ways has one answer.
"""

import ipaddress
import re
from collections.abc import Callable
from datetime import datetime
from functools import partial

from invoicing import clock
from invoicing.bank_clients import BankClient, SignatureVariant
from invoicing.store import bank_clients
from invoicing.store.secrets import Pair, load_newer_secret, load_secret
from va_callback.access_token import LIFE, is_token_of, issue_token
from va_callback.calls import Answer, Service, VerifiedCall
from va_callback.http_call import MAX_BODY_BYTES, HttpCall
from va_callback.refusals import (
    refuse_bad_request,
    refuse_format,
    refuse_method,
    refuse_missing,
    refuse_token,
    refuse_unauthorized,
)
from va_callback.signatures import Signed, is_asymmetric_signature, is_rsa_signature, is_symmetric_signature
from va_callback.strict_json import NotStrictJsonError, parse_object

_CONTENT_TYPE = re.compile(r"application/json( *;.*)?", re.IGNORECASE)
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)", re.ASCII)
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/=-]{1,2048})", re.IGNORECASE)
_TOKEN_FORMATS = {
    "Content-Type": _CONTENT_TYPE,
    "X-TIMESTAMP": _TIMESTAMP,
    "X-CLIENT-KEY": re.compile(r"[\x21-\x7e]{1,64}"),
    "X-SIGNATURE": re.compile(r"[\x21-\x7e]{1,2048}"),
}
_CALL_FORMATS = {
    "Content-Type": _CONTENT_TYPE,
    "X-TIMESTAMP": _TIMESTAMP,
    "X-SIGNATURE": re.compile(r"[\x21-\x7e]{1,2048}"),
    "X-PARTNER-ID": re.compile(r"[\x21-\x7e]{1,36}"),
    "X-EXTERNAL-ID": re.compile(r"[A-Za-z0-9._-]{1,36}"),
    "CHANNEL-ID": re.compile(r"[A-Za-z0-9._-]{1,5}"),
}
_DIGITS = re.compile(r"[0-9]+")


class Verification:
    """Of one call, step by step; ``client``, ``is_signed`` and ``body`` are what is established so far."""

    def __init__(self, call: HttpCall, service: Service, call_id: str) -> None:
        self._call = call
        self._service = service
        self._call_id = call_id
        self.client: BankClient | None = None
        self.body: dict[str, object] | None = None
        self.is_signed = False

    def issue_token(self) -> Answer:
        """Service 73. Raises RefusedError."""
        headers = _check_form(self._call, _TOKEN_FORMATS)
        client_id, timestamp = headers["X-CLIENT-KEY"], headers["X-TIMESTAMP"]
        find = partial(bank_clients.find_client, client_id)
        client = self.client = _check_caller(find, client_id, self._call.source_ip)
        _check_time(timestamp, client)
        text = f"{client_id}|{timestamp}"
        if not _holds_for_newest(client, lambda newest: is_rsa_signature(headers["X-SIGNATURE"], text, newest)):
            raise refuse_unauthorized("Signature")
        self.is_signed = True
        grant = _parse(self._call.body).get("grantType")
        if grant in (None, ""):
            raise refuse_missing("grantType")
        if grant != "client_credentials":
            raise refuse_format("grantType")
        members = {
            "accessToken": issue_token(client_id),
            "tokenType": "Bearer",
            "expiresIn": str(int(LIFE.total_seconds())),
        }
        return Answer(200, "00", "Successful", members)

    def run(self) -> VerifiedCall:
        """Of services 24, 25 and 26. Raises RefusedError."""
        headers = _check_form(self._call, _CALL_FORMATS)
        partner_id, timestamp = headers["X-PARTNER-ID"], headers["X-TIMESTAMP"]
        find = partial(bank_clients.find_client_of_partner, partner_id)
        client = self.client = _check_caller(find, "", self._call.source_ip)
        token = _check_token(self._call, client) if client.signature is SignatureVariant.SYMMETRIC else ""
        _check_time(timestamp, client)
        _check_signature(self._call, client, headers, token)
        self.is_signed = True
        self.body = _parse(self._call.body)
        external_id = headers["X-EXTERNAL-ID"]
        if client.numeric_external_id and not _DIGITS.fullmatch(external_id):
            raise refuse_format("X-EXTERNAL-ID")
        return VerifiedCall(
            service=self._service,
            client=client,
            external_id=external_id,
            channel_id=headers["CHANNEL-ID"],
            timestamp=timestamp,
            body=self.body,
            raw_body=self._call.body,
            call_id=self._call_id,
        )


def _check_form(call: HttpCall, formats: dict[str, re.Pattern[str]]) -> dict[str, str]:
    """Method, size, then headers: first all present, then all of their form."""
    if call.method != "POST":
        raise refuse_method()
    if len(call.body) > MAX_BODY_BYTES:
        raise refuse_bad_request()
    values = {name: call.headers.get(name.lower(), "") for name in formats}
    for name, value in values.items():
        if not value and name.lower() not in call.ambiguous:
            raise refuse_missing(name)
    for name, pattern in formats.items():
        if not pattern.fullmatch(values[name]) or (name == "X-TIMESTAMP" and _read_time(values[name]) is None):
            raise refuse_format(name)
    return values


def _check_caller(find: Callable[[], BankClient | None], client_id: str, source_ip: str) -> BankClient:
    client = find()
    if client is None and client_id:
        client = bank_clients.find_newer_client(client_id)
    if client is not None and not client.is_active:
        client = bank_clients.find_newer_client(client.client_id)
    if client is None or not client.is_active:
        raise refuse_unauthorized("Unknown client")
    if client.allowed_networks and not _is_within(source_ip, client.allowed_networks):
        newest = bank_clients.find_newer_client(client.client_id)
        if newest is None or not _is_within(source_ip, newest.allowed_networks):
            raise refuse_unauthorized("Connection not allowed")
        client = newest
    return client


def _is_within(source_ip: str, networks: tuple[str, ...]) -> bool:
    try:
        address = ipaddress.ip_address(source_ip)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network) for network in networks)


def _check_token(call: HttpCall, client: BankClient) -> str:
    match = _BEARER.fullmatch(call.headers.get("authorization", ""))
    if match is None or not is_token_of(match[1], client.client_id):
        raise refuse_token()
    return match[1]


def _check_time(timestamp: str, client: BankClient) -> None:
    instant = _read_time(timestamp)
    if instant is None or abs((clock.now() - instant).total_seconds()) > client.timestamp_tolerance_seconds:
        raise refuse_unauthorized("Timestamp")


def _read_time(timestamp: str) -> datetime | None:
    try:
        return datetime.fromisoformat(timestamp)
    except ValueError:
        return None


def _check_signature(call: HttpCall, client: BankClient, headers: dict[str, str], token: str) -> None:
    signed = Signed(call.method, call.path, call.body, headers["X-TIMESTAMP"], headers["X-SIGNATURE"])
    if client.signature is SignatureVariant.ASYMMETRIC:
        fits = _holds_for_newest(client, lambda newest: is_asymmetric_signature(signed, newest))
    else:

        def fits_with(secrets: Pair | None) -> bool:
            return secrets is not None and is_symmetric_signature(signed, token=token, client=client, secrets=secrets)

        fits = fits_with(load_secret(client.secret_arn)) or fits_with(load_newer_secret(client.secret_arn))
    if not fits:
        raise refuse_unauthorized("Signature")


def _holds_for_newest(client: BankClient, check: Callable[[BankClient], bool]) -> bool:
    """With the client's keys as kept; if not, with those that it may have got since."""
    if check(client):
        return True
    newest = bank_clients.find_newer_client(client.client_id)
    return newest is not None and newest.is_active and check(newest)


def _parse(body: bytes) -> dict[str, object]:
    try:
        return parse_object(body)
    except NotStrictJsonError:
        raise refuse_bad_request() from None

"""A small bank: signs real SNAP calls (token, inquiry, payment, status) and sends them to the local cloud's webhook.

Its signatures are written here from the standard, not taken from the product: each checks the other.
"""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import urllib3
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from ulid import ULID

from infra.local.client import invoke
from infra.local.cloud import Cloud
from infra.local.officers import decide_by_two
from invoicing import clock

CLIENT_ID = "OCBC-SNAP"
PARTNER_ID = "OCBC"
CHANNEL = "95221"
PATH = "/live/snap/v1.0"
"""Stage, prefix and version, as API Gateway's own address has them."""
COMMANDS = "BankCommandFunction"


class Fault(StrEnum):
    """What may be wrong with a call, for a look at the answer."""

    SIGNATURE = "wrong-signature"
    TOKEN = "wrong-token"  # noqa: S105 - no token
    NO_TOKEN = "no-token"  # noqa: S105 - no token
    CLOCK = "wrong-clock"
    CHANGED_BODY = "changed-body"
    DUPLICATE_NAME = "duplicate-name"
    NOT_JSON = "not-json"
    UNKNOWN_PARTNER = "unknown-partner"
    NO_EXTERNAL_ID = "no-external-id"
    METHOD = "wrong-method"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a bank was handed over, and its own private key."""

    client_id: str
    partner_id: str
    secret: str
    private_key: str
    company_code_digits: int


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request, before or after it was signed."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    http_status: int
    body: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def code(self) -> str:
        return str(self.body.get("responseCode", ""))


Send = Callable[[Call], Reply]


def connect_bank(cloud: Cloud, company_code_digits: int) -> None:
    """Register the local bank with the product, as its operator would; two officers enable it. Keeps the hand-over."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    members = {"client_id": CLIENT_ID, "partner_id": PARTNER_ID, "public_key": write_public_key(key)}
    handed = operate(cloud, "create_client", **members)["hand_over"]
    private_key = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    identity = Identity(CLIENT_ID, PARTNER_ID, handed["client_secret"], private_key, company_code_digits)
    decide_by_two(cloud, f"/v1/bank/clients/{CLIENT_ID}/enable")
    path = _find_identity(cloud)
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(identity), indent=2))


def write_public_key(key: rsa.RSAPrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def operate(cloud: Cloud, operation: str, *, user_id: str = "operator", **members: Any) -> dict[str, Any]:
    """A command about bank clients and their calls. Raises CommandRefusedError, CommandFailedError."""
    return invoke(cloud, COMMANDS, {"operation": operation, "user_id": user_id, **members})


def open_bank(cloud: Cloud) -> "Bank":
    """The bank that was connected when this cloud was started."""
    return Bank(Identity(**json.loads(_find_identity(cloud).read_text())), send_to(cloud))


def send_to(cloud: Cloud) -> Send:
    """Sends calls to this cloud's webhook over HTTP, for many threads."""
    http = urllib3.PoolManager(maxsize=64, ca_certs=str(cloud.certificate), retries=False, timeout=30)

    def send(call: Call) -> Reply:
        try:
            answer = http.request(call.method, cloud.endpoint + call.path, headers=call.headers, body=call.body)
        except urllib3.exceptions.HTTPError as error:
            raise NoAnswerError(type(error).__name__) from error
        return Reply(answer.status, _read_body(answer.data), answer.headers)

    return send


def _find_identity(cloud: Cloud) -> Path:
    return cloud.home / "bank.json"


class Bank:
    """For many threads. Takes a new access token only when it has none or the old one is nearly dead."""

    def __init__(self, identity: Identity, send: Send) -> None:
        self.identity = identity
        self.send = send
        self._key = serialization.load_pem_private_key(identity.private_key.encode(), password=None)
        self._token, self._token_until = "", clock.now()
        self._lock = threading.Lock()

    def take_token(self) -> Reply:
        """Service 73."""
        timestamp = write_timestamp()
        signature = self.sign_rsa(f"{self.identity.client_id}|{timestamp}")
        headers = {
            "Content-Type": "application/json",
            "X-TIMESTAMP": timestamp,
            "X-CLIENT-KEY": self.identity.client_id,
            "X-SIGNATURE": signature,
        }
        path = f"{PATH}/access-token/b2b"
        return self.send(Call("POST", path, headers, b'{"grantType":"client_credentials"}'))

    def inquire(self, va_number: str, *, fault: Fault | None = None, **members: Any) -> Reply:
        """Service 24; ``members`` go into the body."""
        body = self.build_inquiry(va_number) | members
        return self.call("inquiry", body, fault=fault)

    def pay(self, va_number: str, amount: int | None = None, *, fault: Fault | None = None, **members: Any) -> Reply:
        """Service 25, as a channel does it: asks first, then pays what is due, or ``amount`` without asking."""
        if amount is None:
            asked = self.inquire(va_number)
            if asked.code != "2002400":
                return asked
            data = asked.body["virtualAccountData"]
            amount = int(data["totalAmount"]["value"].removesuffix(".00"))
            members = {"paymentRequestId": data["inquiryRequestId"]} | members
        external_id = members.pop("external_id", None)
        body = self.build_payment(va_number, amount) | members
        return self.call("payment", body, fault=fault, external_id=external_id)

    def ask_status(self, va_number: str, request_id: str) -> Reply:
        """Service 26."""
        body = self._build_ids(va_number) | {"inquiryRequestId": request_id, "paymentRequestId": request_id}
        return self.call("status", body)

    def build_inquiry(self, va_number: str) -> dict[str, Any]:
        asked = {"inquiryRequestId": str(ULID()), "channelCode": 6011, "trxDateInit": write_timestamp()}
        return self._build_ids(va_number) | asked | {"additionalInfo": {}}

    def build_payment(self, va_number: str, amount: int) -> dict[str, Any]:
        money = {"value": f"{amount}.00", "currency": "IDR"}
        return self._build_ids(va_number) | {
            "paymentRequestId": str(ULID()),
            "channelCode": 6011,
            "paidAmount": money,
            "totalAmount": money,
            "trxDateTime": write_timestamp(),
            "referenceNo": f"{int(clock.now().timestamp() * 1000)}",
            "flagAdvise": "N",
            "additionalInfo": {},
        }

    def call(
        self, service: str, body: Mapping[str, Any], *, fault: Fault | None = None, external_id: str | None = None
    ) -> Reply:
        """Sign and send; ``fault`` spoils the call before or after it is signed."""
        token = "" if fault is Fault.NO_TOKEN else self._get_token()
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {token}",
            "X-TIMESTAMP": write_timestamp(),
            "X-PARTNER-ID": self.identity.partner_id,
            "X-EXTERNAL-ID": external_id or str(ULID()),
            "CHANNEL-ID": CHANNEL,
        }
        raw = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        call = _spoil_before(Call("POST", f"{PATH}/transfer-va/{service}", headers, raw), fault)
        return self.send(_spoil_after(self.sign(call), fault))

    def sign(self, call: Call) -> Call:
        """The symmetric signature, over the body exactly as it is sent."""
        token = call.headers.get("Authorization", "").removeprefix("Bearer ")
        digest = hashlib.sha256(call.body).hexdigest()
        text = f"{call.method}:{call.path}:{token}:{digest}:{call.headers['X-TIMESTAMP']}"
        signature = hmac.digest(self.identity.secret.encode(), text.encode(), "sha512")
        return replace(call, headers={**call.headers, "X-SIGNATURE": base64.b64encode(signature).decode()})

    def sign_rsa(self, text: str) -> str:
        assert isinstance(self._key, rsa.RSAPrivateKey)  # noqa: S101 - made here
        return base64.b64encode(self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()

    def _get_token(self) -> str:
        with self._lock:
            if clock.now() >= self._token_until:
                reply = self.take_token()
                if reply.code != "2007300":
                    raise BankRefusedError(reply)
                self._token = reply.body["accessToken"]
                self._token_until = clock.now() + timedelta(seconds=int(reply.body["expiresIn"]) - 60)
            return self._token

    def _build_ids(self, va_number: str) -> dict[str, str]:
        digits = self.identity.company_code_digits
        company, customer = va_number[:digits], va_number[digits:]
        padded = company.rjust(8)
        return {"partnerServiceId": padded, "customerNo": customer, "virtualAccountNo": padded + customer}


def _read_body(raw: bytes) -> dict[str, Any]:
    """Empty for what is no SNAP answer: the gateway's own page, say."""
    try:
        body = json.loads(raw)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


class NoAnswerError(Exception):
    """The connection ended, or nothing came within 30 seconds: the bank does not know what became of its call."""


class BankRefusedError(Exception):
    """The product gave the bank no access token."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"no access token: {reply.code} {reply.body.get('responseMessage', '')}")
        self.reply = reply


def write_timestamp(instant: datetime | None = None) -> str:
    return (instant or clock.now()).astimezone(clock.JAKARTA).isoformat(timespec="seconds")


def _with_header(name: str, value: str) -> Callable[[Call], Call]:
    return lambda call: replace(call, headers={**call.headers, name: value})


_BEFORE: dict[Fault, Callable[[Call], Call]] = {
    Fault.TOKEN: _with_header("Authorization", "Bearer eyJhbGciOiJub25lIn0.e30."),
    Fault.CLOCK: lambda call: _with_header("X-TIMESTAMP", write_timestamp(clock.now() - timedelta(hours=9)))(call),
    Fault.DUPLICATE_NAME: lambda call: replace(call, body=call.body[:-1] + b',"customerNo":"1"}'),
    Fault.NOT_JSON: lambda call: replace(call, body=b"virtualAccountNo=1"),
    Fault.UNKNOWN_PARTNER: _with_header("X-PARTNER-ID", "nobody"),
}
_AFTER: dict[Fault, Callable[[Call], Call]] = {
    Fault.SIGNATURE: _with_header("X-SIGNATURE", base64.b64encode(bytes(64)).decode()),
    Fault.CHANGED_BODY: lambda call: replace(call, body=call.body.replace(b".00", b".01")[:-1] + b',"added":1}'),
    Fault.NO_TOKEN: lambda call: _without_header(call, "Authorization"),
    Fault.NO_EXTERNAL_ID: lambda call: _without_header(call, "X-EXTERNAL-ID"),
    Fault.METHOD: lambda call: replace(call, method="PUT"),
}


def _spoil_before(call: Call, fault: Fault | None) -> Call:
    return _BEFORE[fault](call) if fault in _BEFORE else call


def _spoil_after(call: Call, fault: Fault | None) -> Call:
    return _AFTER[fault](call) if fault in _AFTER else call


def _without_header(call: Call, name: str) -> Call:
    return replace(call, headers={given: value for given, value in call.headers.items() if given != name})

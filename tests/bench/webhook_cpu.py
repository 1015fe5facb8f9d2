"""CPU of the webhook's handler per call, with AWS answered in the process, and of the parts that it is made of."""

import time
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from statistics import median
from typing import Any

import orjson
from botocore.awsrequest import AWSPreparedRequest

from tests.bench.answers import answer_with, read_target, set_environment
from tests.bench.profiling import print_profile

ROUNDS, CALLS = 9, 200
VA_NUMBER = "8800112345678901"


class FakeAws:
    """One bank client, its secret and the token keys; every write is taken."""

    def __init__(self, client: dict[str, Any], partner: dict[str, Any], secrets: dict[str, str]) -> None:
        self._items = {item["pk"]["S"]: orjson.dumps({"Item": item}) for item in (client, partner)}
        self._secrets = secrets
        self.puts: list[bytes] = []

    def answer_dynamodb(self, request: AWSPreparedRequest) -> bytes:
        if read_target(request) == "GetItem":
            return self._items[orjson.loads(request.body)["Key"]["pk"]["S"]]
        self.puts.append(request.body)
        return b"{}"

    def answer_secrets(self, request: AWSPreparedRequest) -> bytes:
        arn = orjson.loads(request.body)["SecretId"]
        return orjson.dumps({"ARN": arn, "SecretString": orjson.dumps({"values": [self._secrets[arn]]}).decode()})


def measure_webhook(*, profile: bool) -> dict[str, Any]:
    """Microseconds of CPU per call: of all and of each part, for a token, an inquiry and a payment."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    from infra.local.bank import Bank, Call, Identity, Reply, write_public_key
    from invoicing.bank_clients import BankClient
    from invoicing.store import bank_calls, bank_clients, dynamodb, secrets
    from tests.integration.aws_from_template import REGION, Template
    from tests.integration.scenario import FakeContext
    from tests.integration.snap_scenario import make_event, write_private_key
    from va_callback import handler
    from va_callback.access_token import is_token_of, issue_token
    from va_callback.calls import Answer
    from va_callback.refusals import write_body
    from va_callback.signatures import Signed, is_rsa_signature, is_symmetric_signature
    from va_callback.strict_json import parse_object

    set_environment({**Template().read_environment("VaCallbackFunction"), "AWS_DEFAULT_REGION": REGION})
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    client = BankClient("BANK-A", "028", "88001", (write_public_key(key),), "arn:secret")
    stored = dynamodb.to_item(bank_clients._build_record(client))
    partner = dynamodb.to_item({"pk": "partners", "sk": "88001", "client_id": "BANK-A"})
    token_keys = Template().read_environment("VaCallbackFunction")["SNAP_TOKEN_KEYS"]
    aws = FakeAws(stored, partner, {"arn:secret": "s" * 64, token_keys: "k" * 64})
    # As in production: one line of the log for each call, kept in memory.
    handler.logger.setLevel("INFO")
    handler.logger.registered_handler.stream = StringIO()  # type: ignore[attr-defined]
    answer_with(dynamodb.client(), aws.answer_dynamodb)
    answer_with(bank_calls._get_writer(), aws.answer_dynamodb)
    answer_with(secrets.client(), aws.answer_secrets)
    sent: list[Call] = []

    def send(call: Call) -> Reply:
        sent.append(call)
        answer = handler.handle(make_event(call), FakeContext())
        return Reply(answer["statusCode"], orjson.loads(answer["body"]), answer["headers"])

    data = {"virtualAccountData": {"paymentFlagStatus": "00", "paymentFlagReason": {"english": "Success"}}}
    done = Answer(200, "00", "Successful", data)
    handler.call_service = lambda _call: done
    bank = Bank(Identity("BANK-A", "88001", "s" * 64, write_private_key(key), 5), send)
    replies = {
        "token": bank.take_token(),
        "inquiry": bank.inquire(VA_NUMBER),
        "payment": bank.call("payment", bank.build_payment(VA_NUMBER, 1_250_000)),
    }
    if any(reply.http_status != 200 for reply in replies.values()):
        raise RuntimeError(f"refused: {replies}")
    token = sent[-1].headers["Authorization"].removeprefix("Bearer ")
    measured = {}
    for name, call in zip(replies, (sent[0], sent[-2], sent[-1]), strict=True):
        event = make_event(call)
        put = orjson.loads(aws.puts[-1])
        signed = Signed(call.method, call.path, call.body, call.headers["X-TIMESTAMP"], call.headers["X-SIGNATURE"])
        text = f"BANK-A|{signed.timestamp}"
        is_token = name == "token"
        parts: dict[str, Callable[[], Any]] = {
            "all": lambda event=event: handler.handle(event, FakeContext()),
            "signature": (
                (lambda signed=signed, text=text: is_rsa_signature(signed.signature, text, client))
                if is_token
                else (
                    lambda signed=signed: is_symmetric_signature(
                        signed, token=token, client=client, secrets=("s" * 64,)
                    )
                )
            ),
            "token": (lambda: issue_token("BANK-A")) if is_token else (lambda: is_token_of(token, "BANK-A")),
            "json": lambda call=call: (parse_object(call.body), write_body(done, "25")),
            "keeping": lambda put=put: bank_calls._get_writer().put_item(**put),
            "logging": lambda: handler.logger.info("answered", extra={"call_id": "x", "code": "2002500"}),
        }
        seen = {part: _measure(work) for part, work in parts.items()}
        measured[name] = seen | {"rest": seen["all"] - sum(value for part, value in seen.items() if part != "all")}
        if profile:
            print_profile(name, lambda work=parts["all"]: [work() for _ in range(CALLS)])
    # A wrong signature is what anybody may send: it must cost less than a right one.
    wrong = make_event(replace(sent[-1], headers={**sent[-1].headers, "X-SIGNATURE": "AAAA"}))
    measured["wrong signature"] = {"all": _measure(lambda: handler.handle(wrong, FakeContext()))}
    return measured


def _measure(work: Callable[[], Any]) -> float:
    """Microseconds of one call, the median of some rounds."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(CALLS):
            work()
        rounds.append((time.process_time() - began) / CALLS * 1e6)
    return median(rounds)

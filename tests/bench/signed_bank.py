"""A bank connected to the webhook's handler in this process, with AWS answered in the process, too."""

from collections.abc import Callable
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

import orjson
from botocore.awsrequest import AWSPreparedRequest

from tests.bench.answers import answer_with, read_target, set_environment

SECRET = "s" * 64


@dataclass
class FakeAws:
    """One bank client, its secret and the token keys; every write is taken, the last ones can be looked at."""

    items: dict[str, bytes]
    secrets: dict[str, str]
    read_bills: Callable[[dict[str, Any]], bytes]
    """The answer to a BatchGetItem's RequestItems."""
    requests: int = 0
    puts: list[bytes] = field(default_factory=list)
    transactions: list[bytes] = field(default_factory=list)
    reads: list[bytes] = field(default_factory=list)

    def answer_dynamodb(self, request: AWSPreparedRequest) -> bytes:
        self.requests += 1
        match read_target(request):
            case "GetItem":
                return self.items[orjson.loads(request.body)["Key"]["pk"]["S"]]
            case "BatchGetItem":
                self.reads = [*self.reads[-1:], request.body]
                return self.read_bills(orjson.loads(request.body)["RequestItems"])
            case "TransactWriteItems":
                self.transactions = [request.body]
                return b"{}"
        self.puts = [request.body]
        return b"{}"

    def answer_secrets(self, request: AWSPreparedRequest) -> bytes:
        arn = orjson.loads(request.body)["SecretId"]
        return orjson.dumps({"ARN": arn, "SecretString": orjson.dumps({"values": [self.secrets[arn]]}).decode()})


def connect_bank(read_bills: Callable[[dict[str, Any]], bytes]) -> tuple[FakeAws, Any, list[Any], Any]:
    """AWS, the bank, the calls that it sends, and its client; the environment is the function's own."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    from infra.local.bank import Bank, Call, Identity, Reply, write_public_key
    from invoicing.bank_clients import BankClient
    from invoicing.store import bank_calls, bank_clients, dynamodb, secrets
    from tests.integration.aws_from_template import REGION, Template
    from tests.integration.scenario import FakeContext
    from tests.integration.snap_scenario import make_event, write_private_key
    from va_callback import handler

    environment = Template().read_environment("VaCallbackFunction")
    set_environment({**environment, "AWS_DEFAULT_REGION": REGION})
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    client = BankClient("BANK-A", "028", "88001", (write_public_key(key),), "arn:secret")
    partner = {"pk": "partners", "sk": "88001", "client_id": "BANK-A"}
    items = {"clients": bank_clients._build_record(client), "partners": partner}
    aws = FakeAws(
        {pk: orjson.dumps({"Item": dynamodb.to_item(item)}) for pk, item in items.items()},
        {"arn:secret": SECRET, environment["SNAP_TOKEN_KEYS"]: "k" * 64},
        read_bills,
    )
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
        reply = Reply(answer["statusCode"], orjson.loads(answer["body"]), answer["headers"])
        if reply.http_status != 200:
            raise RuntimeError(f"refused: {reply}")
        return reply

    return aws, Bank(Identity("BANK-A", "88001", SECRET, write_private_key(key), 5), send), sent, client

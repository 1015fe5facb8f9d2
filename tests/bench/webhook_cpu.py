"""CPU of the webhook's handler per call, with AWS answered in the process, and of the parts that it is made of."""

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any

import orjson

from tests.bench.profiling import print_profile

ROUNDS, CALLS = 9, 200
VA_NUMBER = "8800112345678901"


def measure_webhook(*, profile: bool) -> dict[str, Any]:
    """Microseconds of CPU per call: of all and of each part, for a token, an inquiry and a payment."""
    from tests.bench.signed_bank import SECRET, connect_bank

    aws, bank, sent, client = connect_bank(lambda _asked: b"{}")

    from invoicing.store import bank_calls
    from tests.integration.scenario import FakeContext
    from tests.integration.snap_scenario import make_event
    from va_callback import handler
    from va_callback.access_token import is_token_of, issue_token
    from va_callback.calls import Answer
    from va_callback.refusals import write_body
    from va_callback.signatures import Signed, is_rsa_signature, is_symmetric_signature
    from va_callback.strict_json import parse_object

    data = {"virtualAccountData": {"paymentFlagStatus": "00", "paymentFlagReason": {"english": "Success"}}}
    done = Answer(200, "00", "Successful", data)
    handler.call_service = lambda _call: done
    bank.take_token()
    bank.inquire(VA_NUMBER)
    bank.call("payment", bank.build_payment(VA_NUMBER, 1_250_000))
    token = sent[-1].headers["Authorization"].removeprefix("Bearer ")
    measured = {}
    for name, call in zip(("token", "inquiry", "payment"), (sent[0], sent[-2], sent[-1]), strict=True):
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
                    lambda signed=signed: is_symmetric_signature(signed, token=token, client=client, secrets=(SECRET,))
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

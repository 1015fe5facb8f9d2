"""The bank's webhook on the local cloud under load: 32 banks' channels at once, every answer checked."""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from itertools import count
from statistics import quantiles
from typing import Any, NamedTuple

from infra.local import client
from infra.local.bank import Bank, BankRefusedError, Fault, NoAnswerError, open_bank
from infra.local.cloud import HOME, Cloud
from infra.local.sample_workbooks import write_sample
from infra.local.stack import run_stack
from invoicing.billers import Module
from tests.bench.tables import Figure, print_heading, print_table

CLIENTS = 32
LIMIT_SECONDS = 120
"""Of one kind of call; what is not sent by then is left out."""
WARM_UP_TRIES = 3
BILLER = "toko-sinar"
FOLDER = HOME / "bench-webhook"


class Load(NamedTuple):
    name: str
    calls: int
    seconds: float
    waits: list[float]
    """Milliseconds of each call, as the bank sees it."""
    wrong: Counter[str]
    """Answers that were not what they had to be, by code."""


def run_webhook_load(*, quick: bool) -> list[Figure]:
    print_heading(f"The bank's webhook on the local cloud, {CLIENTS} clients on {os.cpu_count()} cores")
    # The gateway's own throttle is not what is measured.
    with run_stack(FOLDER, {"BankCallsPerSecond": "5000"}) as cloud:
        bank = open_bank(cloud)

        def send_wrong(_index: int) -> tuple[str, str]:
            return bank.inquire("88001", fault=Fault.SIGNATURE).code, "4012400"

        bank.take_token()
        calls = 500 if quick else 2000
        _warm_up(send_wrong)
        loads = [_run("token", calls, lambda _: (bank.take_token().code, "2007300"))]
        loads.append(_run("wrong signature", calls, send_wrong))
        if find_spec("va_callback.payment"):
            loads += _pay_invoices(cloud, bank, calls)
    rows = [
        (
            load.name,
            load.calls,
            f"{load.calls / load.seconds:.0f}",
            *(f"{wait:.0f}" for wait in _take_percentiles(load.waits)),
            sum(load.wrong.values()),
        )
        for load in loads
    ]
    print_table("Calls", ("kind", "calls", "per second", "p50 ms", "p99 ms", "wrong"), rows)
    for load in loads:
        if load.wrong:
            print(f"  {load.name}, wrong answers: {dict(load.wrong)}")
    wrong = sum(sum(load.wrong.values()) for load in loads)
    seen = f"{loads[-1].calls / loads[-1].seconds:.0f} calls/s of {loads[-1].name}; {wrong} wrong"
    return [Figure(f"webhook with {CLIENTS} clients on the local cloud", "0 wrong", seen)]


def _warm_up(act: Callable[[int], tuple[str, str]]) -> None:
    """MiniStack starts a process for each call at the same time: few at once, or all of them are slow."""
    for clients in range(4, CLIENTS + 1, 4):
        tries = 0
        while (load := _run("warming up", clients * 4, act, clients=clients)).wrong:
            tries += 1
            if tries == WARM_UP_TRIES:
                raise SystemExit(f"this machine is too busy to start {clients} function processes: {dict(load.wrong)}")


def _pay_invoices(cloud: Cloud, bank: Bank, calls: int) -> list[Load]:
    invoices = _make_invoices(cloud, calls)
    paid = [invoice["va_number"] for invoice in invoices]
    amounts = [invoice["amount"] for invoice in invoices]

    def inquire(index: int) -> tuple[str, str]:
        reply = bank.inquire(paid[index])
        data = reply.body.get("virtualAccountData", {})
        told = data.get("totalAmount", {}).get("value"), data.get("inquiryStatus")
        return reply.code if told == (f"{amounts[index]}.00", "00") else f"{reply.code} {told}", "2002400"

    def pay(index: int) -> tuple[str, str]:
        reply = bank.pay(paid[index], amounts[index])
        status = reply.body.get("virtualAccountData", {}).get("paymentFlagStatus")
        return reply.code if status == "00" else f"{reply.code} {status}", "2002500"

    def pay_again(index: int) -> tuple[str, str]:
        return bank.pay(paid[index], amounts[index]).code, "4042514"

    return [
        _run("inquiry", len(paid), inquire),
        _run("payment", len(paid), pay),
        _run(
            "payment of a paid bill", len(paid), lambda index: (bank.pay(paid[index], amounts[index]).code, "4042514")
        ),
    ]


def _make_invoices(cloud: Cloud, wanted: int) -> list[dict[str, Any]]:
    path = FOLDER / "tagihan.xlsx"
    write_sample(Module.E_INVOICE, path, wanted, bad_share=0, seed=3)
    upload_id = client.send_workbook(cloud, path, BILLER, f"{BILLER}-maker")
    view = client.wait_for(cloud, BILLER, upload_id, client.CHECKED, watch=lambda _: None)
    # Its notices wait for a far day: this is about the bank.
    members = {"upload_id": upload_id, "acknowledged": sorted(view["warnings"]), "send": "in_hours"}
    client.call(cloud, "release", BILLER, f"{BILLER}-checker", **members)
    client.wait_for(cloud, BILLER, upload_id, client.ENDED, watch=lambda _: None)
    return list(client.list_invoices(cloud, BILLER, upload_id))


def _run(name: str, calls: int, act: Callable[[int], tuple[str, str]], *, clients: int = CLIENTS) -> Load:
    """``act`` answers with the code seen and the one that is right."""
    waits, wrong, numbers, lock = list[float](), Counter[str](), count(), threading.Lock()

    def work() -> None:
        while (index := next(numbers)) < calls and time.monotonic() < until:
            began = time.monotonic()
            try:
                seen, right = act(index)
            except (NoAnswerError, BankRefusedError) as failure:
                seen, right = str(failure), ""
            wait = (time.monotonic() - began) * 1000
            with lock:
                waits.append(wait)
                if seen != right:
                    wrong[seen] += 1

    began = time.monotonic()
    until = began + LIMIT_SECONDS
    with ThreadPoolExecutor(clients) as pool:
        for done in [pool.submit(work) for _ in range(clients)]:
            done.result()
    return Load(name, len(waits), time.monotonic() - began, waits, wrong)


def _take_percentiles(waits: list[float]) -> tuple[float, float]:
    cuts = quantiles(waits, n=100)
    return cuts[49], cuts[98]

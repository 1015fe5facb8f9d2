"""The product's own functions in threads of this process, all from one moment on, against the deployed stack."""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import boto3
import pytest

from infra.local.cloud import Cloud
from invoicing.billers import Biller, BillerState, Module
from invoicing.errors import CompanyCodeTakenError
from invoicing.store import billers, chunk_queue, dynamodb, files
from notify import queues
from notify.channels import email
from tests.integration.aws_from_template import forget_process_state

CLIENTS = (dynamodb.client, files.client, chunk_queue.client, queues.client, email.client)

Act = Callable[[], Any]


@contextmanager
def be_all_functions(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process has the variables of all functions of the deployed stack, and reaches their cloud."""
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in cloud.build_environment().items():
        monkeypatch.setenv(name, value)
    for page in cloud.client("lambda").get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            for name, value in function["Environment"]["Variables"].items():
                monkeypatch.setenv(name, value)
    # The default session keeps the credentials that an earlier test gave it.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    forget_process_state()
    for make in CLIENTS:
        # Lambda makes clients before there are threads, and so must we: the default session is not for threads.
        make()
    yield
    forget_process_state()


def register_biller(module: Module, first_digit: int = 7, **members: Any) -> Biller:
    """A biller of the test's own; the lower the first digit, the earlier its accounts in any order."""
    for _ in range(20):
        code = f"{first_digit}{random.randrange(10_000):04d}"
        biller = Biller(f"biller-{code}", f"Biller {code}", module, BillerState.ACTIVE, code, "0280001", **members)
        with suppress(CompanyCodeTakenError):
            if billers.register_biller(biller):
                return biller
    raise AssertionError("no free company code")


def run_at_once(*acts: Act) -> list[Any]:
    """Run all from the same moment on; what each returned or raised, in their order."""
    barrier = threading.Barrier(len(acts))

    def run(act: Act) -> Any:
        barrier.wait()
        try:
            return act()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def find_errors(results: list[Any]) -> list[Exception]:
    return [result for result in results if isinstance(result, Exception)]

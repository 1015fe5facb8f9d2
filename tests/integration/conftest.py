"""The product's AWS, in this process (moto), made from template.yaml for each test that asks for it."""

import copy
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from moto import mock_aws
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

from tests.integration.aws_from_template import REGION, Template, create_resources, forget_process_state, start_session


class Aws:
    """The cloud of one test. All functions' variables are set; ``become`` narrows them to one function's."""

    def __init__(self, template: Template, monkeypatch: pytest.MonkeyPatch) -> None:
        self.template = template
        self._monkeypatch = monkeypatch
        self._functions = template.find("AWS::Serverless::Function")
        for function in self._functions:
            for name, value in template.read_environment(function).items():
                monkeypatch.setenv(name, value)

    def become(self, function: str) -> None:
        """Give the process exactly the variables of this function (logical id)."""
        own = self.template.read_environment(function)
        for other in self._functions:
            for name in self.template.read_environment(other):
                self._monkeypatch.delenv(name, raising=False)
        for name, value in own.items():
            self._monkeypatch.setenv(name, value)
        forget_process_state()


@pytest.fixture(scope="session")
def template() -> Template:
    return Template()


@pytest.fixture
def aws(template: Template, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Empty tables, queues and bucket of the template, reached by the product's own clients."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
        "AWS_DEFAULT_REGION": REGION,
        # Handlers run outside Lambda here: no tracing daemon, no metrics destination.
        "POWERTOOLS_TRACE_DISABLED": "true",
        "POWERTOOLS_METRICS_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    forget_process_state()
    copy_tables_once(monkeypatch)
    with mock_aws():
        start_session()
        cloud = Aws(template, monkeypatch)
        create_resources(template)
        yield cloud
    forget_process_state()


def copy_tables_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto copies a whole table for each member of a transaction, to restore it; once a transaction is enough."""
    copies: dict[int, Table] = {}
    transact = DynamoDBBackend.transact_write_items

    def copy_once(value: Any) -> Any:
        if not isinstance(value, Table):
            return copy.deepcopy(value)
        return copies.setdefault(id(value), copies.get(id(value)) or copy.deepcopy(value))

    def forget_copies_first(self: DynamoDBBackend, *given: Any, **named: Any) -> Any:
        copies.clear()
        return transact(self, *given, **named)

    monkeypatch.setattr("moto.dynamodb.models.copy", SimpleNamespace(deepcopy=copy_once))
    monkeypatch.setattr(DynamoDBBackend, "transact_write_items", forget_copies_first)

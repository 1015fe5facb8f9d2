"""A command's word for who acts is not enough to be the second person in production."""

import re
from importlib import import_module
from typing import Any

import pytest

from invoicing.settings import get_settings
from tests.integration.aws_from_template import Template
from tests.integration.conftest import Aws
from tests.integration.scenario import FakeContext

DECIDES = {
    "UploadCommandFunction": [{"operation": "release", "upload_id": "01M8EMPES137WTRJ2S3BGXE2PQ"}],
    "InvoiceCommandFunction": [
        {"operation": "approve_outside_payment", "number": "1"},
        {"operation": "approve_reversal", "number": "1"},
    ],
    "ReconcileCommandFunction": [{"operation": "approve_line", "va_number": "8800100000000001", "line": "settled"}],
}


def run(function: str, template: Template, command: dict[str, Any]) -> str:
    handler = template.find("AWS::Serverless::Function")[function]["Handler"].removesuffix(".handle")
    who = {"user_id": "siti"} | ({} if function == "ReconcileCommandFunction" else {"biller_id": "toko-sinar"})
    answer: dict[str, Any] = import_module(handler).handle(who | command, FakeContext())
    return str(answer["error"]["code"])


@pytest.mark.parametrize("function", DECIDES)
def test_second_person_is_no_command_in_production(aws: Aws, monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    for stage, is_refused in (("prod", True), ("dev", False)):
        variables = Template(Stage=stage).read_environment(function)
        monkeypatch.setenv("SECOND_PERSON", variables["SECOND_PERSON"])
        get_settings.cache_clear()
        for command in DECIDES[function]:
            assert (run(function, aws.template, command) == "decided_elsewhere") is is_refused, command


def test_every_approval_and_release_by_command_is_among_them(aws: Aws) -> None:
    told = {command["operation"] for commands in DECIDES.values() for command in commands}
    for function, properties in aws.template.find("AWS::Serverless::Function").items():
        module = import_module(properties["Handler"].rpartition(".")[0])
        if hasattr(module, "Command") and hasattr(module, "_parse"):
            operations = re.findall(r"'const': '(\w+)'", str(module._parse.json_schema()))
            decided = {name for name in operations if name.startswith(("approve", "release"))}
            assert decided <= told, function

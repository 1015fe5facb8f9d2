"""Deploys ``template.yaml`` to the local cloud, with the little that differs from AWS stated here."""

import hashlib
import io
import json
import os
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from infra.local.cloud import REGION, ROOT, Cloud, CloudError
from infra.local.http_apis import spell_out_routes
from infra.local.provider_calls import WHATSAPP_SENDERS
from infra.local.providers import ENDPOINT_VARIABLES

STACK = "invoicing-local"
CODE_BUCKET = "invoicing-local-code"
_E_INVOICE_SENDER, _PINTU_KELAS_SENDER = WHATSAPP_SENDERS
DEPLOY_SECONDS = 60
START_TIMEOUT = 30
PARAMETERS = {
    "Stage": "local",
    # Two cores: more workers only wait for each other.
    "WriteConcurrency": "2",
    "EmailConcurrency": "2",
    "ReceiptConcurrency": "2",
    "ReportConcurrency": "2",
    "EmailExpressConcurrency": "2",
    "SmsConcurrency": "2",
    "SmsExpressConcurrency": "2",
    "WhatsAppConcurrency": "2",
    "WhatsAppExpressConcurrency": "2",
    "EventConcurrency": "2",
    "WebhookConcurrency": "2",
    # The receiver of webhooks runs on this machine.
    "WebhookAllowedNetworks": "127.0.0.1/32",
    "BankFirewall": "off",
    "WhatsAppEInvoicePhoneNumberId": _E_INVOICE_SENDER,
    "WhatsAppPintuKelasPhoneNumberId": _PINTU_KELAS_SENDER,
}


def deploy(cloud: Cloud, providers: str, parameters: dict[str, str] | None = None) -> Cloud:
    """Create the stack, with senders that call ``providers``; the cloud returned knows both.

    Raises CloudError with the reason of each failure.
    """
    cloud.client("s3").create_bucket(
        Bucket=CODE_BUCKET, CreateBucketConfiguration={"LocationConstraint": cloud.client("s3").meta.region_name}
    )
    code = build_code_package(ROOT / "functions")
    key = f"{hashlib.sha256(code).hexdigest()}.zip"
    cloud.client("s3").put_object(Bucket=CODE_BUCKET, Key=key, Body=code)
    template = load_template()
    template["Globals"]["Function"]["CodeUri"] = {"Bucket": CODE_BUCKET, "Key": key}
    values = {**PARAMETERS, **(parameters or {})}
    _fit_to_emulator(template, values)
    _call_providers_at(template, providers)
    _trust_receiver(template, cloud.certificate)
    template = _translate(template, cloud.endpoint)
    body = json.dumps(template, separators=(",", ":"))
    cloud.client("s3").put_object(Bucket=CODE_BUCKET, Key="template.json", Body=body)
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_stack(
        StackName=STACK,
        TemplateURL=f"{cloud.endpoint}/{CODE_BUCKET}/template.json",
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    return replace(cloud, outputs=_wait_for_outputs(cloudformation), providers=providers)


def load_template(path: Path = ROOT / "template.yaml") -> Any:
    """The template as plain data; ``!Ref`` and friends in their long form."""
    return yaml_parse(path.read_text())


def build_code_package(source: Path) -> bytes:
    """The functions' code without its dependencies: those come from the environment that runs MiniStack."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(source.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith("requirements"):
                # Fixed times: the same code is the same package.
                archive.writestr(zipfile.ZipInfo(path.relative_to(source).as_posix()), path.read_bytes())
    return package.getvalue()


def _fit_to_emulator(template: Any, values: dict[str, str]) -> None:
    """What MiniStack takes otherwise than AWS does; everything else is deployed as it stands."""
    # It has no metric math, and none of its alarms ever rings.
    for name in [name for name, resource in template["Resources"].items() if "Metrics" in resource["Properties"]]:
        del template["Resources"][name]
    _fit_bank_api(template["Resources"]["BankApi"]["Properties"]["DefinitionBody"])
    for resource in template["Resources"].values():
        properties = resource["Properties"]
        # A number that comes from a parameter stays text, and the poller compares it with numbers.
        scaling = properties.get("ScalingConfig")
        if scaling and isinstance(scaling["MaximumConcurrency"], dict):
            scaling["MaximumConcurrency"] = int(values[scaling["MaximumConcurrency"]["Ref"]])
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        # It counts the start of a process as part of the first call, which AWS does not.
        properties["Timeout"] = max(properties["Timeout"], START_TIMEOUT)
        for policy in properties.get("Policies", []):
            policy["Statement"] = [_fit_statement(statement) for statement in policy["Statement"]]


def _fit_statement(statement: dict[str, Any]) -> dict[str, Any]:
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    # A batch is authorised as an action of its own, which AWS does not have.
    batches = [f"{action}Batch" for action in actions if action in ("sqs:SendMessage", "sns:Publish")]
    fitted = {**statement, "Action": [*actions, *batches]}
    # It does not see which queue a move is of.
    return {**fitted, "Resource": "*"} if "sqs:StartMessageMoveTask" in actions else fitted


def _fit_bank_api(definition: Any) -> None:
    # It does not tell a policy the caller's address: only 127.0.0.1 can call anyway.
    for statement in definition["x-amazon-apigateway-policy"]["Statement"]:
        del statement["Condition"]
    # It imports methods by their names only.
    for path in definition["paths"].values():
        operation = path.pop("x-amazon-apigateway-any-method")
        path |= dict.fromkeys(("get", "put", "post", "delete", "options", "head", "patch"), operation)


def _call_providers_at(template: Any, address: str) -> None:
    """The senders' code is the same; AWS's own variables tell its clients where the provider is."""
    for function, variable in ENDPOINT_VARIABLES.items():
        template["Resources"][function]["Properties"]["Environment"]["Variables"][variable] = address


def _translate(template: Any, endpoint: str) -> Any:
    """The template as CloudFormation, by SAM's own translator; HTTP APIs as MiniStack needs them.

    The output that tells the address of API ``Some`` is called ``SomeAddress``.
    """
    # Read by the translator, which looks up in it what its managed policies are called in this partition.
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    translated = transform(template, {}, SimpleNamespace(load=dict))
    spell_out_routes(translated)
    for name, resource in translated["Resources"].items():
        if resource["Type"] == "AWS::ApiGatewayV2::Api":
            address = f"{endpoint}/_aws/execute-api/{name.lower()}"
            translated["Outputs"][f"{name}Address"]["Value"] = address
    return translated


def _trust_receiver(template: Any, certificate: Path) -> None:
    """Webhooks go to whom the public authorities vouch for; OpenSSL's own variable names another one here."""
    variables = template["Resources"]["NoticeSendWebhookFunction"]["Properties"]["Environment"]["Variables"]
    variables["SSL_CERT_FILE"] = str(certificate)


def _wait_for_outputs(cloudformation: Any) -> dict[str, str]:
    deadline = time.monotonic() + DEPLOY_SECONDS
    while time.monotonic() < deadline:
        stack = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        if stack["StackStatus"] == "CREATE_COMPLETE":
            return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        if stack["StackStatus"] != "CREATE_IN_PROGRESS":
            events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
            reasons = [
                f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}"
                for event in events
                if event["ResourceStatus"].endswith("FAILED")
            ]
            raise CloudError("template.yaml did not deploy:\n  " + "\n  ".join(reasons))
        time.sleep(0.1)
    raise CloudError(f"template.yaml did not deploy within {DEPLOY_SECONDS} seconds")

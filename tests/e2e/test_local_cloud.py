"""The local cloud is the template's: it deploys, enforces IAM and TLS, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.local.cloud import REGION, ROOT, Cloud
from infra.local.deploy import STACK, load_template
from infra.local.logs import list_groups

ROLES = sorted(
    name.removesuffix("Function")
    for name, resource in load_template()["Resources"].items()
    if resource["Type"] == "AWS::Serverless::Function"
)


def find_resources(cloud: Cloud, kind: str) -> dict[str, str]:
    """Logical id -> physical id."""
    pages = cloud.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
    return {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == kind
    }


def act_as(cloud: Cloud, function: str, service: str) -> Any:
    """A client with the rights of this function's role."""
    role = find_resources(cloud, "AWS::IAM::Role")[f"{function}FunctionRole"]
    session = cloud.client("sts").assume_role(RoleArn=f"arn:aws:iam::000000000000:role/{role}", RoleSessionName="test")
    credentials = session["Credentials"]
    return boto3.client(
        service,
        endpoint_url=cloud.endpoint,
        verify=str(cloud.certificate),
        region_name=REGION,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def read_refusal(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as refusal:
        call(**request)
    return str(refusal.value.response["Error"]["Code"])


def test_every_resource_of_template_is_deployed(cloud: Cloud) -> None:
    pages = cloud.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
    deployed = {resource["LogicalResourceId"] for page in pages for resource in page["StackResourceSummaries"]}
    wanted = {name: resource for name, resource in load_template()["Resources"].items() if "Condition" not in resource}
    left_out = wanted.keys() - deployed
    # MiniStack has no metric math.
    assert left_out == {name for name in wanted if "Metrics" in wanted[name].get("Properties", {})}
    assert len(left_out) < 5


def test_every_function_has_its_log_group(cloud: Cloud) -> None:
    # API Gateway's own log of calls is no function's.
    assert len([name for name in list_groups(cloud) if not name.endswith("-access")]) == len(ROLES)


@pytest.mark.parametrize("function", [role for role in ROLES if role.startswith("Notice")])
def test_notify_functions_cannot_read_workbooks_or_change_uploads(cloud: Cloud, function: str) -> None:
    """Senders read whether an upload is held (AWS bounds that to its hold by the key, which the emulator does not)."""
    tables = find_resources(cloud, "AWS::DynamoDB::Table")
    database, files = act_as(cloud, function, "dynamodb"), act_as(cloud, function, "s3")
    key = {"pk": {"S": "toko-sinar"}, "sk": {"S": "x"}}
    assert read_refusal(database.put_item, TableName=tables["UploadsTable"], Item=key) == "AccessDeniedException"
    bucket = cloud.outputs["InboxBucket"]
    assert read_refusal(files.get_object, Bucket=bucket, Key="inbox/toko-sinar/x.xlsx") == "AccessDenied"


@pytest.mark.parametrize("function", ROLES)
def test_no_function_can_scan_a_table(cloud: Cloud, function: str) -> None:
    database = act_as(cloud, function, "dynamodb")
    for table in find_resources(cloud, "AWS::DynamoDB::Table").values():
        assert read_refusal(database.scan, TableName=table) == "AccessDeniedException"


def test_checking_cannot_create_invoices(cloud: Cloud) -> None:
    table = find_resources(cloud, "AWS::DynamoDB::Table")["InvoicesTable"]
    item = {"pk": {"S": "toko-sinar#X"}, "sk": {"S": "current"}}
    database = act_as(cloud, "UploadCheck", "dynamodb")
    put = {"Put": {"TableName": table, "Item": item}}
    assert read_refusal(database.put_item, TableName=table, Item=item) == "AccessDeniedException"
    assert read_refusal(database.transact_write_items, TransactItems=[put]) == "AccessDeniedException"


def test_role_may_do_what_its_policy_says(cloud: Cloud) -> None:
    answer = act_as(cloud, "UploadCommand", "dynamodb").get_item(
        TableName=cloud.outputs["BillersTable"], Key={"pk": {"S": "toko-sinar"}}
    )
    assert answer["Item"]["company_code"] == {"S": "88001"}


def test_form_of_an_upload_takes_no_other_key_and_no_larger_file(shop: Any, cloud: Cloud) -> None:
    """Tenant isolation on the way in: a form of one biller cannot write under another's prefix."""
    import urllib3

    post = shop.call("create", filename="a.xlsx")["post"]
    stolen = {**post["fields"], "key": "inbox/sekolah-harapan/01ARZ3NDEKTSV4RRFFQ69G5FAV.xlsx"}
    with urllib3.PoolManager(ca_certs=str(cloud.certificate)) as http:
        answer = http.request("POST", post["url"], fields={**stolen, "file": ("a.xlsx", b"x")}, retries=False)
    assert answer.status == 403


def test_range_of_an_old_version_is_that_versions(cloud: Cloud) -> None:
    """What MiniStack lacks and infra/local/emulator.py adds."""
    files, bucket = cloud.client("s3"), cloud.outputs["InboxBucket"]
    first = files.put_object(Bucket=bucket, Key="plans/test", Body=b"0123456789")["VersionId"]
    files.put_object(Bucket=bucket, Key="plans/test", Body=b"abcdefghij")
    answer = files.get_object(Bucket=bucket, Key="plans/test", VersionId=first, Range="bytes=3-5")
    assert (answer["Body"].read(), answer["ContentRange"]) == (b"345", "bytes 3-5/10")


def test_plain_http_gets_no_answer(cloud: Cloud) -> None:
    with pytest.raises((urllib.error.URLError, OSError)):
        urllib.request.urlopen(cloud.endpoint.replace("https:", "http:"), timeout=5)  # noqa: S310


def list_processes_with(text: str) -> list[int]:
    """Processes with this in their environment or command line: all that a cloud with this home folder started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            trace = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if text.encode() in trace and folder.name != str(os.getpid()):
            found.append(int(folder.name))
    return found


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_stopped_cloud_leaves_no_process_and_no_address(tmp_path: Path, ending: signal.Signals) -> None:
    command = [sys.executable, "-m", "infra.local", "--home", str(tmp_path), "up", "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        address = json.loads(running.stdout.readline())
        assert address["outputs"]["UploadCommandFunction"]
        # A worker of a function is a process too.
        subprocess.run(
            [sys.executable, "-m", "infra.local", "--home", str(tmp_path), "show", "01ARZ3NDEKTSV4RRFFQ69G5FAV"],
            cwd=ROOT,
            capture_output=True,
            check=False,
        )
        assert len(list_processes_with(str(tmp_path))) >= 3
        running.send_signal(ending)
        assert running.wait(20) == 0
    deadline = time.monotonic() + 5
    while list_processes_with(str(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert list_processes_with(str(tmp_path)) == []
    assert not (tmp_path / "cloud.json").exists()
    assert (tmp_path / "logs" / "upload-command.log").read_text()


def test_command_without_cloud_says_what_to_do(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "infra.local", "--home", str(tmp_path), "emails"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "make local" in answer.stderr

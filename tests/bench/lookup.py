"""CPU of looking up the planned numbers, with DynamoDB answered in the process: nothing exists yet."""

import os
import time
from pathlib import Path
from typing import Any

from botocore.awsrequest import AWSPreparedRequest

from tests.bench.answers import answer_with, set_environment


def look_up_existing(plan: Path) -> dict[str, Any]:
    from infra.local.seed import BILLERS
    from invoicing.store import dynamodb
    from upload.existing import drop_existing

    set_environment({"INVOICES_TABLE": "invoices", "AWS_DEFAULT_REGION": "ap-southeast-3"})
    requests = 0

    def answer(_: AWSPreparedRequest) -> bytes:
        nonlocal requests
        requests += 1
        return b'{"Responses":{},"UnprocessedKeys":{}}'

    answer_with(dynamodb.client(), answer)
    before = time.process_time()
    with Path(os.devnull).open("wb") as nowhere:
        found = drop_existing(BILLERS[0], plan, nowhere)
    return {"cpu": time.process_time() - before, "requests": requests, "invoices": found.new}

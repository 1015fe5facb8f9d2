"""Partition keys of the very items that the writer would put for a plan."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from botocore.awsrequest import AWSPreparedRequest

from invoicing import clock
from invoicing.notices import plan_issued_notices
from invoicing.settings import get_settings
from invoicing.store import invoices, uploads
from invoicing.store.dynamodb import client, to_item
from invoicing.store.notices import notice_item
from invoicing.uploads import MAX_CHUNK_INVOICES, ChunkResult, ChunkState, Upload, UploadStatus
from invoicing.virtual_accounts import build_va_number
from tests.bench.answers import answer_with, set_environment
from tests.bench.write_units import list_tables
from tests.integration.aws_from_template import REGION, Template
from tests.integration.scenario import SHOP

_UPLOAD_ID = "01KB00000000000000000BENCH"


def count_keys(plan: Path) -> dict[str, Any]:
    """Writes, keys and the hottest key's writes of each table and index."""
    template = Template()
    set_environment(template.read_environment("UploadWriteFunction") | {"AWS_DEFAULT_REGION": REGION})
    tables = {table.name: table for table in list_tables(template)}
    seen: dict[tuple[str, str], Counter[str]] = {}

    def note(name: str, item: dict[str, Any]) -> None:
        table = tables[name]
        for index, key in [("", table.keys[0]), *((index.name, index.keys[0]) for index in table.indexes)]:
            if key in item:
                seen.setdefault((table.logical_id.removesuffix("Table"), index), Counter())[item[key]["S"]] += 1

    written = _note_invoices(plan, note)
    _note_chunk_results(written, note)
    return {
        "invoices": written,
        "places": [[*place, keys.total(), len(keys), max(keys.values())] for place, keys in seen.items()],
    }


def _note_invoices(plan: Path, note: Callable[[str, dict[str, Any]], None]) -> int:
    """What the writer would put for each line; how many lines."""
    settings = get_settings()
    created_at = clock.to_text(clock.now())
    sequence = 0
    with plan.open("rb") as lines:
        for sequence, line in enumerate(lines, start=1):
            planned = orjson.loads(line)
            draft = planned["invoice"]
            number = build_va_number(SHOP.company_code, sequence, settings.va_customer_number_digits)
            about = {"bank_code": settings.bank_code, "va_number": number, "biller_id": SHOP.biller_id}
            about |= {"upload_id": _UPLOAD_ID, "created_at": created_at}
            for write in invoices.build_invoice_writes(row=planned["row"], draft=draft, **about):
                note(write["Put"]["TableName"], write["Put"]["Item"])
            for notice in plan_issued_notices(SHOP, draft, number):
                note(settings.notices_table, to_item(notice_item(notice, number=draft["number"], **about)))
    return sequence


def _note_chunk_results(written: int, note: Callable[[str, dict[str, Any]], None]) -> None:
    upload = Upload(
        biller_id=SHOP.biller_id,
        upload_id=_UPLOAD_ID,
        module=SHOP.module,
        on_errors=SHOP.on_errors,
        filename="tagihan.xlsx",
        status=UploadStatus.WRITING,
        uploaded_by="siti",
        created_at=clock.to_text(clock.now()),
    )

    def answer(request: AWSPreparedRequest) -> bytes:
        put = json.loads(request.body or b"")
        note(put["TableName"], put["Item"])
        return b"{}"

    answer_with(client(), answer)
    for index in range(-(-written // MAX_CHUNK_INVOICES)):
        uploads.save_chunk_result(upload, ChunkResult(index, ChunkState.DONE))

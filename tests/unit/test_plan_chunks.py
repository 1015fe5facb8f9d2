import io
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.billers import Biller, BillerState, Module, OnErrors
from invoicing.invoices import list_differences
from invoicing.notices import Channel, plan_issued_notices
from invoicing.uploads import ChunkResult, ChunkState, Upload, UploadStatus, sum_results
from upload import existing
from upload.existing import NewPlan, drop_existing

BILLER = Biller(
    biller_id="biller",
    name="Toko Sinar",
    module=Module.E_INVOICE,
    state=BillerState.ACTIVE,
    company_code="88081",
    giro_account="028000111222",
    channels=(Channel.EMAIL, Channel.SMS),
)
EMAILS = st.sampled_from(["a@example.com", "A@example.com", "b@example.com"])
drafts = st.lists(
    st.fixed_dictionaries(
        {
            "number": st.uuids().map(str),
            "amount": st.integers(1, 10**12),
            "description": st.text(max_size=80),
            "recipients": st.lists(
                st.fixed_dictionaries({}, optional={"email": EMAILS, "sms": st.sampled_from(["+62811", "+62812"])}),
                max_size=3,
            ),
        },
        optional={"channels": st.lists(st.sampled_from(Channel), min_size=1, unique=True)},
    ),
    max_size=60,
)


def drop(planned: list[dict[str, Any]], stored: dict[str, dict[str, Any]]) -> tuple[NewPlan, bytes]:
    def look_up(_biller: str, numbers: list[str], *, consistent: bool) -> tuple[dict[str, Any], dict[str, str]]:
        assert len(numbers) <= 100
        return {number.upper(): stored[number] for number in numbers if number in stored}, {}

    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.setattr(existing.invoices, "look_up_numbers", look_up)
        patch.setattr(existing, "MAX_CHUNK_INVOICES", 7)
        patch.setattr(existing, "MAX_CHUNK_BYTES", 900)
        path = Path(folder) / "plan.ndjson"
        path.write_bytes(
            b"".join(orjson.dumps({"row": row, "invoice": draft}) + b"\n" for row, draft in enumerate(planned, 2))
        )
        new_plan = io.BytesIO()
        return drop_existing(BILLER, path, new_plan), new_plan.getvalue()


def make_upload(plan: NewPlan) -> Upload:
    return Upload(
        biller_id="biller",
        upload_id="upload",
        module=Module.E_INVOICE,
        on_errors=OnErrors.ACCEPT_GOOD_ROWS,
        filename="a.xlsx",
        status=UploadStatus.WAITING,
        uploaded_by="maker",
        created_at="2026-11-23T00:00:00.000Z",
        chunk_bounds=plan.chunk_bounds,
    )


@given(drafts)
def test_chunks_tile_the_plan_in_whole_lines_within_their_limits(planned: list[dict[str, Any]]) -> None:
    plan, content = drop(planned, {})
    chunks = make_upload(plan).chunks
    assert b"".join(content[chunk.start : chunk.end] for chunk in chunks) == content
    first = 0
    for chunk in chunks:
        lines = content[chunk.start : chunk.end].splitlines(keepends=True)
        assert (len(lines), chunk.first) == (chunk.count, first)
        assert all(line.endswith(b"\n") for line in lines)
        assert chunk.count <= 7
        assert chunk.count == 1 or chunk.end - chunk.start <= 900
        first += chunk.count
    assert first == plan.new == len(planned)
    assert plan.amount == sum(draft["amount"] for draft in planned)
    issued = [plan_issued_notices(BILLER, draft, f"VA{row}") for row, draft in enumerate(planned)]
    assert plan.notices == Counter(notice.channel for notices in issued for notice in notices)


@given(drafts, st.data())
def test_existing_numbers_leave_the_plan_and_every_draft_is_counted_once(
    planned: list[dict[str, Any]], data: st.DataObject
) -> None:
    stored = {}
    for draft in planned:
        fate = data.draw(st.sampled_from(["new", "same", "different"]))
        if fate != "new":
            stored[draft["number"]] = draft | {"upload_id": "before", "status": "open"}
        if fate == "different":
            stored[draft["number"]]["amount"] = draft["amount"] + 1
    plan, content = drop(planned, stored)
    kept = [orjson.loads(line)["invoice"]["number"] for line in content.splitlines()]
    assert kept == [draft["number"] for draft in planned if draft["number"] not in stored]
    assert plan.new + plan.already_there + plan.different == len(planned)
    assert len(plan.issues) == plan.already_there + plan.different


def test_differences_name_each_member_that_changed_and_nothing_else() -> None:
    draft: Any = {"number": "inv-1", "payer_name": "A", "amount": 5, "due_date": "2027-01-01", "recipients": []}
    stored = draft | {"number": "INV-1", "status": "open", "va_number": "1", "created_at": "now"}
    assert list_differences(draft, stored) == []
    assert list_differences(draft | {"description": "x"}, stored | {"amount": 6}) == ["amount", "description"]


def test_totals_count_only_chunks_that_are_done() -> None:
    results = [
        ChunkResult(0, ChunkState.DONE, written=5, written_amount=50, already_there=1),
        ChunkResult(1, ChunkState.FAILED, written=9, written_amount=90),
        ChunkResult(2, ChunkState.DONE, written=2, written_amount=20),
    ]
    assert sum_results(results) == {
        "written": 7,
        "written_amount": 70,
        "written_already_there": 1,
        "conflicts": 0,
    }

"""Samples are what they say: good rows pass the check however they are typed, and each mistake is found."""

from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from infra.local.sample_workbooks import MISTAKES, write_sample
from invoicing.billers import Module
from upload.check_workbook import check_workbook

FIRST_DUE = date(2027, 1, 4)


def check(path: Path, module: Module) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    answer = check_workbook(
        {
            "path": str(path),
            "out_dir": str(path.parent),
            "module": module.value,
            "channels": ["email"],
            "today": "2026-11-23",
            "now": "2026-11-23T03:00:00Z",
            "max_rows": 200_000,
            "max_bytes": 50 << 20,
            "last_amounts": None,
        }
    )
    issues = [orjson.loads(line) for line in (path.parent / "issues.ndjson").read_bytes().splitlines()]
    plan = [orjson.loads(line)["invoice"] for line in (path.parent / "plan.ndjson").read_bytes().splitlines()]
    return answer, issues, plan


@pytest.mark.parametrize("inline_strings", [False, True])
@pytest.mark.parametrize("module", list(Module))
def test_good_sample_passes_whole_with_two_addresses_each(tmp_path: Path, module: Module, inline_strings: bool) -> None:
    path = tmp_path / "sample.xlsx"
    write_sample(module, path, 400, recipients=2, first_due=FIRST_DUE, inline_strings=inline_strings)
    answer, issues, plan = check(path, module)
    assert issues == []
    assert answer["rows"] == 400
    assert answer["warnings"] == {}
    assert all(sum("email" in recipient for recipient in invoice["recipients"]) == 2 for invoice in plan)
    if module is Module.E_INVOICE:
        assert any(len(invoice.get("items", [])) > 1 for invoice in plan)


@pytest.mark.parametrize("module", list(Module))
def test_every_mistake_is_found_in_its_row(tmp_path: Path, module: Module) -> None:
    path = tmp_path / "sample.xlsx"
    sample = write_sample(module, path, 20 * len(MISTAKES[module]), bad_share=1 / 20, first_due=FIRST_DUE)
    assert list(sample.mistakes.values()) == list(MISTAKES[module])
    _, issues, _ = check(path, module)
    own_errors = {issue["row"] for issue in issues if issue["code"] != "invoice_has_bad_row"}
    assert own_errors == set(sample.mistakes)


@pytest.mark.parametrize("module", list(Module))
def test_same_seed_gives_the_same_bytes(tmp_path: Path, module: Module) -> None:
    for name in ("a", "b"):
        write_sample(module, tmp_path / name, 50, bad_share=0.1, seed=7, first_due=FIRST_DUE)
    write_sample(module, tmp_path / "c", 50, bad_share=0.1, seed=8, first_due=FIRST_DUE)
    contents = [(tmp_path / name).read_bytes() for name in ("a", "b", "c")]
    assert contents[0] == contents[1] != contents[2]

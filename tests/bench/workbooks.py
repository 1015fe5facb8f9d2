"""The workbooks that are measured, made once and kept under .local/bench for the next run.

``plain``: e-invoice, one row one invoice, 13 columns. ``products``: the e-invoice sample of the demo, 12 columns, where
every row is a product row and one invoice in eight has several. ``school``: the school sample, 15 columns. In each,
every seventh row types the same things in another way.
"""

import hashlib
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from unittest.mock import patch

from infra.local import sample_workbooks
from infra.local.sample_workbooks import Row
from invoicing.billers import Module
from tests.bench import ROOT
from tests.bench.measuring import run_job

FOLDER = ROOT / ".local" / "bench"
TODAY = "2027-01-04"
NOW = "2027-01-04T03:00:00Z"
MODULES = {"plain": Module.E_INVOICE, "products": Module.E_INVOICE, "school": Module.PINTU_KELAS}
_FIRST_DUE = date(2027, 1, 18)
_PRODUCT_HEADERS = ("Nama Barang", "Qty", "Harga Satuan")
_sample_rows = sample_workbooks.GENERATORS[Module.E_INVOICE]


def find_workbook(kind: str, rows: int, *, recipients: int = 1, strings: str = "shared") -> Path:
    """A workbook of that many data rows, made in a process of its own if it is not there. ``strings``: or inline."""
    sources = Path(sample_workbooks.__file__).read_bytes() + Path(__file__).read_bytes()
    name = f"{kind}-{rows}-{recipients}-{strings}"
    path = FOLDER / f"{name}-{hashlib.sha256(sources).hexdigest()[:8]}.xlsx"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        for outdated in FOLDER.glob(f"{name}-*"):
            outdated.unlink()
        print(f"  making {path.name}", flush=True)
        run_job("make_workbook", str(path), kind, str(rows), str(recipients), strings)
    return path


def make_workbook(path: Path, kind: str, rows: int, recipients: int, strings: str) -> None:
    partial = path.with_suffix(".partial")
    generator = _plain_rows if kind == "plain" else sample_workbooks.GENERATORS[MODULES[kind]]
    with patch.dict(sample_workbooks.GENERATORS, {MODULES[kind]: generator}):
        sample_workbooks.write_sample(
            MODULES[kind],
            partial,
            rows,
            recipients=recipients,
            inline_strings=strings == "inline",
            first_due=_FIRST_DUE,
        )
    partial.rename(path)


def _plain_rows(rng: random.Random, due: date, recipients: int) -> Iterator[tuple[Row, bool]]:
    """The sample's invoices without their products, and with what else a biller may state."""
    previous = None
    for row, _ in _sample_rows(rng, due, recipients):
        if row["No. Invoice"] == previous:
            continue
        previous = row["No. Invoice"]
        index = int(str(row["Kode Pelanggan"]))
        kept = {header: value for header, value in row.items() if header not in _PRODUCT_HEADERS}
        more: Row = {
            "Tanggal Invoice": due - timedelta(days=14),
            "Bahasa": "EN" if index % 10 == 0 else "ID",
            "Catatan Internal": f"Kontrak {index % 500}/2027",
            "Ref ERP": f"SO-{index:06d}",
        }
        yield kept | more, True

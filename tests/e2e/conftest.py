"""One local cloud for all end-to-end tests, with a small client in the place of a biller's program."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local import client
from infra.local.cloud import Cloud
from infra.local.stack import run_stack
from tests.e2e.at_once import be_all_functions

TIMEOUT = 90


class Shop:
    """A biller's staff: makes uploads, looks at them, releases them."""

    def __init__(self, cloud: Cloud, biller_id: str = "toko-sinar") -> None:
        self.cloud = cloud
        self.biller_id = biller_id

    def call(self, operation: str, role: str = "maker", **members: Any) -> dict[str, Any]:
        return client.call(self.cloud, operation, self.biller_id, f"{self.biller_id}-{role}", **members)

    def upload(self, path: Path) -> client.View:
        """Upload and wait for the check's end."""
        upload_id = client.send_workbook(self.cloud, path, self.biller_id, f"{self.biller_id}-maker")
        return self.wait(upload_id, client.CHECKED)

    def release(self, view: client.View) -> client.View:
        """Release with every warning acknowledged, notices at once at any hour, and wait until all is written."""
        members = {"upload_id": view["upload_id"], "acknowledged": sorted(view["warnings"]), "send": "now"}
        self.call("release", "checker", **members)
        return self.wait(view["upload_id"], client.ENDED)

    def wait(self, upload_id: str, states: frozenset[str]) -> client.View:
        return client.wait_for(self.cloud, self.biller_id, upload_id, states, timeout=TIMEOUT, watch=lambda _: None)

    def list_invoices(self, upload_id: str) -> list[dict[str, Any]]:
        return list(client.list_invoices(self.cloud, self.biller_id, upload_id))


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The product as ``make local`` runs it, in a folder of its own."""
    with run_stack(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture
def shop(cloud: Cloud) -> Shop:
    return Shop(cloud)


@pytest.fixture
def school(cloud: Cloud) -> Shop:
    return Shop(cloud, "sekolah-harapan")


@pytest.fixture
def product(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """This process is all functions of the deployed stack at once: it has their variables and reaches their cloud."""
    with be_all_functions(cloud, monkeypatch):
        yield cloud

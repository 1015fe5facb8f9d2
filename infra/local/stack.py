"""The whole product, running here: emulator, stack, billers, a bank, and a stand-in for the providers."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from infra.local import front
from infra.local.bank import connect_bank
from infra.local.cloud import HOME, ROOT, Cloud, CloudError, publish, run_emulator
from infra.local.deploy import deploy, load_template
from infra.local.event_listener import listen_to_events
from infra.local.logs import save_logs
from infra.local.providers import run_providers
from infra.local.staff import build_settings
from infra.local.webhook_receiver import run_receiver


@contextmanager
def run_stack(home: Path = HOME, parameters: dict[str, str] | None = None) -> Iterator[Cloud]:
    """Everything set up and ready to be used, for the length of the block. Logs stay in ``home/logs``.

    Args:
        parameters: of template.yaml, over their defaults and those of the local cloud.
    """
    with (
        run_providers() as providers,
        run_emulator(home) as emulator,
        front.listen(emulator.certificate, emulator.certificate.with_suffix(".key")) as door,
    ):
        chosen = {"DashboardOrigin": door.address, "PayerLinkBase": door.payer_links, **(parameters or {})}
        cloud = deploy(emulator, providers.address, chosen)
        values = {**_read_defaults(), **chosen}
        providers.payer_links = values["PayerLinkBase"]
        _seed(cloud, values)
        connect_bank(cloud, int(values["VaCompanyCodeDigits"]))
        with (
            providers.play(cloud),
            listen_to_events(cloud, providers.mailbox),
            run_receiver(
                providers.mailbox, providers.webhook_secrets, cloud.certificate, cloud.certificate.with_suffix(".key")
            ) as receiver,
            front.serve(
                door, cloud.outputs["DashboardApiAddress"], cloud.outputs["PayerApiAddress"], cloud.certificate
            ),
        ):
            cloud = replace(cloud, receiver=receiver.address, front=door.address)
            publish(cloud)
            try:
                yield cloud
            finally:
                save_logs(cloud)


def _read_defaults() -> dict[str, str]:
    parameters = load_template()["Parameters"]
    return {name: str(parameter["Default"]) for name, parameter in parameters.items() if "Default" in parameter}


def _seed(cloud: Cloud, values: dict[str, str]) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= cloud.build_environment() | {
        "BANK_CODE": values["BankCode"],
        "VA_COMPANY_CODE_DIGITS": values["VaCompanyCodeDigits"],
        "BILLERS_TABLE": cloud.outputs["BillersTable"],
        "COUNTERS_TABLE": cloud.outputs["CountersTable"],
        **build_settings(cloud),
    }
    seeding = subprocess.run(
        [sys.executable, "-m", "infra.local.seed"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if seeding.returncode != 0:
        raise CloudError(f"billers and users could not be set up:\n{seeding.stderr}")

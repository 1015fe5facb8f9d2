"""Starts and stops the embedded cloud (MiniStack) as a child process, and says how to reach it.

Everything it writes goes under one home folder (``.local/``). It listens on 127.0.0.1 with TLS, because the
template's bucket and queues refuse plain HTTP, and it enforces IAM, because a missing permission must show here.
"""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from infra.local.certificate import write_certificate

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".local"
REGION = "ap-southeast-3"
START_SECONDS = 30

ROOT_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""MiniStack's account root. Only deploying and reading results use it; each function has its own role."""


class CloudError(Exception):
    """The local cloud could not be started, reached or deployed to. The message says what to do."""


@dataclass(frozen=True)
class Cloud:
    """A running local cloud, as kept in ``cloud.json`` for the commands of other processes."""

    home: Path
    endpoint: str
    certificate: Path
    pid: int
    outputs: dict[str, str] = field(default_factory=dict)
    """The stack's outputs."""
    front: str = ""
    """Address of the pages: the dashboard at ``/``, payers' pages below ``/t/``."""
    providers: str = ""
    """Address of the providers' stand-in, which shows the messages."""
    receiver: str = ""
    """Address of the program that takes webhooks."""

    def client(self, service: str) -> Any:
        return _make_client(service, self.endpoint, str(self.certificate))

    def build_environment(self) -> dict[str, str]:
        """What a process needs to reach this cloud with an unchanged AWS SDK."""
        return {
            **ROOT_CREDENTIALS,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CA_BUNDLE": str(self.certificate),
            # For what is fetched without the SDK: the keys of the user pool.
            "SSL_CERT_FILE": str(self.certificate),
        }

    def fetch(self, url: str) -> bytes:
        """GET a link of this cloud (presigned, or MiniStack's own pages)."""
        with urllib.request.urlopen(url, context=self._trust(), timeout=30) as answer:  # noqa: S310 - our own https link
            body: bytes = answer.read()
        return body

    def is_ready(self) -> bool:
        try:
            self.fetch(f"{self.endpoint}/_ministack/health")
        except (urllib.error.URLError, OSError):
            return False
        return True

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))


@cache
def _make_client(service: str, endpoint: str, certificate: str) -> Any:
    session = boto3.Session(
        aws_access_key_id=ROOT_CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ROOT_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )
    config = Config(read_timeout=330, retries={"total_max_attempts": 1})
    # The service's name is data here, which boto3's stubs cannot type.
    return session.client(service, endpoint_url=endpoint, verify=certificate, config=config)  # type: ignore[call-overload]


def find_cloud(home: Path = HOME) -> Cloud:
    """The cloud that ``up`` keeps running. Raises CloudError when there is none."""
    try:
        record = json.loads((home / "cloud.json").read_text())
    except FileNotFoundError:
        raise CloudError("no local cloud is running: start one with `make local`") from None
    cloud = Cloud(**{**record, "home": Path(record["home"]), "certificate": Path(record["certificate"])})
    if not cloud.is_ready():
        raise CloudError(f"the local cloud at {cloud.endpoint} does not answer: start it again with `make local`")
    return cloud


def publish(cloud: Cloud) -> None:
    """Let other processes find this cloud."""
    record = {**asdict(cloud), "home": str(cloud.home), "certificate": str(cloud.certificate)}
    (cloud.home / "cloud.json").write_text(json.dumps(record, indent=2))


@contextmanager
def run_emulator(home: Path = HOME) -> Iterator[Cloud]:
    """An empty cloud for the length of the block; whatever ends the block, no process is left."""
    home = home.resolve()
    for folder in ("tmp", "logs", "tls"):
        shutil.rmtree(home / folder, ignore_errors=True)
        (home / folder).mkdir(parents=True)
    certificate, key = write_certificate(home / "tls")
    port = _find_free_port()
    with (home / "logs" / "cloud.log").open("w") as log:
        process = subprocess.Popen(
            _build_emulator_command(port, certificate, key),
            cwd=home,
            env=_build_emulator_environment(home, port, certificate, key),
            stdout=log,
            stderr=subprocess.STDOUT,
            # A group of its own: Ctrl-C reaches only this process, which then stops the whole group in order.
            start_new_session=True,
        )
    cloud = Cloud(home=home, endpoint=f"https://127.0.0.1:{port}", certificate=certificate, pid=process.pid)
    try:
        _wait_until_ready(cloud, process)
        yield cloud
    finally:
        _stop(process)
        (home / "cloud.json").unlink(missing_ok=True)
        shutil.rmtree(home / "tmp", ignore_errors=True)


def _build_emulator_command(port: int, certificate: Path, key: Path) -> list[str]:
    # Not ``ministack`` itself, which also listens on 443 when it may and leaves a pid file.
    return [
        *(sys.executable, "-m", "hypercorn", f"{Path(__file__).with_name('emulator.py')}:app"),
        *("--bind", f"127.0.0.1:{port}"),
        *("--certfile", str(certificate), "--keyfile", str(key)),
        *("--keep-alive", "75"),
        # One process: MiniStack's state is in its memory.
        *("--workers", "0"),
    ]


def _build_emulator_environment(home: Path, port: int, certificate: Path, key: Path) -> dict[str, str]:
    # Nothing of the caller's AWS settings may reach the functions, which inherit this environment.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    return inherited | {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        # MiniStack removes containers it takes for its own, from any container engine it finds.
        "DOCKER_HOST": f"unix://{home / 'no-container-engine'}",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "INFO",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "MINISTACK_SSL_CERT": str(certificate),
        "MINISTACK_SSL_KEY": str(key),
        "PERSIST_STATE": "0",
        # What functions fetch without boto3: the keys of the user pool.
        "SSL_CERT_FILE": str(certificate),
        # Unpacked functions and their scratch files vanish with the home folder.
        "TMPDIR": str(home / "tmp"),
        "USE_SSL": "1",
    }


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_until_ready(cloud: Cloud, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while not cloud.is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise CloudError(f"MiniStack did not start; see {cloud.home / 'logs' / 'cloud.log'}")
        time.sleep(0.05)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End MiniStack, its function workers and their children at once: state is in memory, nothing is worth waiting for.

    A workbook's check runs in a session of its own, which MiniStack's group does not reach.
    """
    for pid in [process.pid, *_list_descendants(process.pid)]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _list_descendants(pid: int) -> list[int]:
    """From Linux's process table; elsewhere empty, and only the group is ended."""
    children = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        # A process may end while we look.
        with suppress(OSError):
            # "pid (name) state parent ...": the name may hold anything, parentheses and spaces too.
            parent = stat.read_text().rpartition(")")[2].split()[1]
            children[int(parent)].append(int(stat.parent.name))
    found, waiting = list[int](), [pid]
    while waiting:
        own = children[waiting.pop()]
        found += own
        waiting += own
    return found

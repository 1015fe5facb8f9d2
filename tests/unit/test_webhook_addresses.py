"""No webhook reaches our own network: not by URL, not by spelling, not by a name that points there."""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.errors import WebhookAddressError
from invoicing.settings import get_settings
from invoicing.webhook_addresses import WebhookAddress, may_be_called, read_url
from notify.channels import guarded_post
from notify.channels.guarded_post import PostFailedError, post


@pytest.fixture(autouse=True)
def no_exception(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("WEBHOOK_ALLOWED_NETWORKS", raising=False)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def allow(monkeypatch: pytest.MonkeyPatch, networks: str) -> None:
    monkeypatch.setenv("WEBHOOK_ALLOWED_NETWORKS", networks)
    get_settings.cache_clear()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://erp.toko-sinar.co.id/hooks", WebhookAddress("erp.toko-sinar.co.id", 443, "/hooks")),
        ("https://ERP.example.com", WebhookAddress("erp.example.com", 443, "/")),
        ("https://a.example.com:8443/x?key=1&b=%20", WebhookAddress("a.example.com", 8443, "/x?key=1&b=%20")),
        ("https://xn--bcher-kva.example/", WebhookAddress("xn--bcher-kva.example", 443, "/")),
    ],
)
def test_url_of_a_public_name_is_taken(url: str, expected: WebhookAddress) -> None:
    assert read_url(url) == expected


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("http://erp.example.com/", "https"),
        ("ftp://erp.example.com/", "https"),
        ("//erp.example.com/", "https"),
        ("https://user:secret@erp.example.com/", "host"),
        ("https://erp.example.com@127.0.0.1/", "host"),
        ("https://erp.example.com/#x", "host"),
        ("https://localhost/", "host"),
        ("https://intranet/", "host"),
        ("https://127.0.0.1/", "host"),
        ("https://[::1]/", "host"),
        ("https://[::ffff:127.0.0.1]/", "host"),
        ("https://2130706433/", "host"),
        ("https://0x7f000001/", "host"),
        ("https://0x7f.0.0.1/", "host"),
        ("https://127.0.0.0x1/", "host"),
        ("https://0177.0.0.1/", "host"),
        ("https://127.1/", "host"),
        ("https://169.254.169.254/latest/meta-data/", "host"),
        ("https://8.8.8.8/", "host"),
        ("https://erp.example.com./", "host"),
        ("https:///path", "host"),
        ("https://erp.example.com:25/", "port"),
        ("https://erp.example.com:99999/", "url"),
        ("https://erp.example.com/a b", "path"),
        ("https://erp.example.com/\r\nX-Evil: 1", "url"),
        ("https://erp.example.com/é", "url"),
        ("https://erp.example.com/" + "a" * 600, "url"),
        ("https://[::1", "url"),
    ],
)
def test_url_that_could_lead_elsewhere_is_refused_by_the_part_that_is_wrong(url: str, part: str) -> None:
    with pytest.raises(WebhookAddressError) as refused:
        read_url(url)
    assert str(refused.value) == part


FORBIDDEN = [
    "127.0.0.1", "127.8.8.8", "0.1.2.3", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "169.254.170.2",
    "100.64.0.1", "192.0.0.192", "198.18.0.1", "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",     "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:a00:1::1", "2001::1", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", FORBIDDEN)
def test_address_of_our_own_network_or_of_no_host_may_not_be_called(address: str) -> None:
    assert not may_be_called(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "103.10.20.30", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_address_may_be_called(address: str) -> None:
    assert may_be_called(ipaddress.ip_address(address))


@given(st.ip_addresses())
def test_whatever_may_be_called_is_public_and_of_one_host(address: Any) -> None:
    if may_be_called(address):
        plain = getattr(address, "ipv4_mapped", None) or address
        kinds = ("private", "loopback", "link_local", "multicast", "reserved", "unspecified")
        assert [kind for kind in kinds if getattr(plain, f"is_{kind}")] == []


def test_network_allowed_by_parameter_is_the_only_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    allow(monkeypatch, "127.0.0.1/32 10.1.0.0/16")

    assert read_url("https://127.0.0.1:8443/x") == WebhookAddress("127.0.0.1", 8443, "/x")
    assert may_be_called(ipaddress.ip_address("10.1.2.3"))
    assert not may_be_called(ipaddress.ip_address("10.2.0.1"))
    assert not may_be_called(ipaddress.ip_address("127.0.0.2"))
    with pytest.raises(WebhookAddressError):
        read_url("https://127.0.0.2/")
    with pytest.raises(WebhookAddressError):
        read_url("https://2130706433/")


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Where connections were tried to; none is made."""
    tried: list[Any] = []

    def refuse(address: Any, **_: Any) -> Any:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    return tried


@pytest.mark.parametrize("address", FORBIDDEN)
def test_name_that_points_into_our_network_gets_no_connection(
    monkeypatch: pytest.MonkeyPatch, dialled: list[Any], address: str
) -> None:
    for found in ([address], ["8.8.8.8", address]):
        resolve_to(monkeypatch, *found)
        with pytest.raises(PostFailedError, match="address_forbidden"):
            post(WebhookAddress("evil.example.com", 443, "/"), b"{}", {})
    assert dialled == []


@pytest.mark.parametrize("spelling", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost", "0"])
def test_spelling_of_this_machine_that_the_system_understands_gets_no_connection(
    dialled: list[Any], spelling: str
) -> None:
    with pytest.raises(PostFailedError, match="address_forbidden"):
        post(WebhookAddress(spelling, 443, "/"), b"{}", {})
    assert dialled == []


def test_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch, dialled: list[Any]) -> None:
    """A name that points elsewhere at the second look (DNS rebinding) gains nothing: there is no second look."""
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])

    def resolve(*_: Any, **__: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in next(answers)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(PostFailedError, match="unreachable"):
        post(WebhookAddress("rebind.example.com", 443, "/"), b"{}", {})
    assert dialled == [("8.8.8.8", 443)]


def test_name_that_does_not_resolve_in_time_or_at_all_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded_post, "RESOLVE_SECONDS", 0.05)
    over = threading.Event()

    def wait(*_: Any, **__: Any) -> Any:
        over.wait(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    with pytest.raises(PostFailedError, match="name_not_found"):
        post(WebhookAddress("slow.example.com", 443, "/"), b"{}", {})
    over.set()

    def fail(*_: Any, **__: Any) -> Any:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(PostFailedError, match="name_not_found"):
        post(WebhookAddress("none.example.com", 443, "/"), b"{}", {})


def test_handshake_that_never_comes_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    allow(monkeypatch, "127.0.0.1/32")
    monkeypatch.setattr(guarded_post, "EXCHANGE_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(PostFailedError, match="timed_out"):
        post(WebhookAddress("127.0.0.1", silent.getsockname()[1], "/"), b"{}", {})


def test_all_of_a_call_fits_into_the_time_that_a_claim_leaves() -> None:
    from notify.sending import MIN_TIME_LEFT

    assert guarded_post.LONGEST.total_seconds() <= MIN_TIME_LEFT.total_seconds() - 5


def test_certificates_are_verified_by_name() -> None:
    trust = guarded_post._load_trust()
    assert (trust.verify_mode, trust.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_second_address_is_tried_when_the_first_does_not_answer_and_no_third(
    monkeypatch: pytest.MonkeyPatch, dialled: list[Any]
) -> None:
    resolve_to(monkeypatch, "2606:4700::1111", "8.8.8.8", "8.8.8.8", "1.1.1.1")
    with pytest.raises(PostFailedError, match="unreachable"):
        post(WebhookAddress("erp.example.com", 443, "/"), b"{}", {})
    assert dialled == [("8.8.8.8", 443), ("1.1.1.1", 443)]

"""Which addresses a webhook may have: a biller chooses the URL, and our network must not answer to it.

Names are checked when an endpoint is created, the addresses behind them at every call (``notify.channels``).
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from invoicing.errors import WebhookAddressError
from invoicing.settings import get_settings

MAX_URL_LENGTH = 500
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?", re.ASCII)
# A full name whose last label has a letter: no "localhost", and no number in any spelling (2130706433, 0x7f.1).
_NAME = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?=[a-z0-9-]*[a-z])[a-z0-9-]{2,63}", re.ASCII
)
_HEX_NUMBER = re.compile(r"(?:.*\.)?0x[0-9a-f]*", re.ASCII)
_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",
        "2001::/23",
        # An IPv4 address of any kind stands behind these: NAT64 and 6to4.
        "64:ff9b::/96",
        "2002::/16",
    )
)
"""Said here because releases of Python differ about them."""
_PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")
_FIRST_FREE_PORT = 1024

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class WebhookAddress:
    host: str
    """Lower case; a name, or an IP address of a network that is allowed by parameter."""
    port: int
    target: str
    """Path and query."""


def read_url(url: str) -> WebhookAddress:
    """Raises WebhookAddressError, whose text says what is wrong with it.

    HTTPS only, no user or password, no fragment, no well-known port of another service.
    """
    if len(url) > MAX_URL_LENGTH or not url.isascii() or not url.isprintable():
        raise WebhookAddressError("url")
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError as error:
        raise WebhookAddressError("url") from error
    if parts.scheme != "https":
        raise WebhookAddressError("https")
    host = parts.hostname or ""
    if "@" in parts.netloc or "#" in url or not (_is_public_name(host) or _is_allowed_literal(host)):
        raise WebhookAddressError("host")
    if port != 443 and port < _FIRST_FREE_PORT:
        raise WebhookAddressError("port")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not _PATH.fullmatch(target):
        raise WebhookAddressError("path")
    return WebhookAddress(host, port, target)


def may_be_called(address: Address) -> bool:
    """Whether this very address is a public one, or in a network that is allowed by parameter."""
    if any(address in ipaddress.ip_network(network) for network in get_settings().webhook_allowed_networks):
        return True
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return may_be_called(address.ipv4_mapped)
    if address.version == 6 and address not in _PUBLIC_IPV6:
        return False
    is_one_public_host = address.is_global and not address.is_multicast and not address.is_reserved
    return is_one_public_host and not any(address in network for network in _NEVER)


def _is_public_name(host: str) -> bool:
    return bool(_NAME.fullmatch(host)) and not _HEX_NUMBER.fullmatch(host)


def _is_allowed_literal(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network) for network in get_settings().webhook_allowed_networks)

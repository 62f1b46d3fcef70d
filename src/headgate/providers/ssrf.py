"""The guard of everything this server fetches on someone's behalf: which addresses it may reach.

A name is resolved once, every address of it is judged, and the connection goes to a judged address (`dial.py`), so a name
that changes its mind between two look-ups gains nothing. Redirects are never followed by the client; whoever follows one
judges it anew.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

WEB_PORTS = frozenset({80, 443})
OTHER_SERVICES = frozenset({
    1025, 1433, 1521, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 4369, 5432, 5672, 5984, 6379, 6443, 7001, 9042, 9092, 9200,
    9300, 10250, 10255, 11211, 15672, 26257, 27017, 50070,
})  # fmt: skip
"""Ports above 1023 at which something else than a web service listens."""

_NAMES = re.compile(
    r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?"
)
_NUMERIC = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}\.?")
METADATA_NAMES = frozenset({
    "metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal",
    "metadata.azure.internal", "metadata.platformequinix.com", "metadata.tencentyun.com",
})  # fmt: skip
METADATA = frozenset(
    ipaddress.ip_address(each)
    for each in ("169.254.169.254", "169.254.170.2", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254")
)  # fmt: skip
LOCAL_ENDS = ("localhost", ".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa")
_CARRIER = ipaddress.ip_network("100.64.0.0/10")
_NEVER = tuple(
    ipaddress.ip_network(each)
    for each in ("0.0.0.0/8", "169.254.0.0/16", "240.0.0.0/4", "fe80::/10", "fec0::/10")
)
# IPv6 networks in which an IPv4 address is carried, and by how many bits it stands from the right
_CARRIERS = (
    (ipaddress.ip_network("::ffff:0:0/96"), 0),
    (ipaddress.ip_network("::ffff:0:0:0/96"), 0),
    (ipaddress.ip_network("::/96"), 0),
    (ipaddress.ip_network("64:ff9b::/96"), 0),
    (ipaddress.ip_network("64:ff9b:1::/48"), 0),
    (ipaddress.ip_network("2002::/16"), 80),
)
_TEREDO = ipaddress.ip_network("2001::/32")


class Unreachable(ValueError):
    """This server does not connect there; the message says why, in words for whoever asked."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be reached. `private`: loopback and private networks too, which only the operator can allow."""

    private: bool = False


PUBLIC = Reach()


@dataclass(frozen=True, slots=True)
class Place:
    """A judged URL. `host` is a name, or an address without brackets."""

    scheme: str
    host: str
    port: int
    path: str


def check_url(url: str, reach: Reach = PUBLIC) -> Place:
    """Judge all of a URL that can be judged without a look-up. Raises Unreachable."""
    if len(url) > 2048 or any(each <= " " or each in "\\\x7f" for each in url):
        raise Unreachable("the address holds characters that an address cannot have, or is too long")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Unreachable("the address cannot be read") from None
    if parts.scheme not in ("http", "https"):
        raise Unreachable("the address must begin with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise Unreachable("the address must not hold a name or a password")
    if parts.query or parts.fragment:
        raise Unreachable("the address must not hold a query or a fragment")
    host = _host(parts.hostname or "")
    if port is None:
        port = 443 if parts.scheme == "https" else 80
    check_port(port, reach)
    check_host(host, reach)
    return Place(parts.scheme, host, port, parts.path.rstrip("/"))


def check_port(port: int, reach: Reach = PUBLIC) -> None:
    if port not in WEB_PORTS and (port < 1024 or (port in OTHER_SERVICES and not reach.private)):
        raise Unreachable(f"the port {port} is not one of web services")


def check_host(host: str, reach: Reach = PUBLIC) -> None:
    """Judge a name or an address, in whatever form it is written."""
    address = numeric(host)
    if address is not None:
        judge(str(address), reach)
        return
    plain = host.rstrip(".").lower()
    if plain in METADATA_NAMES:
        raise Unreachable("the address is one of a cloud's metadata service")
    if not _NAMES.fullmatch(plain) or plain.rpartition(".")[2].isdigit():
        raise Unreachable("the address has a host name that is none")
    if plain.endswith(LOCAL_ENDS) and not reach.private:
        raise Unreachable("the address is a local one, which only the operator can allow")


def numeric(host: str) -> Address | None:
    """The address that `host` is, also in forms such as `0x7f.1` and `2130706433`, as the C library reads them."""
    bare = host.strip("[]").partition("%")[0]
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        pass
    if not _NUMERIC.fullmatch(bare.lower()):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(bare.rstrip(".")))
    except OSError:
        raise Unreachable("the address is a number that is none") from None


def judge(text: str, reach: Reach = PUBLIC) -> None:
    """Raise Unreachable unless this server may connect to the address. Addresses inside of addresses count too."""
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        raise Unreachable("the address cannot be read") from None
    for each in (address, *_carried(address)):
        _judge(each, reach)


def _judge(address: Address, reach: Reach) -> None:
    if address in METADATA:
        raise Unreachable("the address is one of a cloud's metadata service")
    if address.is_loopback or (isinstance(address, ipaddress.IPv4Address) and address in _CARRIER):
        local = True
    elif address.is_unspecified or address.is_multicast or any(address in network for network in _NEVER):
        raise Unreachable("the address is none that a service can have")
    else:
        local = not address.is_global
    if local and not reach.private:
        raise Unreachable("the address is a private one, which only the operator can allow")


def _carried(address: Address) -> list[Address]:
    """The IPv4 addresses inside of an IPv6 address."""
    if isinstance(address, ipaddress.IPv4Address) or int(address) <= 1:
        return []
    number = int(address)
    found: list[Address] = [
        ipaddress.IPv4Address((number >> shift) & 0xFFFFFFFF) for network, shift in _CARRIERS if address in network
    ]  # fmt: skip
    if address in _TEREDO:
        found += [
            ipaddress.IPv4Address((number >> 64) & 0xFFFFFFFF),
            ipaddress.IPv4Address((number & 0xFFFFFFFF) ^ 0xFFFFFFFF),
        ]
    if (number >> 32) & 0xFFFFFFFF in (0x00005EFE, 0x02005EFE):  # ISATAP
        found.append(ipaddress.IPv4Address(number & 0xFFFFFFFF))
    return found


async def resolve(host: str, port: int, reach: Reach = PUBLIC) -> list[str]:
    """All addresses of `host`, each of them judged: one bad one is enough to refuse.
    Raises Unreachable, and OSError when there are none."""
    address = numeric(host)
    if address is not None:
        judge(str(address), reach)
        return [str(address)]
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(row[4][0]) for row in found))
    for address in addresses:
        judge(address, reach)
    return addresses


def _host(given: str) -> str:
    """The host as it will be looked up: unescaped, and in the letters of names."""
    host = unquote(given)
    if not host:
        raise Unreachable("the address names no host")
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            raise Unreachable("the address has a host name that is none") from None
    return host

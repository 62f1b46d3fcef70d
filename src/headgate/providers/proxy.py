"""Forward proxies: which origin goes through which, and the CONNECT handshake."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from typing_extensions import override

from headgate.providers.upstream import ClientConfig, Origin

_MAX_ANSWER = 16 * 1024
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})[ \r]")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A forward proxy reached by plain TCP. `authorization` is the value of its header, or empty."""

    origin: Origin
    authorization: bytes = field(default=b"", repr=False)

    def connect_head(self, target: Origin) -> bytes:
        """The CONNECT request for a tunnel to `target`."""
        host = f"[{target.host}]" if ":" in target.host else target.host
        where = f"{host}:{target.port}".encode("ascii")
        return b"CONNECT %b HTTP/1.1\r\nhost: %b\r\n%b\r\n" % (where, where, self.header_line())

    def header_line(self) -> bytes:
        return b"proxy-authorization: %b\r\n" % self.authorization if self.authorization else b""

    def absolute(self, target: Origin, head: bytes) -> bytes:
        """`head` as a proxy wants it for a plain http origin: whole URL in the request line, our credentials after it."""
        method, _, rest = head.partition(b" ")
        line, _, headers = rest.partition(b"\r\n")
        return b"%b %b%b\r\n%b%b" % (method, str(target).encode("ascii"), line, self.header_line(), headers)


def parse_proxy(url: str) -> Proxy | None:
    """A proxy URL (`http://user:password@host:port`, the scheme may be missing). Raises ValueError."""
    if not url:
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError("a proxy must be given as http://host:port")
    authorization = b""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = b"Basic " + base64.b64encode(pair.encode("utf-8"))
    return Proxy(Origin("http", parts.hostname, parts.port or 80), authorization)


class ProxyRules:
    """Decides by scheme and by the NO_PROXY list: names and their subdomains, addresses, networks, `host:port`, `*`."""

    def __init__(self, config: ClientConfig) -> None:
        self._by_scheme = {"https": parse_proxy(config.https_proxy), "http": parse_proxy(config.http_proxy)}
        self._none = [
            entry.strip().lower() for entry in re.split(r"[,\s]+", config.no_proxy) if entry.strip()
        ]

    def proxy_for(self, origin: Origin) -> Proxy | None:
        proxy = self._by_scheme.get(origin.scheme)
        if proxy is None or self._is_direct(origin.host.lower().rstrip("."), origin.port):
            return None
        return proxy

    def _is_direct(self, host: str, port: int) -> bool:
        address = _address(host)
        if host == "localhost" or (address is not None and address.is_loopback):
            return True
        return any(_covers(entry, host, port, address) for entry in self._none)


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _address(text: str) -> _Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None


def _covers(entry: str, host: str, port: int, address: _Address | None) -> bool:
    if entry == "*":
        return True
    if address is not None:
        try:
            return address in ipaddress.ip_network(entry.strip("[]"), strict=False)
        except ValueError:
            pass  # not a network: a name, or host:port
    name, colon, wanted_port = entry.rpartition(":")
    if colon and wanted_port.isdigit() and ":" not in name.strip("[]"):
        if int(wanted_port) != port:
            return False
        entry = name
    entry = entry.removeprefix("*").lstrip(".").strip("[]")
    return bool(entry) and (host == entry or (address is None and host.endswith("." + entry)))


class ProxyRefused(Exception):
    """The proxy did not open the tunnel; the text says why."""


class Tunnel(asyncio.Protocol):
    """Speaks CONNECT on a new connection; `opened` is done when the proxy has agreed."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.opened: asyncio.Future[None] = loop.create_future()
        self._answer = b""

    @override
    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, end, rest = self._answer.partition(b"\r\n\r\n")
        if not end and len(self._answer) <= _MAX_ANSWER:
            return
        status = _STATUS.match(head)
        if not end or status is None or rest:
            self._refuse("its answer to CONNECT is malformed")
        elif not 200 <= int(status[1]) < 300:
            self._refuse(f"it answered CONNECT with {int(status[1])}")
        elif not self.opened.done():
            self.opened.set_result(None)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._refuse("it closed the connection")

    def _refuse(self, why: str) -> None:
        if not self.opened.done():
            self.opened.set_exception(ProxyRefused(why))

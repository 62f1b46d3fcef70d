"""Where a request comes from: proxies that may speak for a client, `Host` names that are ours, foreign origins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from headgate.kernel.errors import BadRequest, Forbidden

Headers = Mapping[bytes, bytes]

_LOCAL = frozenset({b"localhost", b"127.0.0.1", b"[::1]"})
_DEFAULT_PORTS = (b":80", b":443")


def host_name(host: bytes) -> bytes:
    """`host` without its port, in lower case and without a final dot; an IPv6 address keeps its brackets."""
    name = host.strip().lower()
    if name.startswith(b"["):
        return name[: name.find(b"]") + 1]
    return name.partition(b":")[0].removesuffix(b".")


def is_loopback(name: bytes) -> bool:
    """Is `name` (as `host_name` gives it) a name of this very machine?"""
    if name in _LOCAL or name.endswith(b".localhost"):
        return True
    try:
        address = ip_address(name.decode("ascii").strip("[]"))
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies whose `X-Forwarded-*` headers count."""

    addresses: frozenset[str] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def parse(cls, names: Iterable[str]) -> Proxies:
        """Addresses and networks in CIDR form; `unix` stands for a proxy on a unix socket. Raises ValueError."""
        words = [name.strip() for name in names if name.strip()]
        plain = frozenset(word for word in words if "/" not in word)
        for word in plain - {"unix"}:
            ip_address(word)
        return cls(plain, tuple(ip_network(word, strict=False) for word in words if "/" in word))

    def trusts(self, peer: str) -> bool:
        if not self.addresses and not self.networks:
            return False
        if (peer or "unix") in self.addresses:
            return True
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self.networks)

    def client(self, headers: Headers, peer: str) -> str:
        """The address of the client: the last one in `X-Forwarded-For` that is not itself a trusted proxy."""
        if not self.trusts(peer) or b"x-forwarded-for" not in headers:
            return peer
        hops = [hop.strip() for hop in headers[b"x-forwarded-for"].decode("latin-1").split(",")]
        return next((hop for hop in reversed(hops) if hop and not self.trusts(hop)), peer)

    def host(self, headers: Headers, peer: str) -> bytes:
        """The `Host` the client asked for."""
        forwarded = headers.get(b"x-forwarded-host")
        if forwarded is not None and self.trusts(peer):
            return forwarded.rpartition(b",")[2].strip()
        return headers.get(b"host", b"")

    def scheme(self, headers: Headers, peer: str, default: str) -> str:
        """`http` or `https`, as the client spoke it."""
        forwarded = headers.get(b"x-forwarded-proto", b"").rpartition(b",")[2].strip().lower()
        return forwarded.decode() if forwarded in (b"http", b"https") and self.trusts(peer) else default


@dataclass(frozen=True, slots=True)
class OriginRules:
    """Which `Host` names are ours, and which web pages may talk to us."""

    hosts: frozenset[bytes] = frozenset()  # HEADGATE_HOSTS; `*` is any
    origins: frozenset[bytes] = frozenset()  # HEADGATE_CORS_ORIGINS; `*` is any
    proxies: Proxies = field(default_factory=Proxies)

    @classmethod
    def of(cls, *, hosts: Iterable[str], origins: Iterable[str], proxies: Iterable[str]) -> OriginRules:
        names = frozenset(
            host.strip().lower().encode() if host.strip() == "*" else host_name(host.encode())
            for host in hosts
        )
        return cls(
            names,
            frozenset(origin.strip().lower().rstrip("/").encode() for origin in origins),
            Proxies.parse(proxies),
        )

    def check(self, headers: Headers, peer: str, *, hosts_too: bool) -> None:
        """Refuse what a page of another site may have caused. `hosts_too`: also a `Host` that is not ours."""
        if hosts_too:
            self._check_host(headers, peer)
        if b"origin" not in headers and b"sec-fetch-site" not in headers:
            return
        if not self.is_cross_site(headers, peer):
            return
        if hosts_too and not self.allows(headers.get(b"origin", b"")):
            raise Forbidden(
                "Requests from pages of other sites are refused; list the site in HEADGATE_CORS_ORIGINS."
            )
        if has_body(headers) and not is_json(headers):
            raise BadRequest(
                "A request from another site must say content-type: application/json.", param="content-type"
            )

    def _check_host(self, headers: Headers, peer: str) -> None:
        host = self.proxies.host(headers, peer)
        name = host_name(host)
        if name not in _LOCAL and name not in self.hosts and b"*" not in self.hosts and not is_loopback(name):
            raise Forbidden(
                "Without a key Headgate answers only to loopback names and those listed in HEADGATE_HOSTS."
            )

    def is_cross_site(self, headers: Headers, peer: str) -> bool:
        """Was it caused by a page of another origin, as the browser says?"""
        if headers.get(b"sec-fetch-site") == b"cross-site":
            return True
        origin = headers.get(b"origin")
        return origin is not None and not _same_host(origin, self.proxies.host(headers, peer))

    def allows(self, origin: bytes) -> bool:
        """May pages of `origin` read our answers?"""
        return (
            bool(origin) and bool(self.origins) and (origin.lower() in self.origins or b"*" in self.origins)
        )


def has_body(headers: Headers) -> bool:
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers


def is_json(headers: Headers) -> bool:
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    return kind == b"application/json" or (kind.startswith(b"application/") and kind.endswith(b"+json"))


def _same_host(origin: bytes, host: bytes) -> bool:
    return _without_default_port(origin.partition(b"://")[2].lower()) == _without_default_port(
        host.strip().lower()
    )


def _without_default_port(host: bytes) -> bytes:
    return next((host.removesuffix(port) for port in _DEFAULT_PORTS if host.endswith(port)), host)


def origin_rules(settings: Any) -> OriginRules:
    """The `Host`, CORS and proxy settings as rules. Raises ValueError when a proxy is not an address."""
    return OriginRules.of(
        hosts=words(settings.hosts),
        origins=words(settings.cors_origins),
        proxies=words(settings.trusted_proxies),
    )


def words(value: str | Iterable[str]) -> list[str]:
    """A list setting, whether it came as a list or as words with commas between them."""
    parts = value.split(",") if isinstance(value, str) else value
    return [part.strip() for part in parts if part.strip()]

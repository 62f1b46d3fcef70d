"""The values of the upstream client: where to connect, how long to wait, what may go wrong, how it is doing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Literal, Protocol

from typing_extensions import override

from headgate.providers.ssrf import Reach

FailureKind = Literal[
    "dns", "refused", "connect_timeout", "tls", "reset", "first_byte_timeout", "idle_timeout", "total_timeout",
    "protocol", "too_large", "pool_timeout", "proxy", "closed", "forbidden",
]  # fmt: skip

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Origin:
    """Where to connect: the key of a pool. `scheme` is `http` or `https`; `host` a name or an address without brackets.
    With `reach` each address is judged before it is connected to: the operator did not choose the host."""

    scheme: str
    host: str
    port: int
    reach: Reach | None = None

    @override
    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """`host[:port]` as it stands in a `host` header; the port only when it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.scheme == "https" else 80) else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long one exchange may take, in seconds.

    `connect_s` covers look-up, TCP, proxy and TLS; `first_byte_s` runs from the request to the complete answer head;
    `idle_s` is the longest silence inside a body; `total_s` covers everything, waiting for a connection included.
    """

    connect_s: float = 5.0
    first_byte_s: float = 600.0
    idle_s: float = 600.0
    total_s: float = 1800.0


class UpstreamFailure(Exception):
    """No usable answer. `sent` says that the request may have reached the upstream, so its outcome is unknown."""

    def __init__(self, kind: FailureKind, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.kind: FailureKind = kind
        self.message = message
        self.sent = sent


class UpstreamSettings(Protocol):
    """What the client reads of the settings."""

    @property
    def pool_per_host(self) -> int: ...
    @property
    def pool_idle_s(self) -> float: ...
    @property
    def https_proxy(self) -> str: ...
    @property
    def no_proxy(self) -> str: ...
    @property
    def ssl_cert_file(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """Sizes, limits and rules of one client. Sizes are bytes, times seconds."""

    per_host: int = 512
    idle_s: float = 15.0
    max_age_s: float = 600.0  # a busy connection is replaced after this, so that DNS changes are followed
    max_waiting: int = 1024  # calls queued per host when every connection is taken
    wait_s: float = 10.0
    max_head: int = 64 * KIB
    max_body: int = 64 * MIB  # of a whole answer, after decoding
    max_stream: int = 512 * MIB  # of a streamed answer, after decoding
    buffer_bytes: int = 256 * KIB  # a stream whose reader lags by more than this is no longer read
    https_proxy: str = ""
    http_proxy: str = ""
    no_proxy: str = ""
    ca_file: str = ""  # trusted in addition to the system's authorities

    @staticmethod
    def from_settings(settings: UpstreamSettings) -> ClientConfig:
        return ClientConfig(
            per_host=settings.pool_per_host,
            idle_s=settings.pool_idle_s,
            https_proxy=settings.https_proxy or "",
            no_proxy=settings.no_proxy or "",
            ca_file=str(settings.ssl_cert_file or ""),
        )


@dataclass(slots=True)
class Counters:
    """What one client has counted since it was made."""

    created: int = 0
    reused: int = 0
    cancelled: int = 0
    transports: int = 0  # that the event loop still knows, those being closed included
    quiet: asyncio.Event = field(default_factory=asyncio.Event)  # set whenever the last transport is gone
    failures: dict[str, int] = field(default_factory=dict[str, int])

    def failed(self, kind: FailureKind, message: str, *, sent: bool) -> UpstreamFailure:
        """Count a failure and give it back for raising."""
        self.failures[kind] = self.failures.get(kind, 0) + 1
        return UpstreamFailure(kind, message, sent=sent)


@dataclass(frozen=True, slots=True)
class ClientStats:
    """A moment of a client: gauges first, then counts since start."""

    open: int  # connections, those being opened included
    idle: int
    in_flight: int
    waiting: int
    created: int
    reused: int
    cancelled: int
    failures: dict[str, int]

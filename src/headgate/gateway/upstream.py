"""A provider's answer as dispatch sees it, and what the caller is told when the network was the trouble."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from headgate.kernel.errors import ProviderError
from headgate.providers.upstream import UpstreamFailure


class Upstream(Protocol):
    """The common face of `providers.reply.UpstreamReply` and the mock's answers."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Names in lower case."""
        ...

    @property
    def body(self) -> bytes:
        """The whole body; empty for a stream."""
        ...

    @property
    def ended(self) -> bool: ...
    def header(self, name: bytes) -> bytes | None: ...
    def __aiter__(self) -> AsyncIterator[bytes]: ...
    async def read(self, limit: int) -> bytes: ...
    def cancel(self) -> None: ...


FAILURES = {
    "dns": "The provider's host name could not be resolved.",
    "refused": "The provider refused the connection.",
    "connect_timeout": "The provider could not be connected to in time.",
    "tls": "The provider's TLS certificate or handshake was not acceptable.",
    "reset": "The provider closed the connection before its answer was complete.",
    "closed": "The provider closed the connection before its answer was complete.",
    "first_byte_timeout": "The provider did not begin to answer in time.",
    "idle_timeout": "The provider stopped in the middle of its answer.",
    "total_timeout": "The provider's answer took longer than the total time allowed.",
    "protocol": "The provider's answer was not valid HTTP.",
    "too_large": "The provider's answer is larger than this gateway accepts.",
    "pool_timeout": "All connections to the provider stayed busy.",
    "forbidden": "The provider is at an address that this server must not connect to.",
    "proxy": "The proxy on the way to the provider refused or failed.",
}


def provider_failure(provider: str, failure: UpstreamFailure) -> ProviderError:
    """The error of a call whose upstream failed. `outcome: unknown` when the request may have reached it."""
    error = ProviderError(FAILURES[failure.kind], provider=provider, reason=failure.kind)
    if failure.sent:
        error.detail["outcome"] = "unknown"
    return error

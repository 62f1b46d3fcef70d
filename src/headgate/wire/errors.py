"""What a client sees of a provider's refusal (contract: "Upstream answers"), and an error as the end of a stream."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from headgate.call.call import Wire
from headgate.kernel import json
from headgate.kernel.errors import GatewayError, ProviderError, openai_envelope
from headgate.wire.codecs import CODECS
from headgate.wire.neutral import Failed
from headgate.wire.sse import DONE_EVENT, data_event

PASSED = frozenset({400, 404, 409, 413, 415, 422})
_OF_THE_KEY = frozenset({401, 403})
_TOO_MANY = 429
_CODE_CHARS = 64


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal that passes on as it came. `code` is for the record."""

    status: int
    body: bytes
    code: str
    headers: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])


def upstream_refusal(
    status: int, body: bytes, *, own_key: bool, retry_after: bytes | None, provider: str
) -> Refusal | GatewayError:
    """What becomes of an answer that is not 200. `own_key`: the server's own key was used, so its trouble is not the caller's."""
    if status in PASSED or (status in _OF_THE_KEY and not own_key):
        return Refusal(status, error_body(status, body), _code(status, body))
    if status == _TOO_MANY:
        headers = [(b"retry-after", retry_after)] if retry_after and retry_after.isascii() else []
        return Refusal(status, error_body(status, body), _code(status, body), headers)
    if status in _OF_THE_KEY:
        return ProviderError(
            "The provider did not accept this server's key.", provider=provider, upstream_status=status
        )
    return ProviderError(
        f"The provider answered with status {status}.", provider=provider, upstream_status=status
    )


def sse_error(error: GatewayError) -> bytes:
    """The events that end a stream which broke after its first byte had left."""
    return data_event(openai_envelope(error)) + DONE_EVENT


def error_body(status: int, body: bytes, wire: Wire = "openai.chat") -> bytes:
    """The provider's JSON as it is; a page of something else is told in our own words, in the client's `wire`."""
    if _parsed(body) is not None:
        return body
    failed = Failed(status, f"The provider refused the request with status {status}.")
    return CODECS[wire if wire in CODECS else "openai.chat"].write_error(failed)


def _code(status: int, body: bytes) -> str:
    """The provider's own code or type of error, else `upstream_404`."""
    error = (_parsed(body) or {}).get("error")
    if isinstance(error, dict):
        told = cast("dict[str, Any]", error)
        for value in (told.get("code"), told.get("type")):
            if isinstance(value, str) and value.isprintable() and value:
                return value[:_CODE_CHARS]
    return f"upstream_{status}"


def _parsed(body: bytes) -> dict[str, Any] | None:
    try:
        parsed = json.decode(body)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else None

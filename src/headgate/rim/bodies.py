"""Request bodies: read whole within bounds of size, time and nesting, before any handler sees them."""

from __future__ import annotations

import asyncio
import json as standard_json
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from headgate.kernel import json
from headgate.kernel.errors import BadRequest, GatewayError, TooLarge

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

MAX_NESTING = 100
SLOW_WRITER_S = 30.0  # between two pieces of a body
WHOLE_BODY_S = 120.0  # and for all of it, as on the fast seam
LONG_CHECK_BYTES = 1024 * 1024  # longer bodies are checked off the loop

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_ODD = re.compile(
    rb"NaN|Infinity|\\u[dD][89abAB]|[eE]\+?\d{3}"
)  # what the standard parser takes, though it is no JSON
_LONG = re.compile(rb"\d{19}")  # perhaps a whole number of more than 64 bits


class SlowBody(GatewayError):
    """The body did not come in time."""

    status = 408
    code = "request_timeout"
    kind = "invalid_request_error"


class ClientGone(Exception):
    """The client left before its request was complete; nobody is there to answer."""


async def read_body(receive: Receive, headers: Mapping[bytes, bytes], *, limit: int) -> bytes:
    """The whole body. Raises TooLarge, SlowBody or ClientGone."""
    announced = headers.get(b"content-length", b"")
    if announced.isdigit() and int(announced) > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    loop = asyncio.get_running_loop()
    ends = loop.time() + WHOLE_BODY_S
    while True:
        try:
            async with asyncio.timeout_at(min(ends, loop.time() + SLOW_WRITER_S)):
                message = await receive()
        except TimeoutError:
            raise SlowBody(
                "The request body did not arrive in time.", headers={"Connection": "close"}
            ) from None
        if message["type"] == "http.disconnect":
            raise ClientGone
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        if part:
            parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives `body` once and then what the connection says."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def check_json(body: bytes) -> None:
    """Refuse what parsers disagree on and what no column can hold: too deep, NUL, NaN, lone surrogates, long numbers."""
    if len(body) > LONG_CHECK_BYTES:
        await asyncio.to_thread(_check, body)
    else:
        _check(body)


def too_deep(body: bytes) -> bool:
    """Are brackets nested deeper than `MAX_NESTING`? Linear in the size of the body."""
    if body.count(b"[") + body.count(b"{") <= MAX_NESTING:
        return False
    brackets = _STRING.sub(b"", body).translate(None, _NOT_BRACKETS)
    for _ in range(MAX_NESTING):
        shorter = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if not shorter or len(shorter) == len(brackets):
            return len(shorter) > MAX_NESTING  # nothing left, or unbalanced: the parser says where
        brackets = shorter
    return True


def _check(body: bytes) -> None:
    if too_deep(body):
        raise BadRequest(f"The body is nested more than {MAX_NESTING} levels deep.", param="body")
    if b"\\u0000" in body and _NUL.search(body):
        raise BadRequest("The body holds a NUL character.", param="body")
    if _ODD.search(body):
        try:
            json.decode(body)
        except ValueError as error:
            raise BadRequest(f"The body is not valid JSON: {error}.", param="body") from error
    if _LONG.search(body):
        try:
            standard_json.loads(body, parse_int=_whole)
        except ValueError as error:
            raise BadRequest(f"The body cannot be read: {error}.", param="body") from error


def _whole(digits: str) -> int:
    number = (
        int(digits) if len(digits) < 21 else 2**64
    )  # int() itself is slow, and bounded, for very long ones
    if not -(2**63) <= number < 2**63:
        raise ValueError("a whole number in it has more than 64 bits")
    return number


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"The request body is larger than {limit} bytes.", limit=limit, headers={"Connection": "close"}
    )

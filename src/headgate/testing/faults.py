"""Scripts for the fault server: what an upstream may answer, right and wrong, by name."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from headgate.kernel import json

# what the server does next: send bytes, wait so many seconds, wait for the client to leave, close, reset
Step = bytes | float | Literal["hang", "close", "reset"]

DRIP_S = 0.02
WORDS = re.findall(
    r"\S+", "The gate at the head of the channel decides how much water goes down which ditch."
)


@dataclass(frozen=True, slots=True)
class Script:
    """The steps of one answer. Without `close` or `reset` at its end the connection stays open for the next request."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the scripts look at in a request."""

    model: str = "gpt-4o-mini"
    stream: bool = False
    include_usage: bool = False


def answer(
    body: bytes,
    status: str = "200 OK",
    *headers: str,
    content_type: str = "application/json",
    length: int | None = None,
) -> bytes:
    """A whole answer with a content-length, which may be wrong on purpose."""
    lines = [f"HTTP/1.1 {status}", f"content-type: {content_type}", *headers]
    lines.append(f"content-length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
USAGE = {"prompt_tokens": 12, "completion_tokens": len(WORDS), "total_tokens": 12 + len(WORDS)}


def whole_body(asked: Asked) -> bytes:
    """A chat completion as OpenAI spells it."""
    message = {"role": "assistant", "content": " ".join(WORDS), "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return json.encode(
        {
            "id": "chatcmpl-fault",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": asked.model,
            "choices": [choice],
            "usage": USAGE,
        }
    )


def events(asked: Asked) -> list[bytes]:
    """The same answer as SSE events, `[DONE]` last."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": word if index == 0 else f" {word}"} for index, word in enumerate(WORDS)]
    found = [_event(asked, [{"index": 0, "delta": delta, "finish_reason": None}]) for delta in deltas]
    found.append(_event(asked, [{"index": 0, "delta": {}, "finish_reason": "stop"}]))
    if asked.include_usage:
        found.append(_event(asked, [], usage=USAGE))
    return [*found, b"data: [DONE]\n\n"]


def _event(asked: Asked, choices: list[dict[str, Any]], usage: dict[str, int] | None = None) -> bytes:
    body: dict[str, Any] = {
        "id": "chatcmpl-fault",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": asked.model,
        "choices": choices,
    }
    if asked.include_usage:
        body["usage"] = usage
    return b"data: " + json.encode(body) + b"\n\n"


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def good(asked: Asked) -> Script:
    """What a healthy upstream would answer."""
    if not asked.stream:
        return Script((answer(whole_body(asked)),))
    return Script((STREAM_HEAD + b"".join(map(chunk, events(asked))) + LAST_CHUNK,))


def paced(asked: Asked, *, pause_s: float, pieces: list[bytes] | None = None) -> Script:
    """A stream with a pause before every piece (default: before every event)."""
    steps: list[Step] = [STREAM_HEAD]
    for piece in pieces or events(asked):
        steps += [pause_s, chunk(piece)]
    return Script((*steps, LAST_CHUNK))


def cut_stream(asked: Asked, size: int) -> Script:
    """A stream whose chunks are `size` bytes each, whatever the events, each chunk written by itself."""
    steps: list[Step] = [STREAM_HEAD]
    for piece in cut(b"".join(events(asked)), size):
        steps += [0.0005, chunk(piece)]
    return Script((*steps, LAST_CHUNK))


def half_stream(asked: Asked, end: Literal["close", "reset", "hang"]) -> Script:
    found = events(asked)
    half = b"".join(map(chunk, found[: len(found) // 2]))
    return Script((STREAM_HEAD, half, 0.02, end))


def refusal(status: str, code: str, *headers: str) -> Script:
    error = {"message": f"fault: {status}", "type": "fault", "param": None, "code": code}
    return Script((answer(json.encode({"error": error}), status, *headers),))


def compressed(asked: Asked, encoding: str) -> Script:
    pack: Callable[[bytes], bytes] = gzip.compress if encoding == "gzip" else zlib.compress
    body = pack(b"".join(events(asked)) if asked.stream else whole_body(asked))
    kind = "text/event-stream" if asked.stream else "application/json"
    return Script((answer(body, "200 OK", f"content-encoding: {encoding}", content_type=kind),))


ERROR_EVENT = b'data: {"error":{"message":"overloaded","type":"server_error","code":"overloaded"}}\n\n'
HEAD_ONLY = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"

FAULTS: dict[str, Callable[[Asked], Script]] = {
    "ok": good,
    "400": lambda _: refusal("400 Bad Request", "bad_request"),
    "401": lambda _: refusal("401 Unauthorized", "invalid_api_key"),
    "429": lambda _: refusal("429 Too Many Requests", "rate_limit_exceeded"),
    "429-retry-after": lambda _: refusal("429 Too Many Requests", "rate_limit_exceeded", "retry-after: 7"),
    "500": lambda _: refusal("500 Internal Server Error", "server_error"),
    "503": lambda _: refusal("503 Service Unavailable", "overloaded"),
    "hang": lambda _: Script(("hang",)),
    "hang-after-headers": lambda _: Script((HEAD_ONLY + b"content-length: 500\r\n\r\n", "hang")),
    "hang-stream": lambda asked: half_stream(asked, "hang"),
    "half-stream-close": lambda asked: half_stream(asked, "close"),
    "half-stream-reset": lambda asked: half_stream(asked, "reset"),
    "half-body-close": lambda asked: Script((answer(whole_body(asked))[:-40], 0.02, "close")),
    "garbage-sse": lambda _: Script(
        (STREAM_HEAD + chunk(b"\x00\xff{]:: not an event\n\ndata: {\"cut\": \n\ndata: [DO\n\n") + LAST_CHUNK,)
    ),
    "error-event": lambda asked: Script(
        (
            STREAM_HEAD,
            chunk(b"".join(events(asked)[:5])),
            chunk(ERROR_EVENT) + LAST_CHUNK,
        )
    ),
    "error-first": lambda _: Script((STREAM_HEAD, chunk(ERROR_EVENT) + LAST_CHUNK)),
    "error-after-beginning": lambda asked: Script((STREAM_HEAD, chunk(events(asked)[0]), chunk(ERROR_EVENT) + LAST_CHUNK)),
    "error-in-200": lambda _: Script((answer(b'{"error":{"message":"out of luck","code":502}}'),)),
    "beginning-then-close": lambda asked: Script((STREAM_HEAD, chunk(events(asked)[0]), 0.02, "close")),
    "drip-beginning": lambda asked: paced(asked, pause_s=0.1, pieces=[b": wait\n\n"] * 50 + events(asked)),
    "not-json": lambda _: Script((answer(b"<html>bad gateway</html>", content_type="text/html"),)),
    "empty": lambda _: Script((answer(b""),)),
    "slow-drip": lambda asked: paced(asked, pause_s=DRIP_S),
    "drip-head": lambda asked: Script(
        tuple(step for byte in cut(answer(whole_body(asked)), 16) for step in (0.002, byte))
    ),
    "drip-body": lambda asked: Script(tuple(step for byte in cut(answer(whole_body(asked)), 8) for step in (0.1, byte))),
    "reset": lambda _: Script(("reset",)),
    "close-before-headers": lambda _: Script(("close",)),
    "reset-after-headers": lambda _: Script((HEAD_ONLY + b"content-length: 500\r\n\r\n", 0.02, "reset")),
    "length-too-long": lambda asked: Script((answer(whole_body(asked), length=9999), 0.02, "close")),
    "length-too-short": lambda asked: Script((answer(whole_body(asked), length=20),)),
    "length-conflict": lambda asked: Script((answer(whole_body(asked), "200 OK", "content-length: 3"),)),
    "length-and-chunked": lambda asked: Script((answer(whole_body(asked), "200 OK", "transfer-encoding: chunked"),)),
    "bad-chunk": lambda _: Script((STREAM_HEAD + b"zz\r\nhello\r\n0\r\n\r\n",)),
    "bad-status": lambda _: Script((b"HTTP/1.1 abc OK\r\n\r\n",)),
    "not-http": lambda _: Script((b"SSH-2.0-OpenSSH_9.0\r\n", "hang")),
    "gzip": lambda asked: compressed(asked, "gzip"),
    "deflate": lambda asked: compressed(asked, "deflate"),
    "gzip-bomb": lambda _: Script(
        (answer(gzip.compress(bytes(80 * 1024 * 1024), 9), "200 OK", "content-encoding: gzip"),)
    ),
    "gzip-cut": lambda asked: Script((answer(gzip.compress(whole_body(asked))[:-9], "200 OK", "content-encoding: gzip"),)),
    "huge-headers": lambda asked: Script((answer(whole_body(asked), "200 OK", f"x-huge: {'h' * 200_000}"),)),
    "huge-body": lambda _: Script((answer(b"[" + b" " * (70 * 1024 * 1024) + b"]"),)),
    "early-hints": lambda asked: Script(
        (b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n", 0.01, b"HTTP/1.1 102 Processing\r\n\r\n", *good(asked).steps)
    ),
    "connection-close": lambda asked: Script((answer(whole_body(asked), "200 OK", "connection: close"), "close")),
    "until-close": lambda asked: Script((HEAD_ONLY + b"\r\n" + whole_body(asked), "close")),
    "http10": lambda asked: Script((b"HTTP/1.0 200 OK\r\n\r\n" + whole_body(asked), "close")),
    "dies-idle": lambda asked: Script((*good(asked).steps, 0.05, "close")),
}  # fmt: skip

_CUT = re.compile(r"stream-cut-([1-9][0-9]{0,5})")


def script_for(name: str, asked: Asked) -> Script | None:
    """The script called `name`; `stream-cut-N` cuts a good stream into chunks of N bytes. None when there is no such script."""
    if match := _CUT.fullmatch(name):
        return cut_stream(asked, int(match[1]))
    make = FAULTS.get(name)
    return None if make is None else make(asked)

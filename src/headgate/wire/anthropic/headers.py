"""Headers of Anthropic's clients that mean something to its providers: the version of the API and the betas asked for."""

from __future__ import annotations

import re

from headgate.call.call import Call, Wire

WIRES: tuple[Wire, ...] = ("anthropic.messages", "anthropic.count_tokens")
PASSED = (b"anthropic-version", b"anthropic-beta")
_VALUE = re.compile(rb"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")


def with_client_headers(head: bytes, call: Call, upstream: Wire) -> bytes:
    """The head of a request to a provider of `upstream`, with what the client of the same format said in headers in place of our
    own. A translated call keeps our own: its client knows nothing of them."""
    if upstream not in WIRES or call.wire not in WIRES:
        return head
    told = {name: value for name in PASSED if (value := call.headers.get(name)) and _VALUE.fullmatch(value)}
    if not told:
        return head
    lines = [line for line in head.split(b"\r\n") if line and line.partition(b":")[0].lower() not in told]
    lines += [b"%b: %b" % pair for pair in told.items()]
    return b"\r\n".join(lines) + b"\r\n"


def dialect(call: Call) -> bytes:
    """What in the headers can change an answer, for the keys of caches; empty for other formats."""
    if call.wire not in WIRES:
        return b""
    return b"\n".join(call.headers.get(name, b"") for name in PASSED)

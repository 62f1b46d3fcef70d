"""Cache keys: a hash over everything that walls an answer or can change it. What an entry is and how it is told apart."""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

import msgspec

from headgate.call.call import Call
from headgate.call.frames import Usage
from headgate.wire.anthropic.headers import dialect

EXACT: Final = "exact_response"
TOOL: Final = "tool_result"
KINDS = (EXACT, TOOL)
SHARED_PREFIX = "openai:"  # prefixed and bare ids of the same model share entries


class Entry(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An answer that may be given again, and what is needed to say where it came from and what it saves."""

    kind: str
    tenant: str
    app: str
    subject: str
    created_s: int
    expires_s: int
    body: bytes
    content_type: bytes = b"application/json"
    run_id: str = ""  # the live run that made it
    raw_key: bytes = b""  # of the request of that run, byte for byte
    plain: bool = False  # that run was not a stream, so `body` is what it sent
    provider: str = ""
    model: str = ""
    finish: str = ""
    usage: Usage = msgspec.field(default_factory=Usage)
    usage_raw: bytes = b""
    live_pico: int | None = None
    latency_us: int = 0


encode_entry = msgspec.msgpack.Encoder().encode
decode_entry = msgspec.msgpack.Decoder(Entry).decode


class Slot(NamedTuple):
    """Where the answer of a call that missed will be stored. `epoch`: an invalidation since then refuses it."""

    key: bytes
    raw_key: bytes
    epoch: int
    ttl_s: int


def walls(call: Call) -> bytes:
    """Who may share an answer and under which rules it was given, unambiguously: each part with its length."""
    tenant, app, subject = call.caller.tenant, call.app, call.subject
    model = call.model.removeprefix(SHARED_PREFIX)
    prompt, policy = call.notes.get("prompt.version", ""), call.notes.get("policy.version", "")
    wall = (  # one literal, because every cacheable call passes here
        f"{call.wire} {len(tenant)}:{tenant}{len(app)}:{app}{len(subject)}:{subject}{len(model)}:{model}"
        f"{len(prompt)}:{prompt}{len(policy)}:{policy}"
    ).encode()
    return wall + dialect(call) if call.wire[0] == "a" else wall


def raw_key(call: Call) -> bytes:
    """The key of this very request, byte for byte: found without reading the body."""
    return hashlib.sha256(b"r" + walls(call) + call.body).digest()


def cache_key(call: Call, form: bytes) -> bytes:
    """The key of every request that must get the same answer; `form` is the canonical body of the wire."""
    return hashlib.sha256(b"c" + walls(call) + form).digest()


def tool_key(tenant: str, app: str, subject: str, tool: str, arguments: bytes) -> bytes:
    """The key of one tool result; `arguments` are canonical JSON."""
    return hashlib.sha256(b"t" + _join((tenant, app, subject, tool)) + arguments).digest()


def _join(parts: tuple[str, ...]) -> bytes:
    return "".join([f"{len(part)}:{part}" for part in parts]).encode()

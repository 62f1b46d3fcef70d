"""Embedding requests and answers in pieces: one for each input, so that those known already need not be asked again."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headgate.kernel import json
from headgate.wire.members import replace
from headgate.wire.requests import canonical_without

_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


class _Request(msgspec.Struct, gc=False):
    input: msgspec.Raw


class _Vector(msgspec.Struct, gc=False):
    embedding: msgspec.Raw
    index: int = 0


class _Answer(msgspec.Struct, gc=False):
    data: list[_Vector]


_request = msgspec.json.Decoder(_Request).decode
_answer = msgspec.json.Decoder(_Answer).decode


def inputs_of(body: bytes) -> list[bytes]:
    """The JSON text of each input of a request: texts, or lists of tokens. A single one is a list of one."""
    raw = bytes(_request(body).input)
    if raw[:1] != b"[":
        return [raw]
    items = [bytes(item) for item in _items(raw)]
    return items if items and items[0][:1] in (b'"', b"[") else [raw]  # a list of tokens is one input


def with_inputs(body: bytes, inputs: Sequence[bytes]) -> bytes:
    """The request for these inputs only."""
    return replace(body, "input", b"[" + b",".join(inputs) + b"]")


def settings_of(body: bytes) -> bytes:
    """Canonical bytes of everything else that can change a vector."""
    return canonical_without(body, frozenset({"input", "model", "user"}))


def vectors_of(body: bytes) -> list[bytes]:
    """The JSON text of each vector of an answer, in the order of its inputs. Raises ValueError."""
    found = sorted(_answer(body).data, key=lambda vector: vector.index)
    return [bytes(vector.embedding) for vector in found]


def with_vectors(body: bytes, vectors: Sequence[bytes]) -> bytes:
    """The answer with these vectors."""
    return replace(body, "data", data_of(vectors))


def data_of(vectors: Sequence[bytes]) -> bytes:
    """The member `data` of an answer."""
    rows = [
        b'{"object":"embedding","index":%d,"embedding":%b}' % (index, vector)
        for index, vector in enumerate(vectors)
    ]
    return b"[" + b",".join(rows) + b"]"


def whole_answer(model: str, vectors: Sequence[bytes]) -> bytes:
    """An answer that no model gave: it used no tokens."""
    return b'{"object":"list","data":%b,"model":%b,"usage":{"prompt_tokens":0,"total_tokens":0}}' % (
        data_of(vectors), json.encode(model),
    )  # fmt: skip

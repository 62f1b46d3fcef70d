"""Text completions between their two forms. Whole and streamed bodies share one shape, so only texts and logprobs grow."""

from __future__ import annotations

from typing import cast

from headgate.call.call import Call
from headgate.kernel import json
from headgate.wire.assemble import Fields, add, read_chunks, whole
from headgate.wire.pieces import PIECE_CHARS, dress, pieces_of
from headgate.wire.sse import DONE_EVENT

_KIND = "text_completion"


def from_stream(stream: bytes, usage_raw: bytes = b"") -> bytes | None:
    """The whole body that `stream` stands for, or None when it is incomplete or failed."""
    chunks = read_chunks(stream)
    return None if chunks is None else whole(chunks, _KIND, _choice, usage_raw)


def _choice(pieces: list[Fields]) -> Fields:
    choice: Fields = {"text": "", "index": pieces[0].get("index", 0), "logprobs": None, "finish_reason": None}
    for piece in pieces:
        add(choice, {key: value for key, value in piece.items() if key not in ("index", "finish_reason")})
        choice["finish_reason"] = piece.get("finish_reason") or choice["finish_reason"]
    return choice


def to_stream(body: bytes, call: Call) -> list[bytes]:
    """A whole body as the events of a stream; usage if asked for."""
    answer = cast(Fields, json.decode(body))
    out: list[Fields] = []
    for choice in cast("list[Fields]", answer.get("choices") or []):
        texts = pieces_of(choice.get("text") or "", PIECE_CHARS) or [""]
        open_end: Fields = {"finish_reason": None, "logprobs": None}
        chunks = [choice | {"text": text} | open_end for text in texts]
        chunks[0]["logprobs"] = choice.get("logprobs")
        chunks[-1]["finish_reason"] = choice.get("finish_reason")
        out.extend(chunks)
    return [*dress(answer, _KIND, out, call), DONE_EVENT]

"""A given text as the answer to a call, in the wire of the call."""

from __future__ import annotations

from headgate.call.call import Call, Reply
from headgate.call.frames import Usage
from headgate.kernel import json
from headgate.wire.codecs import CODECS
from headgate.wire.neutral import Choice, Text, Tokens
from headgate.wire.neutral import Reply as NeutralReply

BYTES_PER_TOKEN = 4


def canned_reply(call: Call, text: str, *, created_s: int) -> Reply | None:
    """An answer that says `text` and cost nothing. None for a wire whose answers are no texts."""
    usage = Usage(len(call.body) // BYTES_PER_TOKEN, -(-len(text) // BYTES_PER_TOKEN), known=True)
    codec = CODECS.get(call.wire)
    if codec is not None:
        tokens = Tokens(input=usage.prompt_tokens, output=usage.completion_tokens, known=True)
        answer = NeutralReply(call.run_id, call.model, [Choice([Text(text)])], tokens, created=created_s)
        body = codec.write_reply(answer, codec.read_request(call.body))
    elif call.wire == "openai.completions":
        body = _completion(call, text, usage, created_s)
    else:
        return None
    reply = Reply(200, body)
    reply.provider, reply.model, reply.finish = "mock", call.model, "stop"
    reply.usage, reply.cost_pico = usage, 0
    return reply


def _completion(call: Call, text: str, usage: Usage, created_s: int) -> bytes:
    return json.encode({
        "id": call.run_id, "object": "text_completion", "created": created_s, "model": call.model,
        "choices": [{"text": text, "index": 0, "logprobs": None, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        },
    })  # fmt: skip

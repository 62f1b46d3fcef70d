"""Chat completions of the mock provider."""

from __future__ import annotations

import base64
import struct
from typing import Any, cast

from headgate.providers.mocking import calls
from headgate.providers.mocking.dice import Dice
from headgate.providers.mocking.request import CREATED, FINGERPRINT, Fields, Refused, Request
from headgate.providers.mocking.schema import as_text, instance
from headgate.providers.mocking.text import (
    content_text,
    cut,
    estimate,
    estimate_json,
    last_message,
    last_text,
    prompt_tokens,
    sentences,
    tokens_of,
)  # fmt: skip

_REASONING = {"minimal": 0, "low": 32, "medium": 96, "high": 256, "xhigh": 512}
_MAX_TOP = 20


def completion(request: Request) -> Fields:
    """A whole `chat.completion`."""
    if not isinstance(request.fields.get("messages"), list):
        raise Refused("Missing required parameter: 'messages'.", "messages")
    limit = request.whole_number(
        "max_completion_tokens", default=request.whole_number("max_tokens", default=None)
    )
    choices = [_choice(request, place, limit) for place in range(request.choices)]
    made = sum(_tokens_made(cast(Fields, choice["message"])) for choice in choices)
    reasoning = _REASONING.get(str(request.fields.get("reasoning_effort")), 0) if limit is None else 0
    answer: Fields = {
        "id": f"chatcmpl-{request.dice.token(29)}",
        "object": "chat.completion",
        "created": CREATED,
        "model": request.model,
        "choices": choices,
        "usage": _usage(prompt_tokens(request.fields), made + reasoning, reasoning),
        "system_fingerprint": FINGERPRINT,
    }
    return answer | {"service_tier": "default"}


def _usage(prompt: int, made: int, reasoning: int) -> Fields:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": made,
        "total_tokens": prompt + made,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": reasoning, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
        },
    }  # fmt: skip


def _choice(request: Request, place: int, limit: int | None) -> Fields:
    dice = request.dice.fork(f"choice {place}")
    message: Fields = {"role": "assistant", "content": None, "refusal": None, "annotations": []}
    made = calls.tool_calls(request, dice)
    function = None if made else calls.function_call(request, dice)
    logprobs: Fields | None = None
    if made:
        message["tool_calls"], finish = _within(made, limit)
    elif function is not None:
        arguments, finish = cut(str(function["arguments"]), stop=None, limit=limit)
        message["function_call"] = function | {"arguments": arguments}
        finish = "length" if finish == "length" else "function_call"
    else:
        text, finish = cut(_text(request, dice), stop=request.fields.get("stop"), limit=limit)
        if "audio" in cast("list[Any]", request.fields.get("modalities") or []):
            message["audio"] = _audio(text, dice)
        else:
            message["content"] = text
            logprobs = _logprobs(request, text, dice)
    return {"index": place, "message": message, "logprobs": logprobs, "finish_reason": finish}


def _within(made: list[Fields], limit: int | None) -> tuple[list[Fields], str]:
    """Tool calls as far as the token limit lets them be written."""
    left = limit
    for call in made:
        inner = cast(Fields, call.get("function") or call["custom"])
        key = "arguments" if "arguments" in inner else "input"
        inner[key], finish = cut(str(inner[key]), stop=None, limit=left)
        if finish == "length":
            return made[: made.index(call) + 1], "length"
        if left is not None:
            left -= len(tokens_of(str(inner[key])))
    return made, "tool_calls"


def _text(request: Request, dice: Dice) -> str:
    """What is said: JSON when asked for, a word on the tool's result, or a few sentences."""
    fields = request.fields
    asked = fields.get("response_format")
    if isinstance(asked, dict):
        kind = cast(Fields, asked).get("type")
        if kind == "json_schema":
            schema = cast(Fields, cast(Fields, asked).get("json_schema") or {}).get("schema", {})
            return as_text(instance(schema, dice))
        if kind == "json_object":
            return as_text({"answer": sentences(dice, last_text(fields, role="user")), "ok": True})
    last = last_message(fields)
    if last.get("role") in ("tool", "function"):
        return f"The tool answered: {content_text(last.get('content'))}"
    return sentences(dice, last_text(fields, role="user"))


def _tokens_made(message: Fields) -> int:
    """Tokens that a message costs as output."""
    total = len(tokens_of(message.get("content") or "")) + estimate_json(message.get("function_call"))
    for call in cast("list[Fields]", message.get("tool_calls") or []):
        total += estimate_json(call.get("function") or call.get("custom"))
    audio = message.get("audio")
    return total + (2 * estimate(str(cast(Fields, audio)["transcript"])) if isinstance(audio, dict) else 0)


def _audio(text: str, dice: Dice) -> Fields:
    """A tenth of a second of silence as a WAV file, and what it is meant to say."""
    samples = bytes(1600)
    sound = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16)  # PCM, mono, 8 kHz, 16 bits
    head = (
        b"RIFF"
        + struct.pack("<I", 36 + len(samples))
        + b"WAVE"
        + sound
        + b"data"
        + struct.pack("<I", len(samples))
    )
    return {
        "id": f"audio_{dice.token(24)}",
        "data": base64.b64encode(head + samples).decode(),
        "expires_at": CREATED + 3600,
        "transcript": text,
    }


def _logprobs(request: Request, text: str, dice: Dice) -> Fields | None:
    if request.fields.get("logprobs") is not True:
        return None
    top = request.whole_number("top_logprobs", default=0, most=_MAX_TOP) or 0
    return {"content": [_logprob(token, top, dice) for token in tokens_of(text)], "refusal": None}


def _logprob(token: str, top: int, dice: Dice) -> Fields:
    chance = -(1 + dice.below(300)) / 1000
    likely = [{"token": token, "logprob": chance, "bytes": list(token.encode("utf-8", "replace"))}]
    for place in range(1, top):
        other = f" alt{place}"
        likely.append({"token": other, "logprob": round(chance - place, 3), "bytes": list(other.encode())})
    return likely[0] | {"top_logprobs": likely[:top]}


def chunks(answer: Fields) -> list[Fields]:
    """The choice objects of a stream of `answer`, in the order in which they are sent: token by token."""
    out: list[Fields] = []
    for choice in cast("list[Fields]", answer["choices"]):
        message = cast(Fields, choice["message"])
        told = cast("Fields | None", choice["logprobs"])
        logprobs = cast("list[Fields]", told["content"]) if told else []
        first: Fields = {
            "role": "assistant",
            "content": None if message["content"] is None else "",
            "refusal": None,
        }
        if "audio" in message:
            first["audio"] = message["audio"]
        deltas: list[Fields] = [first, *_deltas(message)]
        for place, delta in enumerate(deltas):
            said = logprobs[place - 1 : place] if place else []
            out.append(_piece(choice, delta, {"content": said, "refusal": None} if said else None))
        out.append(_piece(choice, {}, None) | {"finish_reason": choice["finish_reason"]})
    return out


def _piece(choice: Fields, delta: Fields, logprobs: Fields | None) -> Fields:
    return {"index": choice["index"], "delta": delta, "logprobs": logprobs, "finish_reason": None}


def _deltas(message: Fields) -> list[Fields]:
    if message["content"] is not None:
        return [{"content": token} for token in tokens_of(message["content"])]
    if (function := message.get("function_call")) is not None:
        begun: Fields = {"name": function["name"], "arguments": ""}
        return [
            {"function_call": part}
            for part in (begun, *({"arguments": each} for each in tokens_of(function["arguments"])))
        ]
    out: list[Fields] = []
    for place, call in enumerate(cast("list[Fields]", message.get("tool_calls") or [])):
        kind = str(call["type"])
        key = "arguments" if kind == "function" else "input"
        inner = cast(Fields, call[kind])
        out.append(
            {
                "tool_calls": [
                    {"index": place, "id": call["id"], "type": kind, kind: {"name": inner["name"], key: ""}}
                ]
            }
        )
        out.extend({"tool_calls": [{"index": place, kind: {key: each}}]} for each in tokens_of(inner[key]))
    return out

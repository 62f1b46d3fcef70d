"""What accounting and caching need to know of an answer of `generateContent`, whole or as one event of a stream."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from headgate.call.frames import Usage
from headgate.kernel import json
from headgate.wire.neutral import Tokens
from headgate.wire.shape import ReplyFacts
from headgate.wire.usage import MAX_TOKENS

UNTOLD = msgspec.Raw(b"")
# a filter of the provider ended the answer, or let none begin
BLOCKS = frozenset({
    "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION", "MODEL_ARMOR", "JAILBREAK", "ESCALATION", "LANGUAGE",
})  # fmt: skip
_TIERS = {"FLEX": "flex", "PRIORITY": "priority", "BATCH": "batch"}


class _Part(msgspec.Struct, gc=False, rename="camel"):
    function_call: msgspec.Raw = UNTOLD


class _Content(msgspec.Struct, gc=False, rename="camel"):
    parts: list[_Part] | None = None


class _Candidate(msgspec.Struct, gc=False, rename="camel"):
    content: _Content | None = None
    finish_reason: str | None = None


class _Feedback(msgspec.Struct, gc=False, rename="camel"):
    block_reason: str | None = None


class Answer(msgspec.Struct, gc=False, rename="camel"):
    """What we read of a whole answer or an event."""

    candidates: list[_Candidate] | None = None
    usage_metadata: msgspec.Raw = UNTOLD
    prompt_feedback: _Feedback | None = None
    model_version: str = ""
    error: msgspec.Raw = UNTOLD


class _Detail(msgspec.Struct, gc=False, rename="camel"):
    modality: str = ""
    token_count: int = 0


class _Usage(msgspec.Struct, gc=False, rename="camel"):
    prompt_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    total_token_count: int | None = None
    prompt_tokens_details: list[_Detail] | None = None
    candidates_tokens_details: list[_Detail] | None = None
    service_tier: str | None = None


_decode = msgspec.json.Decoder(Answer).decode
_decode_usage = msgspec.json.Decoder(_Usage).decode


def read_answer(body: bytes) -> Answer:
    """`body` as an Answer; odd types in it are passed over. Raises ValueError when it is no JSON object."""
    try:
        return _decode(body)
    except msgspec.ValidationError:
        return _lenient(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


class Gathered:
    """The facts of one answer, gathered from its events."""

    __slots__ = ("_finish", "_model", "_refused", "_tools", "_usage")

    def __init__(self) -> None:
        self._usage = b""
        self._finish = ""
        self._tools = False
        self._refused = False
        self._model = ""

    def take(self, answer: Answer) -> None:
        raw = bytes(answer.usage_metadata)
        if raw.startswith(b"{"):
            self._usage = raw
        self._model = answer.model_version or self._model
        feedback = answer.prompt_feedback
        if feedback is not None and feedback.block_reason:
            self._refused, self._finish = True, "content_filter"
        for candidate in answer.candidates or ():
            for part in (candidate.content.parts if candidate.content else None) or ():
                self._tools = self._tools or part.function_call is not UNTOLD
            if candidate.finish_reason and self._finish in ("", "stop"):
                self._finish = finish_of(candidate.finish_reason)
                self._refused = self._refused or candidate.finish_reason in BLOCKS

    def facts(self) -> ReplyFacts:
        finish = "tool_calls" if self._tools and self._finish == "stop" else self._finish
        return ReplyFacts(
            read_usage(self._usage), self._usage, finish, self._tools, self._model, self._refused
        )


def finish_of(reason: str) -> str:
    """A reason to finish in the words of chat completions."""
    if reason in BLOCKS:
        return "content_filter"
    return {"STOP": "stop", "MAX_TOKENS": "length", "FINISH_REASON_UNSPECIFIED": ""}.get(
        reason, reason.lower()
    )


def read_reply(body: bytes) -> ReplyFacts:
    """The facts of a whole answer. Raises ValueError when it is no JSON object."""
    gathered = Gathered()
    gathered.take(read_answer(body))
    return gathered.facts()


def read_count(body: bytes) -> ReplyFacts:
    """Counting tokens costs nothing. Raises ValueError when it is no JSON object."""
    read_answer(body)
    return ReplyFacts(Usage(known=True), b"", "", tool_calls=False, model="")


def read_usage(raw: bytes) -> Usage:
    """`raw` as token classes that add up; `known` False when the provider told nothing that can be used."""
    tokens = tokens_of(raw)
    return Usage(
        tokens.input, tokens.output, tokens.cache_read, 0, tokens.reasoning, tokens.known,
        audio_input_tokens=tokens.audio_in, audio_output_tokens=tokens.audio_out, tier=tokens.tier,
    )  # fmt: skip


def tokens_of(raw: bytes) -> Tokens:
    """The same in the neutral form. Thoughts are paid as output and told beside it, what tools brought as input."""
    try:
        told = _decode_usage(raw) if raw else _Usage()
    except (ValueError, RecursionError):
        return Tokens(raw=raw)
    if told.prompt_token_count is None:
        return Tokens(raw=raw)
    thoughts = told.thoughts_token_count or 0
    given = told.prompt_token_count + (told.tool_use_prompt_token_count or 0)
    made = (told.candidates_token_count or 0) + thoughts
    if not (0 <= given <= MAX_TOKENS and 0 <= made <= MAX_TOKENS and thoughts >= 0):
        return Tokens(raw=raw)
    return Tokens(
        input=given,
        output=made,
        cache_read=max(0, min(told.cached_content_token_count or 0, given)),
        reasoning=min(thoughts, made),
        audio_in=_audio(told.prompt_tokens_details, given),
        audio_out=_audio(told.candidates_tokens_details, made),
        tier=_TIERS.get((told.service_tier or "").upper().removeprefix("SERVICE_TIER_"), ""),
        known=True,
        raw=raw,
    )


def _audio(details: list[_Detail] | None, most: int) -> int:
    told = sum(each.token_count for each in details or () if each.modality == "AUDIO")
    return max(0, min(told, most))


def _lenient(body: bytes) -> Answer:
    parsed = json.decode(body)
    if not isinstance(parsed, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - the value of the bytes is wrong, as with broken JSON
    fields = cast("dict[str, Any]", parsed)
    answer = Answer()
    for field, (name, kind) in _TYPES.items():
        try:
            if fields.get(name) is not None:
                setattr(answer, field, msgspec.convert(fields[name], kind))
        except msgspec.ValidationError:
            continue
    for field, name in (("usage_metadata", "usageMetadata"), ("error", "error")):
        if name in fields:
            setattr(answer, field, msgspec.Raw(json.encode(fields[name])))
    return answer


_TYPES: dict[str, tuple[str, Any]] = {
    "candidates": ("candidates", list[_Candidate]),
    "prompt_feedback": ("promptFeedback", _Feedback),
    "model_version": ("modelVersion", str),
}

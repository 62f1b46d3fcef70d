"""The facts of an answer in the `choices` shape, whole or as stream events: chat and text completions alike."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from headgate.call.frames import Usage
from headgate.kernel import json
from headgate.wire.shape import ReplyFacts
from headgate.wire.usage import read_usage

UNTOLD = msgspec.Raw(b"")  # the member is not there
TOOL_FINISHES = ("tool_calls", "function_call")


class Message(msgspec.Struct, gc=False):
    """What we read of a message or a delta."""

    tool_calls: msgspec.Raw = UNTOLD
    function_call: msgspec.Raw = UNTOLD
    refusal: str | None = None


class Choice(msgspec.Struct, gc=False):
    finish_reason: str | None = None
    message: Message | None = None
    delta: Message | None = None

    @property
    def said(self) -> Message | None:
        return self.message or self.delta


class Answer(msgspec.Struct, gc=False):
    """A whole answer or one event of a stream."""

    model: str = ""
    choices: list[Choice] | None = None
    usage: msgspec.Raw = UNTOLD
    error: msgspec.Raw = UNTOLD
    service_tier: str | None = None


_decode = msgspec.json.Decoder(Answer).decode


def read_answer(body: bytes) -> Answer:
    """`body` as an Answer; odd types in it are passed over. Raises ValueError when it is no JSON object."""
    try:
        return _decode(body)
    except msgspec.ValidationError:
        return _lenient(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def read_reply(body: bytes) -> ReplyFacts:
    """The facts of a whole answer. Raises ValueError when it is no JSON object."""
    answer = read_answer(body)
    raw = usage_of(answer)
    finish, tool_calls, refused = "", False, False
    for choice in answer.choices or ():
        finish = worse_finish(finish, choice.finish_reason)
        message = choice.message
        if message is not None:
            tool_calls = tool_calls or calls_tools(message)
            refused = refused or bool(message.refusal)
    usage = read_usage(raw, answer.service_tier) if raw else Usage()
    return ReplyFacts(usage, raw, finish, tool_calls or finish in TOOL_FINISHES, answer.model, refused)


def usage_of(answer: Answer) -> bytes:
    """The provider's usage object as it came; empty when there is none."""
    raw = answer.usage
    if raw is UNTOLD:
        return b""
    text = bytes(raw)
    return text if text.startswith(b"{") else b""


def calls_tools(message: Message) -> bool:
    """Does the message ask for at least one tool call?"""
    tools = message.tool_calls
    if tools is not UNTOLD and is_set(tools) and bytes(tools).strip(b"[] \t\r\n"):
        return True
    return message.function_call is not UNTOLD and is_set(message.function_call)


def is_set(raw: msgspec.Raw) -> bool:
    """The member is there and not null."""
    return raw is not UNTOLD and bytes(raw) not in (b"null", b"")


def worse_finish(known: str, new: str | None) -> str:
    """Of several choices the finish that is not "stop" counts: one that was cut off makes the answer incomplete."""
    if not new or (known and known != "stop"):
        return known
    return new


def _lenient(body: bytes) -> Answer:
    parsed = json.decode(body)
    if not isinstance(parsed, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - the value of the bytes is wrong, as with broken JSON
    fields = cast("dict[str, Any]", parsed)
    model = fields.get("model")
    answer = Answer(model if isinstance(model, str) else "")
    answer.usage = _raw(fields["usage"]) if "usage" in fields else UNTOLD
    answer.error = _raw(fields.get("error"))
    tier = fields.get("service_tier")
    answer.service_tier = tier if isinstance(tier, str) else None
    choices = fields.get("choices")
    if isinstance(choices, list):
        answer.choices = [
            _choice(cast("dict[str, Any]", each))
            for each in cast("list[Any]", choices)
            if isinstance(each, dict)
        ]
    return answer


def _choice(fields: dict[str, Any]) -> Choice:
    finish = fields.get("finish_reason")
    return Choice(
        finish if isinstance(finish, str) else None,
        _message(fields.get("message")),
        _message(fields.get("delta")),
    )


def _message(fields: Any) -> Message | None:
    if not isinstance(fields, dict):
        return None
    said = cast("dict[str, Any]", fields)
    refusal = said.get("refusal")
    return Message(
        _raw(said.get("tool_calls")),
        _raw(said.get("function_call")),
        refusal if isinstance(refusal, str) else None,
    )


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(json.encode(value))

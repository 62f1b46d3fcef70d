"""Responses of the mock provider: what its chat completions say, as OpenAI's Responses API says it."""

from __future__ import annotations

from typing import Any, cast

from headgate.kernel import json
from headgate.kernel.errors import BadRequest
from headgate.providers.mocking import chat
from headgate.providers.mocking.request import Fields, Refused, Request, read
from headgate.wire.chat.replies import read_reply
from headgate.wire.chat.streams import ChatReader
from headgate.wire.chat.writing import write_request
from headgate.wire.codec import Fates
from headgate.wire.neutral import Opaque
from headgate.wire.neutral import Request as Asked
from headgate.wire.responses.reading import REFUSED, read_request
from headgate.wire.responses.replies import write_reply
from headgate.wire.responses.streams import ResponseWriter
from headgate.wire.sse import DONE_EVENT, data_event

MODEL = "gpt-4o-mini"  # for requests that name none
_INPUT = "hello"
_ECHOED = (
    "background",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "safety_identifier",
    "max_tool_calls",
    "truncation",
)


def response(request: Request) -> Fields:
    """A whole `response`."""
    asked, inner = _asked(request)
    reply = read_reply(json.encode(chat.completion(inner)))
    whole = cast(Fields, json.decode(write_reply(reply, asked)))
    echo: Fields = {name: request.fields[name] for name in _ECHOED if request.fields.get(name) is not None}
    conversation: Any = request.fields.get("conversation")
    if conversation is not None:
        echo["conversation"] = {"id": conversation} if isinstance(conversation, str) else conversation
    return whole | echo


def events(request: Request) -> list[bytes]:
    """The same as a stream, token by token."""
    asked, inner = _asked(request)
    answer = chat.completion(inner)
    head: Fields = {key: answer[key] for key in ("id", "created", "model")} | {
        "object": "chat.completion.chunk"
    }
    chunks: list[Fields] = [head | {"choices": [choice]} for choice in chat.chunks(answer)]
    chunks.append(head | {"choices": [], "usage": answer["usage"]})
    reader, writer = ChatReader(), ResponseWriter(asked)
    out = [writer.write(reader.feed(data_event(chunk))) for chunk in chunks]
    out.append(writer.write([*reader.feed(DONE_EVENT), *reader.finish()]) + writer.finish())
    return [each for each in out if each]


def _asked(request: Request) -> tuple[Asked, Request]:
    """The request in the neutral form, and as the mock's own chat request. The mock keeps nothing and runs no tools."""
    fields = {key: value for key, value in request.fields.items() if key not in REFUSED}
    fields["model"] = request.model or MODEL
    fields["input"] = fields.get("input") or _INPUT
    try:
        asked = read_request(json.encode(fields))
        asked.tools = [tool for tool in asked.tools if not isinstance(tool, Opaque)]
        asked.stream = False
        body = write_request(asked, asked.model, Fates())
    except BadRequest as error:
        raise Refused(error.message, error.param or "") from error
    return asked, read(body)

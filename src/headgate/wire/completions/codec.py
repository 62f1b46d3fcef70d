"""The codec of OpenAI text completions. It has a client's side only: no provider is asked in this format for another's client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from headgate.kernel import json
from headgate.kernel.errors import BadRequest
from headgate.wire.chat.replies import REASONS, error_fields, read_error, usage_fields
from headgate.wire.codec import Fates, Reader, Writer
from headgate.wire.neutral import (
    Choice,
    Event,
    Failed,
    Fields,
    Finished,
    Maker,
    Message,
    PartStarted,
    Refusal,
    Reply,
    Request,
    Started,
    Text,
    TextDelta,
    UsageTold,
)
from headgate.wire.node import Node
from headgate.wire.sse import DONE_EVENT, data_event

_KIND = "text_completion"


class CompletionsCodec:
    """`openai.completions` for its clients."""

    maker: Maker = "openai"

    def read_request(self, body: bytes) -> Request:
        node = Node.of(body)
        request = Request(node.text("model"), [Message("user", [Text(_prompt(node))])], "openai")
        request.stream = node.flag("stream") or False
        if options := node.node("stream_options"):
            request.include_usage = options.flag("include_usage") or False
            options.ignore("include_obfuscation")
            options.close()
        request.max_tokens = node.integer("max_tokens")
        request.temperature = node.number("temperature")
        request.top_p = node.number("top_p")
        stop = node.raw("stop")
        request.stop = [stop] if isinstance(stop, str) else node.texts("stop")
        request.choices = node.integer("n")
        request.seed = node.integer("seed")
        request.presence_penalty = node.number("presence_penalty")
        request.frequency_penalty = node.number("frequency_penalty")
        request.user = node.text_or("user")
        if not node.fields.get("echo"):
            node.ignore("echo")
        if node.fields.get("best_of") == (request.choices or 1):
            node.ignore("best_of")
        if node.text_or("suffix"):
            raise BadRequest(
                "'suffix' cannot be sent to this model's provider: it only goes on.", param="suffix"
            )
        bias = node.fields_of("logit_bias")
        request.extra = {"logit_bias": bias} if bias else {}
        request.lost = [*node.lost, *node.left()]  # a chat of the same maker has no place for these either
        return request

    def write_request(self, request: Request, model: str, fates: Fates) -> NoReturn:
        raise BadRequest("No provider is asked in this format for a client of another one.")

    def read_reply(self, body: bytes) -> NoReturn:
        raise ValueError("no provider answers in this format to a client of another one")

    def write_reply(self, reply: Reply, request: Request) -> bytes:
        choices = [_choice(index, choice) for index, choice in enumerate(reply.choices)]
        fields: Fields = {
            "id": reply.id, "object": _KIND, "created": reply.created, "model": reply.model, "choices": choices,
        }  # fmt: skip
        if reply.tokens.known:
            fields["usage"] = usage_fields(reply.tokens)
        return json.encode(fields)

    def stream_reader(self) -> Reader:
        raise ValueError("no provider answers in this format to a client of another one")

    def stream_writer(self, request: Request) -> Writer:
        return TextWriter(request)

    def read_error(self, status: int, body: bytes) -> Failed:
        return read_error(status, body)

    def write_error(self, failed: Failed) -> bytes:
        return json.encode(error_fields(failed))


def _prompt(node: Node) -> str:
    """One text. Tokens mean something only to their own model, and several prompts are several calls."""
    prompt = node.raw("prompt")
    if isinstance(prompt, str):
        return prompt
    if isinstance(prompt, list) and len(prompt) == 1 and isinstance(prompt[0], str):  # type: ignore[reportUnknownArgumentType]  # JSON
        return prompt[0]
    raise BadRequest("'prompt' cannot be sent to this model's provider: it takes one text.", param="prompt")


def _choice(index: int, choice: Choice) -> Fields:
    text = "".join(part.text for part in choice.parts if isinstance(part, (Text, Refusal)))
    return {"text": text, "index": index, "logprobs": None, "finish_reason": _reason(choice.finish)}


def _reason(finish: str) -> str:
    return next(
        (reason for known, reason in REASONS.items() if known == finish and reason != "tool_calls"), "stop"
    )


class TextWriter:
    """Writes a stream for a client. Usage always stands at its end, as with a provider that was asked for it."""

    def __init__(self, request: Request) -> None:
        self._head: Fields = {"id": "", "object": _KIND, "created": 0, "model": request.model}
        self._usage: Fields | None = None
        self._finished = False
        self._failed = False

    def write(self, events: Sequence[Event]) -> bytes:
        return b"".join([self._write(event) for event in events if not self._failed])

    def finish(self) -> bytes:
        if self._failed or not self._finished:
            return b""
        if self._usage is None:
            return DONE_EVENT
        last: Fields = {"choices": [], "usage": self._usage}
        return data_event(self._head | last) + DONE_EVENT

    def _write(self, event: Event) -> bytes:
        match event:
            case Started():
                self._head |= {
                    "id": event.id,
                    "created": event.created,
                    "model": event.model or self._head["model"],
                }
            case PartStarted(part=Text(text=text) | Refusal(text=text)) if text:
                return self._chunk(event.choice, text)
            case TextDelta():
                return self._chunk(event.choice, event.text)
            case UsageTold():
                self._usage = usage_fields(event.tokens) if event.tokens.known else self._usage
            case Finished():
                self._finished = True
                return self._chunk(event.choice, "", _reason(event.finish))
            case Failed():
                self._failed = True
                return data_event(error_fields(event)) + DONE_EVENT
            case _:
                pass  # what is no text has no place here
        return b""

    def _chunk(self, choice: int, text: str, reason: str | None = None) -> bytes:
        fields: Fields = {"text": text, "index": choice, "logprobs": None, "finish_reason": reason}
        return data_event(self._head | {"choices": [fields]})

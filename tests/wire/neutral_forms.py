"""Answers in the neutral form, as events and put together again: what the tests of all codecs are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from headgate.call.call import Wire
from headgate.wire.codecs import CODECS
from headgate.wire.neutral import (
    ArgumentsDelta,
    Choice,
    Event,
    Failed,
    Finished,
    Part,
    PartEnded,
    PartStarted,
    Refusal,
    Reply,
    Request,
    SignatureDelta,
    Started,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    Tokens,
    ToolCall,
    UsageTold,
)

TOKENS = Tokens(100, 20, cache_read=30, cache_write=10, reasoning=5, known=True)
ANSWERS: dict[str, Reply] = {
    "text": Reply("r1", "m", [Choice([Text("Hello\nthere, \u00e4\u00f6\u2028\U0001f600!")], "stop")], TOKENS),
    "cut off": Reply("r1", "m", [Choice([Text("Once upon")], "length")], TOKENS),
    "one call": Reply("r1", "m", [Choice([ToolCall("c1", "look", '{"at":"x\\n"}')], "tool")], TOKENS),
    "parallel calls": Reply(
        "r1",
        "m",
        [
            Choice(
                [Text("I look."), ToolCall("c1", "look", '{"at":[1,2]}'), ToolCall("c2", "find", "{}")],
                "tool",
            )
        ],
        TOKENS,
    ),
    "thoughts": Reply("r1", "m", [Choice([Thinking("hm, so"), Text("42")], "stop")], TOKENS),
    "refused": Reply("r1", "m", [Choice([Text("I can't.")], "refusal")], TOKENS),
    "no usage": Reply("r1", "m", [Choice([Text("x")], "stop")]),
}
SIGNED = Reply(
    "r1", "m", [Choice([Thinking("hm", "c2lnbmVk", maker="anthropic"), Text("42")], "stop")], TOKENS
)
ASKED = Request("m", [])


def events_of(reply: Reply, size: int = 3) -> list[Event]:
    """The events of a stream that tells `reply`, texts in pieces of `size` characters."""
    out: list[Event] = [Started(reply.id, reply.model, reply.created)]
    for number, choice in enumerate(reply.choices):
        for at, part in enumerate(choice.parts):
            out.extend(_part_events(part, at, number, size))
        out.append(Finished(choice.finish, choice.stop_sequence, number))
    if reply.tokens.known:
        out.append(UsageTold(reply.tokens))
    return out


def _part_events(part: Part, at: int, choice: int, size: int) -> list[Event]:
    out: list[Event] = []
    match part:
        case Text() | Refusal():
            out.append(PartStarted(at, msgspec.structs.replace(part, text=""), choice))
            out.extend(TextDelta(at, piece, choice) for piece in _pieces(part.text, size))
        case Thinking():
            out.append(PartStarted(at, Thinking(redacted=part.redacted, maker=part.maker), choice))
            out.extend(ThinkingDelta(at, piece, choice) for piece in _pieces(part.text, size))
            if part.signature:
                out.append(SignatureDelta(at, part.signature, choice))
        case ToolCall():
            out.append(PartStarted(at, msgspec.structs.replace(part, arguments=""), choice))
            out.extend(ArgumentsDelta(at, piece, choice) for piece in _pieces(part.arguments, size))
        case _:
            out.append(PartStarted(at, part, choice))
    return [*out, PartEnded(at, choice)]


def _pieces(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def put_together(events: Iterable[Event]) -> Reply:
    """The answer that a stream told."""
    reply = Reply("", "", [])
    parts: dict[tuple[int, int], Part] = {}
    ends: dict[int, Finished] = {}
    for event in events:
        match event:
            case Started():
                reply.id, reply.model = event.id, event.model
            case PartStarted():
                assert all(choice != event.choice or at < event.at for choice, at in parts)
                parts[event.choice, event.at] = msgspec.structs.replace(event.part)
            case Finished():
                ends[event.choice] = event
            case UsageTold():
                reply.tokens = event.tokens
            case PartEnded():
                assert (event.choice, event.at) in parts
            case Failed():
                raise AssertionError(event.message)
            case _:
                _grow(parts[event.choice, event.at], event)
    for number, end in sorted(ends.items()):
        said = [part for (choice, _), part in sorted(parts.items(), key=_place) if choice == number]
        reply.choices.append(Choice(said, end.finish, end.stop_sequence))
    return reply


def _place(item: tuple[tuple[int, int], Part]) -> tuple[int, int]:
    return item[0]


def _grow(part: Part, event: Event) -> None:
    match event, part:
        case TextDelta(), Text() | Refusal():
            part.text += event.text
        case ThinkingDelta(), Thinking():
            part.text += event.text
        case SignatureDelta(), Thinking() | ToolCall():
            part.signature += event.signature
        case ArgumentsDelta(), ToolCall():
            part.arguments += event.text
        case _:
            pass


def essence(reply: Reply, wire: Wire = "openai.chat") -> Reply:
    """What every wire should carry: without makers, ids that some make up, and how usage was spelt. Of an answer that went
    through `wire`: without the token classes that it does not tell apart."""
    choices = [
        Choice([_bare(part) for part in choice.parts], choice.finish, choice.stop_sequence)
        for choice in reply.choices
    ]
    tokens = msgspec.structs.replace(reply.tokens, raw=b"")
    if wire == "google.generate":
        tokens.cache_write = 0
    return Reply("", reply.model, choices, tokens)


_MADE_UP = re.compile(rb"[0-9a-f]{20,}")


def numbered(out: bytes) -> bytes:
    """`out` with the ids that a writer makes up as they are needed numbered in their order."""
    known: dict[bytes, bytes] = {}
    return _MADE_UP.sub(lambda found: known.setdefault(found[0], b"%d" % len(known)), out)


def _bare(part: Part) -> Part:
    match part:
        case Text():
            return Text(part.text)
        case Thinking():
            return Thinking(part.text, part.signature, part.redacted)
        case ToolCall():
            return ToolCall(part.id, part.name, part.arguments or "{}")
        case _:
            return part


def stream_of(wire: Wire, reply: Reply, size: int = 3) -> bytes:
    """The stream in which a provider of `wire` tells `reply`."""
    writer = CODECS[wire].stream_writer(ASKED)
    return writer.write(events_of(reply, size)) + writer.finish()


def read_stream(wire: Wire, stream: bytes, cuts: list[int]) -> Reply:
    """What a reader of `wire` makes of `stream`, cut at `cuts`."""
    reader = CODECS[wire].stream_reader()
    events = [event for piece in pieces(stream, cuts) for event in reader.feed(piece)]
    return put_together([*events, *reader.finish()])


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """`data` cut at `cuts`."""
    ends = sorted({cut % (len(data) + 1) for cut in cuts} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]

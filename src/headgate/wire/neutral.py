"""The neutral form: what any wire's request, answer or stream says, in words that belong to no vendor.

A codec reads its wire into these structs and writes them again. What a wire says and no other could carry travels as
`Opaque` or in `Request.extra`, marked with its maker; a codec of another maker drops it with a warning, never silently.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Fields = dict[str, Any]

# Whose models and formats these are. A signature, a server-side tool or a file id means something only to its maker.
Maker = Literal["openai", "anthropic", "google", "bedrock", ""]
Role = Literal["system", "developer", "user", "assistant"]
Finish = Literal[
    "stop",  # the model was done
    "length",  # max_tokens
    "context",  # the model's window is full
    "stop_sequence",
    "tool",  # it waits for the results of its calls
    "refusal",  # the model or a filter of the provider refused
    "pause",  # a long turn, to be continued by sending it back
    "other",
]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class CacheMark(msgspec.Struct, frozen=True, gc=False):
    """The prompt up to and with what bears this mark should be kept by the provider's prompt cache."""

    ttl: str = ""  # "5m", "1h", "30m", ...; empty: the provider's default


# Parts: what a message or an answer consists of.


class Text(msgspec.Struct, tag="text"):
    """Written text. `citations` are the maker's own objects."""

    text: str
    cache: CacheMark | None = None
    citations: list[Fields] = msgspec.field(default_factory=list[Fields])
    maker: Maker = ""  # whose `citations` they are


class Blob(msgspec.Struct):
    """Where the bytes of a medium are: exactly one of `data` (base64), `url`, `file_id`, `text` is set."""

    media_type: str = ""  # "image/png", "application/pdf"; empty when not told
    data: str = ""
    url: str = ""
    file_id: str = ""
    text: str = ""
    maker: Maker = ""  # whose `file_id` it is


class Image(msgspec.Struct, tag="image"):
    source: Blob
    detail: str = ""  # OpenAI's "low", "high", "auto"
    cache: CacheMark | None = None


class Audio(msgspec.Struct, tag="audio"):
    """Sound, spoken to or by the model."""

    source: Blob
    transcript: str = ""
    id: str = ""


class Video(msgspec.Struct, tag="video"):
    source: Blob


class Document(msgspec.Struct, tag="document"):
    """A file for the model to read. `citations`: it should cite from it."""

    source: Blob
    title: str = ""
    context: str = ""
    citations: bool = False
    cache: CacheMark | None = None


class Thinking(msgspec.Struct, tag="thinking"):
    """What the model thought, or `redacted`: the same in a form that only its maker can read.

    `signature` proves to its maker that the text is its own; without it the block is not accepted back.
    """

    text: str = ""
    signature: str = ""
    redacted: str = ""
    id: str = ""
    maker: Maker = ""


class ToolCall(msgspec.Struct, tag="tool_call"):
    """The model wants a tool run. `arguments` is the JSON text as it came; for a `custom` tool it is free text."""

    id: str
    name: str
    arguments: str = ""
    custom: bool = False
    signature: str = ""  # Google's thought signature of this call
    cache: CacheMark | None = None


class ToolResult(msgspec.Struct, tag="tool_result"):
    """What came of a tool call; stands in a message of the user. `name` when the wire tells it."""

    call_id: str
    parts: list[Part]
    name: str = ""
    is_error: bool = False
    custom: bool = False
    cache: CacheMark | None = None


class Refusal(msgspec.Struct, tag="refusal"):
    """The model's own words of refusal, where a wire keeps them apart from text."""

    text: str


class Opaque(msgspec.Struct, tag="opaque"):
    """A part, tool or message item that only `maker`'s wires know, as it stood there. `kind` is its type, for warnings."""

    maker: Maker
    kind: str
    data: Fields


Part = Text | Image | Audio | Video | Document | Thinking | ToolCall | ToolResult | Refusal | Opaque


class Message(msgspec.Struct):
    """One turn. Results of tools are parts of a `user` message; system texts stand where the wire had them."""

    role: Role
    parts: list[Part]
    name: str = ""


# What a request asks for.


class Tool(msgspec.Struct, tag="tool"):
    """A function that the caller can run. `schema` None: it takes nothing. `grammar` is OpenAI's format of a custom tool."""

    name: str
    description: str = ""
    schema: Fields | None = None
    strict: bool | None = None
    custom: bool = False
    grammar: Fields | None = None
    cache: CacheMark | None = None


class ToolChoice(msgspec.Struct):
    """`any`: some tool must be called; `tool`: the one `name`. `allowed` narrows auto and any to these names."""

    mode: Literal["auto", "none", "any", "tool"] = "auto"
    name: str = ""
    allowed: list[str] = msgspec.field(default_factory=list[str])


class OutputFormat(msgspec.Struct):
    """How the answer must look: any JSON, or JSON that fits `schema`."""

    kind: Literal["text", "json", "schema"] = "text"
    schema: Fields | None = None
    name: str = ""
    description: str = ""
    strict: bool | None = None


class ThinkingWish(msgspec.Struct):
    """How much the model should think. `budget_tokens` and `effort` say the same in two ways; either may be unset."""

    mode: Literal["", "off", "on", "adaptive"] = ""
    budget_tokens: int | None = None
    effort: Effort | None = None
    show: Literal["", "summary", "full", "none"] = ""  # how much of it the caller wants to see


class Request(msgspec.Struct):
    """One call of a model. None or empty: the caller did not say."""

    model: str
    messages: list[Message]
    maker: Maker = ""  # whose wire it was read from
    stream: bool = False
    include_usage: bool = False  # the client asked for usage at the end of its stream
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: list[str] = msgspec.field(default_factory=list[str])
    tools: list[Tool | Opaque] = msgspec.field(default_factory=list[Tool | Opaque])
    tool_choice: ToolChoice | None = None
    parallel_tools: bool | None = None
    output: OutputFormat | None = None
    thinking: ThinkingWish | None = None
    verbosity: str = ""
    choices: int | None = None  # how many answers; OpenAI's n
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    user: str = ""  # the end user, for the provider's abuse watch
    metadata: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    service_tier: str = ""
    cache: CacheMark | None = None  # mark the last block that can be marked
    store: bool | None = None
    modalities: list[str] = msgspec.field(default_factory=list[str])
    functions: bool = False  # the client speaks OpenAI's older `functions`, which names one call at most
    extra: Fields = msgspec.field(default_factory=Fields)  # fields of `maker`'s wire with no neutral meaning
    lost: list[str] = msgspec.field(
        default_factory=list[str]
    )  # deeper fields that the neutral form cannot hold, as paths


# What comes back.


class Tokens(msgspec.Struct):
    """Token classes. `input` and `output` are sums: the caches' and audio shares are part of them."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0  # all of it; `cache_write_1h` is the part with the long life
    cache_write_1h: int = 0
    reasoning: int = 0
    audio_in: int = 0
    audio_out: int = 0
    tier: str = ""  # what it was served by: "batch", "flex", "priority"; "" is the usual way
    known: bool = False  # False: the provider told nothing
    raw: bytes = b""  # the provider's own usage object, as it came


class Choice(msgspec.Struct):
    """One answer. `stop_sequence` is the one that ended it; `logprobs` is OpenAI's object."""

    parts: list[Part]
    finish: Finish = "stop"
    stop_sequence: str = ""
    logprobs: Fields | None = None


class Reply(msgspec.Struct):
    """A whole answer: one choice but for callers who asked for several."""

    id: str
    model: str
    choices: list[Choice]
    tokens: Tokens = msgspec.field(default_factory=Tokens)
    maker: Maker = ""
    created: int = 0  # seconds; 0: not told
    service_tier: str = ""
    extra: Fields = msgspec.field(default_factory=Fields)


# Stream events. `at` numbers the parts of one choice from 0 in the order they begin. Parts come one after the other: a reader
# ends a part before it starts the next, so that writers need not hold anything back. Choices may interleave.


class Started(msgspec.Struct, tag="started"):
    """The first event. `tokens` is what the provider told of the input at the beginning, if it did."""

    id: str = ""
    model: str = ""
    created: int = 0
    tokens: Tokens | None = None
    extra: Fields = msgspec.field(default_factory=Fields)


class PartStarted(msgspec.Struct, tag="part_started"):
    """A part begins: empty but for what stands at its head (a call's id and name). Opaque and redacted ones are complete."""

    at: int
    part: Part
    choice: int = 0


class TextDelta(msgspec.Struct, tag="text_delta"):
    """More of a Text or a Refusal."""

    at: int
    text: str
    choice: int = 0
    logprobs: Fields | None = None


class CitationTold(msgspec.Struct, tag="citation"):
    """One more citation of a Text."""

    at: int
    citation: Fields
    choice: int = 0


class ThinkingDelta(msgspec.Struct, tag="thinking_delta"):
    at: int
    text: str
    choice: int = 0


class SignatureDelta(msgspec.Struct, tag="signature_delta"):
    """More of the signature of a Thinking or a ToolCall."""

    at: int
    signature: str
    choice: int = 0


class ArgumentsDelta(msgspec.Struct, tag="arguments_delta"):
    """More of the JSON text of a ToolCall's arguments."""

    at: int
    text: str
    choice: int = 0


class PartEnded(msgspec.Struct, tag="part_ended"):
    at: int
    choice: int = 0


class Finished(msgspec.Struct, tag="finished"):
    """A choice is complete."""

    finish: Finish
    stop_sequence: str = ""
    choice: int = 0


class UsageTold(msgspec.Struct, tag="usage"):
    """Usage of the whole answer; a later one replaces an earlier one."""

    tokens: Tokens


class Failed(msgspec.Struct, tag="failed"):
    """The provider's error: instead of an answer, or in the middle of a stream. `kind` is its own type or code of error."""

    status: int
    message: str
    kind: str = ""
    code: str = ""
    param: str = ""


Event = (
    Started
    | PartStarted
    | TextDelta
    | CitationTold
    | ThinkingDelta
    | SignatureDelta
    | ArgumentsDelta
    | PartEnded
    | Finished
    | UsageTold
    | Failed
)

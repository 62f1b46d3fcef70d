"""All codecs by wire. The contract they fill is in `codec.py`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from headgate.call.call import Wire
from headgate.wire.anthropic.codec import MessagesCodec
from headgate.wire.bedrock.codec import ConverseCodec
from headgate.wire.chat.codec import ChatCodec
from headgate.wire.codec import Codec
from headgate.wire.completions.codec import CompletionsCodec
from headgate.wire.google.codec import GoogleCodec
from headgate.wire.responses.codec import ResponsesCodec

CODECS: Mapping[Wire, Codec] = MappingProxyType(
    {
        "openai.chat": ChatCodec(),
        "openai.completions": CompletionsCodec(),  # its clients only
        "anthropic.messages": MessagesCodec(),
        "openai.responses": ResponsesCodec(),
        "google.generate": GoogleCodec(),
        "bedrock.converse": ConverseCodec(),  # of providers only
    }
)

"""All wires by path. The contract they fill is in `shape.py`."""

from __future__ import annotations

from types import MappingProxyType

from headgate.wire import openai_chat, openai_completions, openai_embeddings
from headgate.wire.shape import FromStream, ReplyFacts, StreamWatch, WireSpec

__all__ = ["WIRES", "FromStream", "ReplyFacts", "StreamWatch", "WireSpec"]

WIRES = MappingProxyType(
    {spec.path: spec for spec in (openai_chat.SPEC, openai_completions.SPEC, openai_embeddings.SPEC)}
)

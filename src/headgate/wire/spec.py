"""All wires by path. The contract they fill is in `shape.py`."""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

from headgate.wire import openai_chat, openai_completions, openai_embeddings, passthrough
from headgate.wire.anthropic import spec as anthropic
from headgate.wire.google import spec as google
from headgate.wire.responses import spec as responses
from headgate.wire.shape import FromStream, ReplyFacts, StreamWatch, WireSpec

__all__ = ["MODELS_PATHS", "WIRES", "Found", "FromStream", "ReplyFacts", "StreamWatch", "WireSpec", "find"]


class _Wires(dict[str, WireSpec]):
    """The client formats by path. Whatever goes on as it came has one spec for all its paths, which are not listed."""

    def __missing__(self, path: str) -> WireSpec:
        if passthrough.is_passed(path):
            return passthrough.SPEC
        raise KeyError(path)


WIRES = MappingProxyType(
    _Wires({
        spec.path: spec
        for spec in (
            openai_chat.SPEC,
            openai_completions.SPEC,
            openai_embeddings.SPEC,
            anthropic.SPEC,
            anthropic.COUNT_SPEC,
            responses.SPEC,
            *google.SPECS,
        )
    })
)  # fmt: skip

# below these the model stands in the path; Google's newer SDKs ask for the second
MODELS_PATHS = (google.PATH.partition("{")[0], "/v1/models/")
_VERBS = MappingProxyType({spec.path.rpartition(":")[2]: spec for spec in google.SPECS})


class Found(NamedTuple):
    """The wire at a path, and the model when the path names it."""

    spec: WireSpec
    model: str = ""


def find(path: str) -> Found | None:
    """The wire at `path`, which has no query and nothing escaped. A model's name may hold slashes and colons."""
    spec = WIRES.get(path)
    if spec is not None:
        return None if spec.model_in_path else Found(spec)
    prefix = next((each for each in MODELS_PATHS if path.startswith(each)), None)
    if prefix is None:
        return None
    model, _, verb = path[len(prefix) :].rpartition(":")
    spec = _VERBS.get(verb)
    if spec is None or not model or any(part in (".", "..") for part in model.split("/")):
        return None
    return Found(spec, model)

"""Embeddings of the mock provider: unit vectors that depend on the text and the model alone."""

from __future__ import annotations

import base64
import hashlib
import math
import struct
from typing import Any, cast

from headgate.providers.mocking.completions import Prompt
from headgate.providers.mocking.request import Fields, Refused, Request

MAX_DIMENSIONS = 8192
MAX_INPUTS = 2048
_LARGE = 3072
_USUAL = 1536


def embeddings(request: Request) -> Fields:
    """The list of embeddings, one for each input."""
    fields = request.fields
    inputs = _inputs(fields.get("input"))
    usual = _LARGE if "large" in request.model else _USUAL
    size = request.whole_number("dimensions", default=usual, most=MAX_DIMENSIONS) or usual
    as_base64 = fields.get("encoding_format") == "base64"
    data: list[Fields] = []
    for place, each in enumerate(inputs):
        packed = unit_vector(request.model, each, size)
        value = base64.b64encode(packed).decode() if as_base64 else list(struct.unpack(f"<{size}f", packed))
        data.append({"object": "embedding", "index": place, "embedding": value})
    tokens = sum(Prompt(each).tokens for each in inputs)
    return {
        "object": "list",
        "data": data,
        "model": request.model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _inputs(told: Any) -> list[Any]:
    if isinstance(told, str):
        return [told]
    if not isinstance(told, list) or not told:
        raise Refused("Invalid 'input': expected a string or a non-empty array.", "input")
    items = cast("list[Any]", told)
    if isinstance(items[0], int):
        return [items]
    if len(items) > MAX_INPUTS:
        raise Refused(f"Invalid 'input': expected at most {MAX_INPUTS} items.", "input")
    return items


def unit_vector(model: str, told: Any, size: int) -> bytes:
    """`size` little-endian floats of length one. Fewer dimensions are the beginning of more, as with OpenAI's models."""
    seed = f"{model}\0{type(told).__name__}\0{told}".encode("utf-8", "surrogatepass")
    raw = struct.unpack(f"<{size}h", hashlib.shake_256(seed).digest(2 * size))
    values = [each + 0.5 for each in raw]  # never all zero
    length = math.sqrt(sum(each * each for each in values))
    return struct.pack(f"<{size}f", *[each / length for each in values])

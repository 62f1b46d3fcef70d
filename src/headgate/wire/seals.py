"""What only one maker can read, carried through a client of another maker's wire, to come back with the next request."""

from __future__ import annotations

import base64
import binascii
from typing import Literal, NamedTuple, cast

from headgate.wire.neutral import Maker

_MARK = "hg1"
_MAKERS = ("openai", "anthropic", "google", "bedrock")
# the signature of a thought, a thought that cannot be read, or the signature of the call that follows
Kind = Literal["signature", "redacted", "call"]
_KINDS: dict[str, Kind] = {"s": "signature", "r": "redacted", "c": "call"}


class Seal(NamedTuple):
    """Whose it is, what of, the text as it came, and the id of what it belongs to, where that has one."""

    maker: Maker
    kind: Kind
    value: str
    id: str = ""


def sealed(seal: Seal) -> str:
    """`seal` as one text."""
    return f"{_MARK}.{seal.maker}.{seal.kind[0]}.{seal.id}.{seal.value}"


def unsealed(text: str) -> Seal | None:
    """What `sealed` was given; None for a text that it did not make."""
    pieces = text.split(".", 4)
    if len(pieces) < 5 or pieces[0] != _MARK or pieces[1] not in _MAKERS or pieces[2] not in _KINDS:
        return None
    return Seal(cast(Maker, pieces[1]), _KINDS[pieces[2]], pieces[4], pieces[3])


def sealed_bytes(seal: Seal) -> str:
    """The same for a field that holds bytes as base64."""
    return base64.b64encode(sealed(seal).encode()).decode()


def unsealed_bytes(text: str) -> Seal | None:
    """What `sealed_bytes` was given, in either alphabet of base64."""
    try:
        padded = text + "=" * (-len(text) % 4)
        return unsealed(base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True).decode())
    except (binascii.Error, ValueError):
        return None

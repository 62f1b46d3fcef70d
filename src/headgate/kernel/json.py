"""JSON by msgspec: decode, encode, and the canonical form that keys and hashes are made of."""

from __future__ import annotations

from typing import Any

import msgspec

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder().decode
_sorted = msgspec.json.Encoder(order="sorted").encode


def canonical(value: Any) -> bytes:
    """`value` with keys sorted and no spaces: equal values give equal bytes."""
    return _sorted(value)

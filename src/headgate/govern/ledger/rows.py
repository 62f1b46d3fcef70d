"""A row of the ledger as bytes: what the chain and the tree are made of."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


class Fields(msgspec.Struct):
    """Every field of a row but its hash, in the order of their names: its JSON is canonical as it stands."""

    actor: str
    at_us: int
    decision: str
    detail: str  # canonical JSON, as text
    id: str
    kind: str
    run_id: str
    seq: int
    target: str
    tenant: str


def start(tenant: str) -> bytes:
    """What stands before the first row of a tenant's chain."""
    return sha256(tenant.encode()).digest()


def fields_of(row: Sequence[Any], seq: int) -> Fields:
    """`row` in the order of the table's columns, with the number it has or gets."""
    row_id, tenant, _, at_us, kind, actor, target, decision, run_id, detail = row[:10]
    return Fields(actor, at_us, decision, detail, row_id, kind, run_id, seq, target, tenant)


def chain_hash(before: bytes, fields: Fields) -> bytes:
    """`sha256(hash of the row before + canonical JSON of all fields)`."""
    return sha256(before + _encode(fields)).digest()

"""A row as bytes: canonical, and every field changes the hash."""

from __future__ import annotations

import msgspec
import pytest

from headgate.govern.ledger.rows import Fields, chain_hash, fields_of, start
from headgate.kernel.json import canonical

ROW = ("led_1", "ten_a", None, 5, "kind", "actor", "target", "decision", "run_1", '{"a":1}', None)


def test_the_fields_are_canonical_as_they_stand() -> None:
    fields = fields_of(ROW, 7)

    assert msgspec.json.encode(fields) == canonical(msgspec.to_builtins(fields))
    assert (fields.seq, fields.id, fields.tenant) == (7, "led_1", "ten_a")


@pytest.mark.parametrize("name", Fields.__struct_fields__)
def test_every_field_and_what_was_before_change_the_hash(name: str) -> None:
    fields = fields_of(ROW, 7)
    changed = msgspec.structs.replace(fields, **{name: 8 if isinstance(getattr(fields, name), int) else "x"})

    assert chain_hash(start("ten_a"), changed) != chain_hash(start("ten_a"), fields)
    assert chain_hash(start("ten_b"), fields) != chain_hash(start("ten_a"), fields)

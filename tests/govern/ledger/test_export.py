"""An export proves itself: each way of changing the file is found, and what is no export is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from headgate.govern.ledger import rows
from headgate.govern.ledger.checkpoints import Checkpoint, PublicKey
from headgate.govern.ledger.export import FORMAT, BadExport, examine
from headgate.govern.ledger.merkle import Frontier, leaf_hash

KEY = Ed25519PrivateKey.generate()
PUBLIC = PublicKey(KEY.public_key())


def signed(size: int, root: bytes) -> dict[str, Any]:
    point = Checkpoint("ten_a", size, root, 5, PUBLIC.id, b"")
    return {"checkpoint": replace(point, signature=KEY.sign(point.text)).as_json()}


def export(count: int = 6, signed_at: tuple[int, ...] = (3, 6)) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = [{"format": FORMAT, "tenant": "ten_a", "key_id": PUBLIC.id}]
    points: list[dict[str, Any]] = []
    digest, frontier = rows.start("ten_a"), Frontier()
    for seq in range(1, count + 1):
        fields = rows.Fields("anna", seq, "approve", "{}", f"led_{seq}", "review", "", seq, "pr", "ten_a")
        digest = rows.chain_hash(digest, fields)
        frontier.add(leaf_hash(digest))
        lines.append(
            {name: getattr(fields, name) for name in fields.__struct_fields__} | {"hash": digest.hex()}
        )
        if seq in signed_at:
            points.append(signed(seq, frontier.root()))
    return [*lines, *points]


def judged(lines: list[dict[str, Any]]) -> tuple[bool, int | None]:
    found = examine([json.dumps(line).encode() for line in lines], PUBLIC)
    return found.ok, found.first_bad


def _rebuilt(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Another history of the same length, chained anew, with the old signatures."""
    return [*export(6)[:1], *_other_rows(), *lines[7:]]


def _other_rows() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    digest = rows.start("ten_a")
    for seq in range(1, 7):
        fields = rows.Fields("olga", seq, "approve", "{}", f"led_{seq}", "review", "", seq, "pr", "ten_a")
        digest = rows.chain_hash(digest, fields)
        made.append(
            {name: getattr(fields, name) for name in fields.__struct_fields__} | {"hash": digest.hex()}
        )
    return made


def test_a_whole_export_is_good() -> None:
    found = examine([json.dumps(line).encode() for line in export()], PUBLIC)

    assert (found.ok, found.rows, found.checkpoints, found.anchored) == (True, 6, 2, 6)


@pytest.mark.parametrize(
    ("change", "first_bad"),
    [
        (lambda lines: [*lines[:2], lines[2] | {"actor": "olga"}, *lines[3:]], 2),
        (lambda lines: [*lines[:2], *lines[3:]], 2),
        (lambda lines: [*lines[:2], lines[1], *lines[2:]], 2),
        (lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]], 2),
        (lambda lines: [*lines[:6], *lines[7:]], 6),
        (lambda lines: [*lines[:2], {"id": "led_2"}, *lines[3:]], 2),
        (_rebuilt, 1),
        (lambda lines: [*lines[:7], signed(6, bytes(32))], 1),
        (lambda lines: lines[:7], 1),
    ],
)
def test_each_change_is_found_at_its_row(
    change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]], first_bad: int
) -> None:
    assert judged(change(export())) == (False, first_bad)


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"format":"other"}', b"nothing"])
def test_what_is_no_export_is_refused(text: bytes) -> None:
    with pytest.raises(BadExport):
        examine([text], PUBLIC)

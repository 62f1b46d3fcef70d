"""Settings are built at any depth, and keys are named, never copied."""

from __future__ import annotations

import pytest

from headgate.cli.moving.result import Move, Unreadable, listing, mapping


def test_values_are_put_where_they_belong() -> None:
    move = Move()
    move.put("a", "b", value=1)
    move.add("a", "c", value=2)
    move.add("a", "c", value=3)
    assert move.settings == {"a": {"b": 1, "c": [2, 3]}}


def test_several_keys_of_one_provider_are_its_key_pool() -> None:
    move = Move()
    for name in ("KEY_A", "KEY_B", "KEY_A"):
        move.need_key("here", "groq", f"os.environ/{name}")
    assert move.environment == {"GROQ_API_KEY": "KEY_A, KEY_B"}


def test_a_key_in_plain_text_is_not_copied() -> None:
    move = Move()
    move.need_key("here", "openai", "sk-secret")
    assert "sk-secret" not in f"{move.left}{move.environment}"


def test_what_has_the_wrong_shape_is_named() -> None:
    with pytest.raises(Unreadable, match="there"):
        mapping([], "there")
    with pytest.raises(Unreadable, match="there"):
        listing({}, "there")

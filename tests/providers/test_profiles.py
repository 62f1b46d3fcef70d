"""What models can do, by their names."""

from __future__ import annotations

import pytest

from headgate.providers.profiles import PLAIN, PROFILES, profile_of


class _Sizes:
    def context(self, model: str, provider: str = "") -> int:
        return 999 if model == "gpt-4o" else 0


@pytest.mark.parametrize(("model", "like"), [
    ("gpt-4o-mini-2024-07-18", "gpt-4o"), ("gpt-4-0613", "gpt-4"), ("claude-3-5-haiku-20241022", "claude-3-5-"),
    ("claude-sonnet-4-5", "claude-"), ("us.anthropic.claude-sonnet-4-5-v1:0", "anthropic.claude-"),
    ("openai/gpt-4.1-nano", "gpt-4.1"), ("gemini-2.5-flash", "gemini-"), ("deepseek-r1:8b", "deepseek-r1"),
    ("Qwen/Qwen2.5-72B-Instruct-Turbo", "qwen"), ("o3-mini", "o3-mini"), ("o3", "o3"),
])  # fmt: skip
def test_the_longest_beginning_counts(model: str, like: str) -> None:
    assert profile_of(model) == PROFILES[like]


def test_nothing_is_claimed_of_unknown_models() -> None:
    assert profile_of("nobody-knows") == PLAIN


def test_sizes_come_from_the_price_list_where_it_has_them() -> None:
    assert profile_of("gpt-4o", _Sizes()).context == 999
    assert profile_of("gpt-4o-mini", _Sizes()).context == 128_000


def test_every_name_in_the_table_is_as_names_are_looked_up() -> None:
    assert all(name == name.lower() for name in PROFILES)

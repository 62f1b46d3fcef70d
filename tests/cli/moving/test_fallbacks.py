"""Chains of fallbacks: with aliases written out, in the order of trying."""

from __future__ import annotations

from headgate.cli.importing import check
from headgate.cli.moving.fallbacks import put_chains, put_retries
from headgate.cli.moving.result import Move


def test_a_chain_is_taken_with_its_aliases_written_out() -> None:
    move = Move()
    move.put("model_aliases", value={"gpt-4o": "openai:gpt-4o", "claude": "anthropic:claude-sonnet-4-5"})
    put_chains(move, [("there", "gpt-4o", ["claude"])])
    put_retries(move, "tries", 2)
    assert move.settings["modules"]["failover"] == {
        "enabled": True, "max_retries": 2,
        "chains": [{
            "models": ["openai:gpt-4o"],
            "chain": [{"provider": "openai", "model": "gpt-4o"}, {"provider": "anthropic", "model": "claude-sonnet-4-5"}],
        }],
    }  # fmt: skip
    assert check(move.settings) == []


def test_a_chain_to_a_name_without_a_provider_is_not_guessed() -> None:
    move = Move()
    put_chains(move, [("there", "gpt-4o", ["something"])])
    put_retries(move, "tries", "many")
    assert {place for place, _ in move.left} == {"there", "tries"}
    assert move.settings == {}

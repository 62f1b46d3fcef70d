"""Exports as the providers give them, JSON and CSV, read into the same lines."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from headgate.kernel.errors import BadRequest
from headgate.record.bills.exports import Line, base_model, read_export

OPENAI_USAGE = {
    "object": "page", "has_more": False, "next_page": None,
    "data": [{
        "object": "bucket", "start_time": 1767225600, "end_time": 1767312000,
        "results": [
            {"object": "organization.usage.completions.result", "input_tokens": 1000, "output_tokens": 500,
             "input_cached_tokens": 800, "input_audio_tokens": 0, "output_audio_tokens": 0, "num_model_requests": 5,
             "project_id": None, "user_id": None, "api_key_id": None, "model": "gpt-4o-2024-08-06", "batch": None},
            {"object": "organization.usage.completions.result", "input_tokens": 7, "output_tokens": 3, "num_model_requests": 1,
             "model": None},
        ],
    }],
}  # fmt: skip
OPENAI_COSTS = {
    "object": "page",
    "data": [{
        "object": "bucket", "start_time": 1767225600, "end_time": 1767312000,
        "results": [{"object": "organization.costs.result", "amount": {"value": 0.06, "currency": "usd"},
                     "line_item": "gpt-4o-2024-08-06, input", "project_id": None}],
    }],
}  # fmt: skip
OPENAI_COSTS_CSV = """start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id
1767225600,1767312000,2026-01-01T00:00:00+00:00,2026-01-02T00:00:00+00:00,0.0125,usd,"gpt-4o-2024-08-06, output",proj_1
"""
ANTHROPIC_USAGE = {
    "data": [{
        "starting_at": "2026-01-01T00:00:00Z", "ending_at": "2026-01-02T00:00:00Z",
        "results": [{
            "uncached_input_tokens": 1500,
            "cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 500},
            "cache_read_input_tokens": 200, "output_tokens": 500, "server_tool_use": {"web_search_requests": 10},
            "api_key_id": None, "workspace_id": None, "model": "claude-sonnet-4-20250514", "service_tier": "standard",
        }],
    }],
    "has_more": False, "next_page": None,
}  # fmt: skip
ANTHROPIC_COSTS = {
    "data": [{
        "starting_at": "2026-01-01T00:00:00Z", "ending_at": "2026-01-02T00:00:00Z",
        "results": [{"currency": "USD", "amount": "123.78912", "workspace_id": None, "cost_type": "tokens",
                     "description": "Claude Sonnet 4 Usage - Input Tokens", "model": "claude-sonnet-4-20250514",
                     "token_type": "uncached_input_tokens"}],
    }],
}  # fmt: skip
ANTHROPIC_USAGE_CSV = """usage_date_utc,model_version,api_key,workspace,usage_type,usage_input_tokens_no_cache,\
usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens
2026-01-01,claude-sonnet-4-20250514,prod,Default,standard,1500,500,1000,200,500
"""
DAY = "2026-01-01"


@pytest.mark.parametrize(
    ("text", "provider", "line"),
    [
        (json.dumps(OPENAI_USAGE), "openai", Line(DAY, "gpt-4o", 5, 1000, 800, 500)),
        (json.dumps(OPENAI_COSTS), "openai", Line(DAY, "gpt-4o", cost_usd=Decimal("0.06"))),
        (OPENAI_COSTS_CSV, "openai", Line(DAY, "gpt-4o", cost_usd=Decimal("0.0125"))),
        (json.dumps(ANTHROPIC_USAGE), "anthropic", Line(DAY, "claude-sonnet-4", None, 3200, 200, 500)),
        (json.dumps(ANTHROPIC_COSTS), "anthropic", Line(DAY, "claude-sonnet-4", cost_usd=Decimal("1.2378912"))),
        (ANTHROPIC_USAGE_CSV, "anthropic", Line(DAY, "claude-sonnet-4", None, 3200, 200, 500)),
        ("\ufeff" + ANTHROPIC_USAGE_CSV, "anthropic", Line(DAY, "claude-sonnet-4", None, 3200, 200, 500)),
    ],
)  # fmt: skip
def test_every_export_is_recognised_and_read(text: str, provider: str, line: Line) -> None:
    export = read_export(text, None)
    assert (export.provider, export.lines) == (provider, [line])


def test_several_pages_may_come_as_a_list() -> None:
    assert len(read_export(json.dumps([ANTHROPIC_USAGE, ANTHROPIC_USAGE]), None).lines) == 2


def test_what_is_passed_over_is_counted_with_its_reason() -> None:
    export = read_export(json.dumps(OPENAI_USAGE), None)
    assert [why for why in export.unread if why.startswith("no model")]
    assert list(export.unread.values()) == [1]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"data":[]}', "a,b\n1,2\n", "start_time,model\n1767225600,gpt-4o\n"]
)
def test_what_is_no_export_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        read_export(text, None)


@pytest.mark.parametrize(
    ("dated", "plain"),
    [("gpt-4o-2024-08-06", "gpt-4o"), ("claude-3-5-haiku-20241022", "claude-3-5-haiku"), ("GPT-4o", "gpt-4o"), ("o1", "o1"),
     ("claude-3-5-sonnet@20240620", "claude-3-5-sonnet")],
)  # fmt: skip
def test_a_model_is_known_without_its_date(dated: str, plain: str) -> None:
    assert base_model(dated) == plain

"""The client wires of Anthropic: what is required, what a repeat may differ in, and where its text is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.kernel.errors import BadRequest
from headgate.wire.anthropic.spec import COUNT_SPEC, SPEC

ASKED: dict[str, Any] = {
    "model": "claude-sonnet-5",
    "max_tokens": 5,
    "messages": [{"role": "user", "content": "hello"}],
}


def body(**fields: Any) -> bytes:
    return json.dumps(ASKED | fields).encode()


def test_the_three_required_fields_are_enough():
    view = SPEC.parse(body())
    assert (view.model, view.stream, SPEC.last_user_text(view)) == ("claude-sonnet-5", False, "hello")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"max_tokens": "5"}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "", "content": "x"}]}, "messages[0].role"),
        ({"model": ""}, "model"),
        ({"stream": 1}, "stream"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], param: str):
    with pytest.raises(BadRequest) as told:
        SPEC.parse(body(**fields))
    assert told.value.param == param


@pytest.mark.parametrize("missing", ["model", "max_tokens", "messages"])
def test_a_missing_field_is_named(missing: str):
    fields = {key: value for key, value in ASKED.items() if key != missing}
    with pytest.raises(BadRequest) as told:
        SPEC.parse(json.dumps(fields).encode())
    assert told.value.param == missing


def test_a_count_needs_no_limit():
    fields = {key: value for key, value in ASKED.items() if key != "max_tokens"}
    assert COUNT_SPEC.parse(json.dumps(fields).encode()).model == "claude-sonnet-5"


def test_who_asks_and_how_it_is_sent_do_not_change_the_key():
    assert SPEC.cache_form(
        body(stream=True, metadata={"user_id": "u"}, service_tier="auto")
    ) == SPEC.cache_form(body())


@pytest.mark.parametrize(
    "field", [{"max_tokens": 6}, {"system": "x"}, {"thinking": {"type": "adaptive"}}, {"container": "c"}]
)
def test_what_can_change_the_answer_changes_the_key(field: dict[str, Any]):
    assert SPEC.cache_form(body(**field)) != SPEC.cache_form(body())


def test_the_text_of_lists_is_the_users_last_and_not_a_tools_result():
    view = SPEC.parse(body(messages=[
        {"role": "user", "content": [{"type": "text", "text": "look it up"}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "42"}]},
    ]))  # fmt: skip
    assert SPEC.last_user_text(view) == "look it up"


def test_a_count_costs_nothing():
    facts = COUNT_SPEC.read_reply(b'{"input_tokens": 14}')
    assert facts.usage.known and facts.usage.prompt_tokens == 0
    assert json.loads(facts.usage_raw) == {"input_tokens": 14}

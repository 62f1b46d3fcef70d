"""The key of an answer: anything that can change it or walls it changes the key, how it is written does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.call.call import Call
from headgate.record.cache.keys import Entry, cache_key, decode_entry, encode_entry, raw_key, tool_key
from headgate.testing.clock import FixedClock
from headgate.wire.spec import WIRES
from tests.record.cache.calls import EMBEDDINGS, QUESTION, make_call

CLOCK = FixedClock()
PARAMETERS: dict[str, tuple[Any, Any]] = {
    "temperature": (0, 1), "top_p": (0.5, 0.6), "n": (1, 2), "seed": (1, 2), "max_tokens": (5, 6),
    "max_completion_tokens": (5, 6),
    "stop": ("a", ["a", "b"]), "presence_penalty": (0, 1), "frequency_penalty": (0, 1), "logit_bias": ({"1": 1}, {"1": 2}),
    "logprobs": (True, False), "top_logprobs": (1, 2), "response_format": ({"type": "text"}, {"type": "json_object"}),
    "tools": ([], [{"type": "function", "function": {"name": "f"}}]),
    "tool_choice": ("auto", "none"), "parallel_tool_calls": (True, False),
    "reasoning_effort": ("low", "high"), "verbosity": ("low", "high"), "modalities": (["text"], ["text", "audio"]),
    "service_tier": ("auto", "flex"), "prediction": ({"type": "content", "content": "a"}, {"type": "content", "content": "b"}),
    "web_search_options": ({}, {"search_context_size": "low"}), "something_new": (1, 2),
}  # fmt: skip


def key_of(call: Call) -> bytes:
    return cache_key(call, WIRES[call.endpoint].cache_form(call.body))


def chat(**fields: Any) -> bytes:
    return key_of(make_call({**QUESTION, **fields}, clock=CLOCK))


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_generation_parameter_changes_the_key(name: str) -> None:
    one, other = PARAMETERS[name]
    without = {key: value for key, value in QUESTION.items() if key != name}
    assert len({chat(**{name: one}), chat(**{name: other}), key_of(make_call(without, clock=CLOCK))}) == 3


@given(
    fields=st.dictionaries(st.sampled_from(sorted(PARAMETERS)), st.integers(0, 1), max_size=6),
    others=st.dictionaries(st.sampled_from(sorted(PARAMETERS)), st.integers(0, 1), max_size=6),
)
def test_two_requests_share_a_key_only_when_they_are_equal(
    fields: dict[str, int], others: dict[str, int]
) -> None:
    def pick(chosen: dict[str, int]) -> dict[str, Any]:
        return {"temperature": 0} | {name: PARAMETERS[name][which] for name, which in chosen.items()}

    assert (chat(**pick(fields)) == chat(**pick(others))) == (pick(fields) == pick(others))


messages = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "system"]), "content": st.text(max_size=20)}),
    min_size=1,
    max_size=3,
)


@given(
    order=st.permutations(["model", "temperature", "messages", "seed", "metadata"]),
    indent=st.sampled_from([None, 0, 2]),
    ascii_only=st.booleans(),
    said=messages,
)
def test_order_of_keys_whitespace_and_escapes_change_nothing(
    order: list[str], indent: int | None, ascii_only: bool, said: Any
) -> None:
    full = {**QUESTION, "seed": 3, "messages": said, "metadata": {"a": "b"}}
    rewritten = json.dumps(
        {name: full[name] for name in order}, indent=indent, ensure_ascii=ascii_only
    ).encode("utf-8")
    assert key_of(make_call(rewritten, clock=CLOCK)) == key_of(make_call(full, clock=CLOCK))


def test_messages_and_their_order_change_the_key() -> None:
    one, two = {"role": "user", "content": "a"}, {"role": "user", "content": "b"}
    keys = {
        chat(messages=said)
        for said in (
            [one, two],
            [two, one],
            [one],
            [one, one],
            [{**one, "name": "x"}],
            [{**one, "role": "system"}],
        )
    }
    assert len(keys) == 6


@pytest.mark.parametrize("field", ["stream", "user", "metadata", "store"])
def test_what_can_not_change_the_answer_is_not_in_the_key(field: str) -> None:
    value = {"stream": True, "user": "u", "metadata": {"a": "b"}, "store": True}[field]
    assert chat(**{field: value}) == chat()


def test_tenant_app_subject_wire_and_versions_are_walls() -> None:
    def noted(**notes: str) -> Call:
        call = make_call(clock=CLOCK)
        call.notes.update({name.replace("_", "."): value for name, value in notes.items()})
        return call

    calls = [
        make_call(clock=CLOCK), make_call(clock=CLOCK, tenant="ten_b"),
        make_call(clock=CLOCK, app="app_b"), make_call(clock=CLOCK, subject="s"),
        make_call(b'{"model":"gpt-4o","input":"hi","temperature":0}', clock=CLOCK, endpoint=EMBEDDINGS),
        noted(prompt_version="v1"), noted(policy_version="v1"), make_call({**QUESTION, "model": "gpt-4o-mini"}, clock=CLOCK),
        make_call(clock=CLOCK, tenant="ten_aapp_a", app=""), make_call(clock=CLOCK, tenant="ten_", app="aapp_a"),
    ]  # fmt: skip
    assert len({key_of(call) for call in calls}) == len(calls)
    assert len({raw_key(call) for call in calls}) == len(calls)


names = st.text(st.characters(codec="utf-8"), max_size=6)


@given(one=st.tuples(names, names, names), other=st.tuples(names, names, names))
def test_no_choice_of_names_crosses_a_wall(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    calls = [make_call(clock=CLOCK, tenant=each[0], app=each[1], subject=each[2]) for each in (one, other)]
    assert (raw_key(calls[0]) == raw_key(calls[1])) == (one == other)
    assert (tool_key(*one, "t", b"{}") == tool_key(*other, "t", b"{}")) == (one == other)


def test_an_alias_and_its_model_share_and_so_do_prefixed_ids() -> None:
    alias = make_call({**QUESTION, "model": "fast"}, clock=CLOCK)
    alias.model = "openai:gpt-4o"
    assert key_of(alias) == key_of(make_call(clock=CLOCK))


def test_an_entry_survives_the_disk() -> None:
    entry = Entry(
        "exact_response",
        "t",
        "a",
        "s",
        1,
        2,
        b"body",
        run_id="run_1",
        raw_key=b"k",
        plain=True,
        live_pico=None,
        latency_us=5,
    )
    assert decode_entry(encode_entry(entry)) == entry


def test_betas_of_the_format_change_the_key_and_nothing_else_of_the_headers_does() -> None:
    fields = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}
    plain, traced, beta = (make_call(fields, clock=CLOCK, endpoint="/v1/messages") for _ in range(3))
    traced.headers = {b"traceparent": b"00-1-2-01"}
    beta.headers = {b"anthropic-beta": b"context-1m"}
    assert key_of(plain) == key_of(traced) != key_of(beta)

"""A conversation can be read, trimmed and added to on every wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.wire.conversation import append_user_text, messages, set_messages, set_system_text, system_text
from headgate.wire.texts import request_texts
from tests.wire import samples
from tests.wire.samples import CHAT, COMPLETIONS, EMBEDDINGS, GOOGLE, MESSAGES, RESPONSES, call_on, request


@pytest.mark.parametrize("wire", samples.WITH_SYSTEM)
def test_messages_of_tools_are_tied_to_what_they_answer(wire: str) -> None:
    call = call_on(wire, request(wire, "hello", tool="the page"))
    found = messages(call)
    assert [message.role for message in found] == ["user", "assistant", "tool"]
    assert found[0].text == "hello"
    assert found[1].ties & found[2].ties
    assert not found[0].ties & found[1].ties


@pytest.mark.parametrize("wire", samples.WITH_SYSTEM)
def test_messages_that_are_kept_keep_their_bytes(wire: str) -> None:
    call = call_on(wire, request(wire, "hello", tool="the page"))
    before = call.body
    set_messages(call, messages(call))
    assert call.body == before
    set_messages(call, messages(call)[:1])
    assert json.loads(call.body) == request(wire, "hello")


@pytest.mark.parametrize("wire", [*samples.WITH_SYSTEM, COMPLETIONS])
def test_the_user_can_be_let_say_more(wire: str) -> None:
    call = call_on(wire, request(wire, "hello"))
    assert append_user_text(call, "and answer in JSON")
    users = [text.text for text in request_texts(call) if text.role == "user"]
    assert users[0].startswith("hello")
    assert users[-1].endswith("and answer in JSON")


def test_nobody_can_say_anything_in_embeddings() -> None:
    assert not append_user_text(call_on(EMBEDDINGS, request(EMBEDDINGS, "hello")), "more")
    assert not set_system_text(call_on(EMBEDDINGS, request(EMBEDDINGS, "hello")), "more")


@pytest.mark.parametrize("wire", samples.WITH_SYSTEM)
@pytest.mark.parametrize("before", ["", "be kind"])
def test_the_system_text_can_be_replaced_and_taken_out(wire: str, before: str) -> None:
    call = call_on(wire, request(wire, "hello", system=before))
    assert system_text(call) == before
    assert set_system_text(call, "be brief")
    assert json.loads(call.body) == request(wire, "hello", system="be brief")
    assert set_system_text(call, "")
    assert system_text(call) == ""
    assert [message.text for message in messages(call)] == ["hello"]


def test_a_cache_mark_on_the_system_text_survives() -> None:
    mark = {"type": "ephemeral"}
    body: dict[str, Any] = {
        **request(MESSAGES, "hi"),
        "system": [{"type": "text", "text": "s", "cache_control": mark}],
    }
    call = call_on(MESSAGES, body)
    set_system_text(call, "t")
    assert json.loads(call.body)["system"] == [{"type": "text", "text": "t", "cache_control": mark}]


def test_developers_stay_developers() -> None:
    body: dict[str, Any] = {
        "model": "m",
        "messages": [{"role": "developer", "content": "a"}, {"role": "user", "content": "b"}],
    }
    call = call_on(CHAT, body)
    set_system_text(call, "c")
    assert json.loads(call.body)["messages"][0] == {"role": "developer", "content": "c"}


def test_input_that_is_one_text_becomes_a_list_when_something_is_added() -> None:
    call = call_on(RESPONSES, {"model": "m", "input": "hello"})
    append_user_text(call, "more")
    assert [message.text for message in messages(call)] == ["hello", "more"]


def test_system_messages_in_the_input_of_responses_are_replaced_too() -> None:
    call = call_on(
        RESPONSES,
        {"model": "m", "input": [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]},
    )
    set_system_text(call, "c")
    assert system_text(call) == "c"


def test_google_in_snake_case_stays_in_snake_case() -> None:
    call = call_on(GOOGLE, {"system_instruction": {"parts": [{"text": "a"}]}, "contents": []})
    set_system_text(call, "c")
    assert json.loads(call.body) == {"system_instruction": {"parts": [{"text": "c"}]}, "contents": []}

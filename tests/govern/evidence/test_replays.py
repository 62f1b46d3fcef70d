"""What a replay asks: the run's own request, in the run's format, of the same model or another; never a stream."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from headgate.call.caller import Caller
from headgate.govern.evidence.replays import CannotReplay, Wish, ask_of, outcome
from headgate.kernel.errors import BadRequest
from headgate.record.runs.rows import Details
from headgate.record.runs.service import Past

CALLER = Caller("ten_a", "pk", key_id="key_1")
CHAT = {
    "model": "gpt-4o",
    "stream": True,
    "stream_options": {},
    "messages": [{"role": "user", "content": "hi"}],
    "seed": 1,
}


def past(
    request: Any = CHAT,
    response: bytes = b"{}",
    wire: str = "openai.chat",
    path: str = "/v1/chat/completions",
) -> Past:
    row = SimpleNamespace(id="run_1", app="shop", agent="bot", subject="anna", project="p", model="gpt-4o")
    return Past(row, Details(wire=wire, endpoint=path), json.dumps(request).encode(), response)


def answer(content: str | None, *tools: tuple[str, str]) -> bytes:
    calls = [
        {"id": "x", "type": "function", "function": {"name": name, "arguments": args}} for name, args in tools
    ]
    message = {"role": "assistant", "content": content} | ({"tool_calls": calls} if calls else {})
    return json.dumps({"id": "c", "model": "m", "choices": [{"index": 0, "message": message}]}).encode()


def asked(wish: Wish, run: Past | None = None) -> tuple[str, dict[str, Any]]:
    ask = ask_of(CALLER, run or past(), wish)
    assert (ask.caller, ask.parent_run, ask.fresh, ask.app, ask.subject) == (
        CALLER,
        "run_1",
        True,
        "shop",
        "anna",
    )
    return ask.endpoint, json.loads(ask.body)


def test_it_asks_what_was_asked_but_whole() -> None:
    assert asked(Wish("run_1")) == (
        "/v1/chat/completions", {"model": "gpt-4o", "messages": CHAT["messages"], "seed": 1},
    )  # fmt: skip


def test_model_provider_and_words_may_be_others() -> None:
    assert asked(Wish("run_1", "mock", "gpt-4"))[1]["model"] == "mock:gpt-4"
    assert asked(Wish("run_1", "mock"))[1]["model"] == "mock:gpt-4o"
    assert asked(Wish("run_1", input="other"))[1]["messages"] == [{"role": "user", "content": "other"}]
    assert asked(Wish("run_1", input={"messages": []}))[1] == {"messages": [], "model": "gpt-4o"}


def test_google_has_the_model_in_its_path_and_no_stream() -> None:
    run = past({"contents": []}, wire="google.generate", path="/v1beta/models/{model}:streamGenerateContent")

    assert asked(Wish("run_1", "", "gemini-x"), run)[0] == "/v1beta/models/gemini-x:generateContent"
    assert asked(Wish("run_1", input="w"), run)[1] == {
        "contents": [{"role": "user", "parts": [{"text": "w"}]}]
    }


def test_what_cannot_be_asked_or_compared_is_refused() -> None:
    for run in (
        past(response=b""),
        past(wire="openai.embeddings", path="/v1/embeddings"),
        past(path="/api/v1/trace"),
        past([1]),
    ):
        with pytest.raises(CannotReplay):
            ask_of(CALLER, run, Wish("run_1"))
    with pytest.raises(BadRequest):
        ask_of(CALLER, past({"model": "m"}), Wish("run_1", input="words"))


def test_the_outcome_has_score_differences_and_suppressed_effects() -> None:
    told = outcome(
        past(response=answer('{"a": 1, "b": 2}')), past(response=answer('{"a": 1, "b": 3}', ("pay", "{}")))
    )
    result = json.loads(told["result"])

    assert (told["status"], told["score"]) == ("completed", 0.0)  # a call that was not there
    assert result["suppressed"] == [{"tool": "pay", "status": "suppressed"}]
    equal = outcome(past(response=answer("x")), past(response=answer("x")))
    assert (equal["score"], equal["method"]) == (1.0, "equal")
    assert outcome(past(response=answer("x")), past(response=b"[]"))["status"] == "failed"

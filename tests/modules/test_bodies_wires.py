"""Shaping means the same on every wire: it goes through the texts of a call, never through a wire's own fields."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.call.call import Call
from headgate.call.module import Tools
from headgate.modules.order import ORDER
from headgate.store.fast import MemoryStore
from headgate.testing.clock import FixedClock
from headgate.wire.conversation import messages, system_text
from headgate.wire.texts import request_texts
from tests.record.cache.calls import make_call

LONG = "word " * 120


def said(wire: str, role: str, text: str) -> dict[str, Any]:
    if wire == "google.generate":
        return {"role": "model" if role == "assistant" else "user", "parts": [{"text": text}]}
    return {"role": role, "content": text}


def body_of(wire: str, *texts: str) -> dict[str, Any]:
    talk = [said(wire, "user" if at % 2 == 0 else "assistant", text) for at, text in enumerate(texts)]
    match wire:
        case "openai.chat":
            return {"model": "m", "messages": [{"role": "system", "content": "be brief"}, *talk], "tools": []}
        case "anthropic.messages":
            return {
                "model": "m",
                "max_tokens": 50,
                "system": "be brief",
                "messages": talk,
                "metadata": {"user_id": "u"},
            }
        case "openai.responses":
            return {"model": "m", "instructions": "be brief", "input": talk, "store": False}
        case _:
            return {
                "systemInstruction": {"parts": [{"text": "be brief"}]},
                "contents": talk,
                "labels": {"a": "b"},
            }


def call_of(clock: FixedClock, wire: Any, *texts: str, headers: dict[bytes, bytes] | None = None) -> Call:
    plain = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    call = make_call(plain, clock=clock)
    call.wire, call.endpoint, call.headers = wire, "/of/no/spec", headers or {}
    call.body = json.dumps(body_of(wire, *texts)).encode()
    return call


def shaped(call: Call, clock: FixedClock, name: str, **config: Any) -> Call:
    kind = next(kind for kind in ORDER if kind.spec.name == name)
    kind(kind.Config.model_validate(config), Tools(clock, MemoryStore(), {})).on_request(call)
    return call


def user_texts(call: Call) -> list[str]:
    return [text.text for text in request_texts(call) if text.role == "user"]


wires = pytest.mark.parametrize(
    "wire", ["openai.chat", "anthropic.messages", "openai.responses", "google.generate"]
)


@wires
def test_a_persona(clock: FixedClock, wire: str) -> None:
    call = call_of(clock, wire, "hi")
    call.project = "sea"
    persona = {"name": "sea", "system_prompt": "Speak like a pirate.", "temperature": 0.5}
    shaped(call, clock, "personaswitch", personas=[persona])
    assert system_text(call) == "Speak like a pirate.\n\nbe brief" and user_texts(call) == ["hi"]
    assert b'"temperature":0.5' in call.body


@wires
def test_a_template(clock: FixedClock, wire: str) -> None:
    call = call_of(clock, wire, "first", "answer", "last", headers={b"x-template": b"t"})
    shaped(call, clock, "promptpad", templates=[{"name": "t", "template": "<{{input}}>"}])
    assert user_texts(call) == ["first", "<last>"]


@wires
def test_blocks_and_slimming(clock: FixedClock, wire: str) -> None:
    call = call_of(clock, wire, "{{style}}   please")
    shaped(call, clock, "promptchain", blocks={"style": "x"})
    shaped(call, clock, "promptslim", min_chars=1)
    assert user_texts(call) == ["x "]


@wires
def test_context(clock: FixedClock, wire: str) -> None:
    sources = [{"name": "s", "content": "the pump is green"}]
    before = call_of(clock, wire, "which pump?")
    shaped(before, clock, "contextpack", sources=sources)
    assert user_texts(before) == ["Context:\nthe pump is green", "which pump?"]
    inside = call_of(clock, wire, "which pump?")
    shaped(inside, clock, "contextpack", sources=sources, position="system")
    assert system_text(inside) == "be brief\n\nContext:\nthe pump is green" and user_texts(inside) == [
        "which pump?"
    ]


@wires
def test_trimming(clock: FixedClock, wire: str) -> None:
    call = call_of(clock, wire, *[f"turn {n} {LONG}" for n in range(7)])
    kept = json.loads(call.body)
    shaped(call, clock, "tokentrim", default_context=600, safety_margin=0, answer_tokens=0, strategy="tail")
    talk = [message for message in messages(call) if message.role != "system"]
    assert [message.text[:6] for message in talk][-1] == "turn 6" and 1 < len(talk) < 7
    assert system_text(call) == "be brief" and "tokentrim" in call.explanation
    after = json.loads(call.body)
    lists = {"messages", "input", "contents"}
    assert {n: v for n, v in after.items() if n not in lists} == {
        n: v for n, v in kept.items() if n not in lists
    }

"""What is done for each module on every wire, plain and streamed, and what must be seen then: one row for each module."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.gateway.conftest import Running
from tests.gateway.http import Answer
from tests.wire import samples
from tests.wire.samples import (
    CHAT,
    COMPLETIONS,
    EMBEDDINGS,
    GOOGLE,
    MESSAGES,
    RESPONSES,
    TALKING,
    WITH_SYSTEM,
    streamed_text,
)

PATHS = {
    CHAT: "/v1/chat/completions", COMPLETIONS: "/v1/completions", EMBEDDINGS: "/v1/embeddings", MESSAGES: "/v1/messages",
    RESPONSES: "/v1/responses",
}  # fmt: skip
MODELS = {
    CHAT: "gpt-4o",
    COMPLETIONS: "gpt-3.5-turbo-instruct",
    EMBEDDINGS: "text-embedding-3-small",
    MESSAGES: "claude-sonnet-4-5",
    RESPONSES: "gpt-4o",
    GOOGLE: "gemini-2.5-flash",
}
TOOLS: Mapping[str, Any] = {
    CHAT: [{"type": "function", "function": {"name": "danger"}}],
    MESSAGES: [{"name": "danger", "input_schema": {"type": "object"}}],
    RESPONSES: [{"type": "function", "name": "danger", "parameters": {"type": "object"}}],
    GOOGLE: [{"functionDeclarations": [{"name": "danger"}]}],
}  # fmt: skip
KEY = "AKIAIOSFODNN7EXAMPLE"
MAIL = "ada@example.com"


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of the calls: all answers, what the last one says, and its run."""

    wire: str
    answers: list[Answer]
    said: str
    run: dict[str, Any]

    @property
    def last(self) -> Answer:
        return self.answers[-1]

    @property
    def sent(self) -> str:
        """The body that went to the model, as text."""
        return json.dumps(self.run["request"], ensure_ascii=False)

    @property
    def told(self) -> str:
        """What the run explains."""
        return json.dumps([self.run["routeExplanation"], self.run.get("warnings")])


Check = Callable[[Seen], bool]


@dataclass(frozen=True, slots=True)
class Row:
    """How a module is set, what is asked, and what must be seen. `off`: what must be seen without it; by default the opposite."""

    see: Check
    config: dict[str, Any] = field(default_factory=dict[str, Any])
    text: str = "hello there"
    also: dict[str, dict[str, Any]] = field(
        default_factory=dict[str, dict[str, Any]]
    )  # other modules, switched on too
    without: tuple[str, ...] = ()  # modules that are on by default and in the way
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: dict[str, Any] = field(default_factory=dict[str, Any])
    times: int = 1
    tools: bool = False
    model: str = ""
    rule: dict[str, Any] = field(default_factory=dict[str, Any])  # a guardrail rule
    policy: dict[str, Any] = field(default_factory=dict[str, Any])
    wires: tuple[str, ...] = samples.WIRES  # what the others lack is in the module's own words
    elsewhere: str = ""  # the test file that shows it, where a gateway alone can't


def status(code: int) -> Check:
    return lambda seen: seen.last.status == code


def model(name: str) -> Check:
    return lambda seen: seen.last.headers.get("x-headgate-model") == name


def header(name: str) -> Check:
    return lambda seen: name in seen.last.headers


def request(row: Row, wire: str, number: int, *, stream: bool) -> tuple[str, dict[str, Any]]:
    """The path and body of a call for `row`."""
    body = samples.request(wire, row.text, stream=stream and wire != EMBEDDINGS) | row.body
    if wire != GOOGLE:
        body["model"] = row.model or MODELS[wire]
    if wire == COMPLETIONS:
        body["max_tokens"] = 400  # less, and the answer is cut off, which is never cached
    if row.tools:
        body["tools"] = TOOLS[wire]
    if row.times > 1 and wire in (CHAT, COMPLETIONS, MESSAGES, RESPONSES) and "temperature" not in body:
        body["temperature"] = 0
    verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return PATHS.get(wire) or f"/v1beta/models/{row.model or MODELS[GOOGLE]}:{verb}", body


async def play(gateway: Running, row: Row, wire: str, *, stream: bool) -> Seen:
    """Make the calls of `row`."""
    answers: list[Answer] = []
    for number in range(row.times):
        path, body = request(row, wire, number, stream=stream)
        headers = {"x-headgate-cache": "bypass"} | row.headers
        answers.append(await gateway.ask(body, path=path, headers=headers))
    return Seen(wire, answers, said(wire, answers[-1]), await gateway.run(answers[-1].run_id))


def said(wire: str, answer: Answer) -> str:
    """What an answer says, plain or streamed."""
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        return streamed_text(
            wire, [each + b"\n\n" for each in answer.body.replace(b"\r\n", b"\n").split(b"\n\n")]
        )
    if answer.status != 200 or wire == EMBEDDINGS:
        return ""
    body = answer.json
    if wire in (CHAT, COMPLETIONS):
        choice = body["choices"][0]
        return choice["text"] if wire == COMPLETIONS else choice["message"]["content"] or ""
    if wire == MESSAGES:
        return "".join(part.get("text", "") for part in body["content"])
    if wire == RESPONSES:
        return "".join(
            part["text"] for item in body["output"] if item["type"] == "message" for part in item["content"]
        )
    return "".join(part.get("text", "") for part in body["candidates"][0]["content"]["parts"])


BLOCKED = status(403)
PERSONA = {"name": "pirate", "system_prompt": "Speak like a pirate."}

ROWS: dict[str, Row] = {
    # admit
    "responseheaders": Row(header("x-stockyard-trace-id")),
    "tracelink": Row(header("traceparent")),
    "autotag": Row(
        lambda seen: "billing" in json.dumps(seen.run["metadata"]), text="a refund, please",
        config={"rules": [{"tag": "topic", "patterns": [{"match": "refund", "value": "billing"}]}]},
    ),
    "ipfence": Row(BLOCKED, config={"deny": ["127.0.0.1"]}),
    "rateshield": Row(status(429), config={"rpm": 1, "burst": 1}, times=2),
    "agentguard": Row(status(429), config={"max_calls": 1}, headers={"x-session-id": "loop"}, times=2),
    "idlekill": Row(status(429), config={"loop_threshold": 1}, times=2),
    "costcap": Row(status(429), config={"daily_limit_usd": 0.000000000001}),
    "costwarn": Row(lambda seen: "cost" in seen.told, config={"warn_cents": 0.0000001, "block_cents": 0}),
    # shape
    "modelalias": Row(model("gpt-4o-mini"), config={"aliases": {"nick": "gpt-4o-mini"}}, model="nick"),
    "personaswitch": Row(
        lambda seen: "like a pirate" in seen.sent, config={"personas": [PERSONA]}, headers={"x-persona": "pirate"},
        wires=WITH_SYSTEM,
    ),
    "promptpad": Row(
        lambda seen: "Say kindly: hello there" in seen.sent, headers={"x-template": "kind"},
        config={"templates": [{"name": "kind", "template": "Say kindly: {{input}}"}]}, wires=WITH_SYSTEM,
    ),
    "promptchain": Row(
        lambda seen: "be kind to hello" in seen.sent, config={"blocks": {"style": "be kind to"}}, text="{{style}} hello",
    ),
    "contextpack": Row(
        lambda seen: "the valve is blue" in seen.sent, text="which colour has the valve", wires=WITH_SYSTEM,
        config={"sources": [{"name": "manual", "content": "About pumps: the valve is blue."}]},
    ),
    "promptslim": Row(lambda seen: "too   many" not in seen.sent, config={"min_chars": 5}, text="there are too   many   blanks",
        wires=TALKING),
    "modelswitch": Row(model("gpt-4o-mini"), config={"default": "gpt-4o-mini"}),
    "abrouter": Row(model("gpt-4o-mini"), config={"new_model": "gpt-4o-mini", "traffic_pct": 100}),
    "regionroute": Row(
        model("gpt-4o-mini"), headers={"x-region": "eu"},
        config={"routes": [{"region": "eu", "provider": "mock", "model": "gpt-4o-mini"}]},
    ),
    "failover": Row(
        model("gpt-4o-mini"), config={"chain": [{"provider": "mock", "model": "gpt-4o-mini"}]}, wires=TALKING,
    ),
    "tokentrim": Row(
        lambda seen: "tokentrim" in seen.told and "stays" in seen.sent, wires=(CHAT,), text="stays",
        config={"default_context": 100, "safety_margin": 10, "answer_tokens": 10},
        body={"messages": [{"role": "user", "content": "x" * 900}, {"role": "assistant", "content": "y" * 900},
                           {"role": "user", "content": "stays"}]},
    ),
    # guard
    "scopeguard": Row(BLOCKED, config={"scopes": [{"deny_models": ["*"]}]}),
    "guardrails": Row(BLOCKED, rule={"name": "zebras", "pattern": r"zebra \d", "action": "block"}, text="the zebra 7"),
    "promptguard": Row(lambda seen: MAIL not in seen.sent and "EMAIL_REDACTED_1" in seen.sent, text=f"write to {MAIL}"),
    "toxicfilter": Row(
        lambda seen: "[redacted:self_harm]" in seen.said, config={"categories": {"self_harm": "redact"}}, text="kys",
        wires=TALKING,
    ),
    "toolshield": Row(BLOCKED, config={"deny": ["danger"]}, tools=True, wires=WITH_SYSTEM),
    "secretscan": Row(
        lambda seen: KEY not in seen.sent and "redacted:aws_key" in seen.sent, config={"action": "redact"}, text=f"use {KEY}",
    ),
    "policies": Row(
        BLOCKED, policy={"name": "no models", "rules": [{"name": "none", "effect": "deny", "actions": ["model:*"]}]},
    ),
    # answer
    "mockllm": Row(
        lambda seen: seen.said == "pong", config={"fixtures": [{"match_type": "exact", "pattern": "ping", "response": "pong"}]},
        text="ping", wires=TALKING,
    ),
    "cachelayer": Row(
        lambda seen: seen.last.headers.get("x-headgate-cache") == "hit", times=2, headers={"x-headgate-cache": "allow"},
    ),
    "embedcache": Row(
        lambda seen: "embedcache" in seen.told, times=2, body={"input": ["a", "b"]}, wires=(EMBEDDINGS,),
        without=("cachelayer",),
        headers={"x-headgate-cache": "allow"},
    ),
    "chaosllm": Row(status(503), config={"error_rate": 1, "statuses": [503]}),
    "multicall": Row(
        lambda seen: "multicall" in seen.told, model="team",
        wires=WITH_SYSTEM,
        config={"routes": [{"name": "team", "models": ["gpt-4o-mini", "gpt-4o"], "strategy": "cheapest"}]},
    ),
    "modelrate": Row(
        status(429), config={"limits": [{"per": "model", "rate": 1}]}, times=2,
    ),
    # inspect
    "validation": Row(
        lambda seen: b"answer_invalid" in seen.last.body, headers={"x-schema": "thing"}, wires=TALKING,
        config={"schemas": {"thing": {"type": "object"}}, "max_retries": 0},
    ),
    "evalgate": Row(
        lambda seen: "evalgate" in seen.told, wires=TALKING,
        config={"validators": [{"name": "contains", "value": "xylophone", "action": "warn"}]},
    ),
    "codefence": Row(
        lambda seen: "[redacted:mining]" in seen.said, config={"action": "redact"}, text="xmrig", wires=TALKING,
    ),
    "secretscan_answers": Row(
        lambda seen: "[redacted:aws_key]" in seen.said, config={"action": "redact"}, text=KEY, without=("secretscan",),
        wires=TALKING,
    ),
    "outputcap": Row(lambda seen: 0 < len(seen.said) <= 12, config={"max_chars": 12}, wires=TALKING),
    "promptguard_answers": Row(
        lambda seen: MAIL in seen.said and MAIL not in seen.sent, also={"promptguard": {"pii": {"mode": "restore"}}}, text=MAIL,
        wires=TALKING,
    ),
    "mirrortest": Row(lambda seen: True, elsewhere="tests/modules/inspect/test_mirrortest.py"),
    "otelexport": Row(lambda seen: True, elsewhere="tests/modules/inspect/test_otelexport.py"),
}  # fmt: skip


def shown_elsewhere(row: Row) -> bool:
    """Is there a test of its own that shows what a gateway alone can't show?"""
    return bool(row.elsewhere) and Path(row.elsewhere).is_file()

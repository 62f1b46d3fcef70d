"""From bytes to a call: the headers that name and steer it, and what is refused before anything is recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headgate.call.call import Call
from headgate.gateway.intake import MAX_NAME, Request
from headgate.kernel.errors import BadRequest, Unauthorized
from tests.gateway.conftest import Running, serving
from tests.gateway.http import chat

PATH = "/v1/chat/completions"


def opened(running: Running, headers: dict[str, Any] | None = None, body: Any = None) -> Call:
    given = {b"host": b"127.0.0.1"} | {
        name.encode(): value if isinstance(value, bytes) else value.encode()
        for name, value in (headers or {}).items()
    }
    return running.house.gateway.open(
        Request(PATH, given, json.dumps(body or chat()).encode(), peer="127.0.0.1")
    )


async def test_without_headers_a_call_has_the_default_names(running: Running) -> None:
    call = opened(running)

    assert (call.app, call.agent, call.subject, call.project, call.session, call.parent_run) == (
        "default-app", "anonymous", "", "default", "", "",
    )  # fmt: skip
    assert (call.cache_wish, call.cache_max_age_s, call.coalesce, call.force_live) == ("", None, True, False)


async def test_headers_name_a_call(running: Running) -> None:
    call = opened(
        running,
        {"x-punk-app": " support ", "x-punk-agent": "bot", "x-punk-subject": "Jürgen", "x-project": "p", "x-session-id": "s"},
    )  # fmt: skip

    assert (call.app, call.agent, call.subject, call.project, call.session) == (
        "support",
        "bot",
        "Jürgen",
        "p",
        "s",
    )


async def test_a_caller_from_outside_can_not_claim_a_parent_run(running: Running) -> None:
    assert opened(running, {"x-headgate-parent-run": "run_9"}).parent_run == ""


@pytest.mark.parametrize("value", [b"x" * (MAX_NAME + 1), b"a\x01b", b"\xff"])
async def test_a_name_that_can_not_stand_in_a_list_is_refused_by_its_header(
    running: Running, value: bytes
) -> None:
    with pytest.raises(BadRequest) as refusal:
        opened(running, {"x-punk-agent": value})

    assert refusal.value.param == "X-Punk-Agent"


async def test_the_longest_name_is_allowed(running: Running) -> None:
    assert opened(running, {"x-punk-app": "é" * MAX_NAME}).app == "é" * MAX_NAME


@pytest.mark.parametrize(
    ("value", "wish", "age"),
    [
        ("bypass", "bypass", None),
        ("REFRESH", "refresh", None),
        ("allow, max-age=60", "allow", 60),
        ("max-age=0", "", 0),
        ("default", "", None),
        (" , ", "", None),
    ],
)
async def test_a_call_can_say_what_it_wants_of_the_cache(
    running: Running, value: str, wish: str, age: int | None
) -> None:
    call = opened(running, {"x-headgate-cache": value})

    assert (call.cache_wish, call.cache_max_age_s) == (wish, age)


@pytest.mark.parametrize("value", ["max-age=", "max-age=-1", "max-age=1.5", "never"])
async def test_a_wish_nobody_knows_is_refused(running: Running, value: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        opened(running, {"x-headgate-cache": value})

    assert refusal.value.param == "x-headgate-cache"


@pytest.mark.parametrize(
    ("value", "live"), [("1", True), ("true", True), ("on", True), ("0", False), ("", False)]
)
async def test_live_goes_round_the_cache_whatever_else_is_wished(
    running: Running, value: str, live: bool
) -> None:
    call = opened(running, {"x-headgate-live": value, "x-headgate-cache": "allow"})

    assert (call.force_live, call.cache_wish) == (live, "bypass" if live else "allow")


@pytest.mark.parametrize(("value", "shares"), [("off", False), ("false", False), ("0", False), ("on", True)])
async def test_coalescing_is_on_until_it_is_switched_off(running: Running, value: str, shares: bool) -> None:
    assert opened(running, {"x-headgate-coalesce": value}).coalesce is shares


async def test_an_unknown_key_is_refused_before_the_body_is_looked_at(tmp_path: Path) -> None:
    async with serving(tmp_path / "data", api_key="boot") as running:
        with pytest.raises(Unauthorized):
            opened(running, {"authorization": "Bearer pk_unknown"}, body={"nonsense": 1})

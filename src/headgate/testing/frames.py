"""Frames for tests: whole calls with as much of them given as matters."""

from __future__ import annotations

from typing import Any

import msgspec

from headgate.call.caller import DEFAULT_TENANT
from headgate.call.frames import Closed, Event, Opened, Usage


def opened(run_id: str, **given: Any) -> Opened:
    """The beginning of a live chat call."""
    frame = Opened(
        run_id, DEFAULT_TENANT, 1_767_225_600_000_000, "openai.chat", "/v1/chat/completions", "gpt-4o", "openai", "default-app",
        "anonymous", "", "", "optimize", False, 0, "default",
    )  # fmt: skip
    return msgspec.structs.replace(frame, **given)


def closed(run_id: str, **given: Any) -> Closed:
    """A completed live chat call that cost 425 micro-dollars."""
    at_us = given.get("at_us", 1_767_225_600_000_000)
    events = [Event(at_us, "model.called", {"provider": "openai"}), Event(at_us + 900, "run.completed", {})]
    frame = Closed(
        run_id, DEFAULT_TENANT, at_us, 1000, "completed", 200, "live", "openai.chat", "/v1/chat/completions", "default-app",
        "anonymous", "", "", "", "optimize", False, "gpt-4o", "gpt-4o", "openai", Usage(50, 30, known=True),
        b'{"prompt_tokens":50,"completion_tokens":30}', 425_000_000, True, 0, 0, "", 0, "miss", "stop", "", "", 900, 800, events,
        {"route": "live", "reason": "no cached answer"}, [], b'{"model":"gpt-4o"}', b'{"id":"chatcmpl-1"}', "", preview="hello",
    )  # fmt: skip
    return msgspec.structs.replace(frame, **given)

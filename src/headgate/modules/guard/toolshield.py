"""Which tools may be offered to a model, and which it may call."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Literal

from pydantic import AliasChoices, Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, StreamFilter, Tools
from headgate.kernel import json
from headgate.kernel.errors import Forbidden
from headgate.modules.wildcards import Wildcards
from headgate.wire.sse import read_event
from headgate.wire.texts import read_reply
from headgate.wire.tools import called_tools, offered_tools, withdraw_tools

# what an answer that calls a tool holds
MAYBE_CALLS = MappingProxyType(
    {"anthropic.messages": b"tool_use", "google.generate": b"functionCall", "passthrough": b""}
)


class ToolRefused(Forbidden):
    """A tool that may not be used was offered to a model or called by it."""

    code = "tool_refused"


class Config(ModuleConfig):
    enabled: bool = False
    allow: tuple[str, ...] = Field(
        ("*",),
        validation_alias=AliasChoices("allow", "tools", "allowed_tools"),
        description="Tools that may be used, with * for any rest.",
    )
    deny: tuple[str, ...] = Field(
        (),
        validation_alias=AliasChoices("deny", "blocked_tools"),
        description="Tools that may not, whatever `allow` says.",
    )
    on_request: Literal["block", "remove", "flag"] = Field(
        "block",
        description="block: refuse a request that offers one. remove: take it out of the request. flag: note it.",
    )
    on_answer: Literal["block", "flag"] = Field(
        "block", description="block: end an answer that calls one. flag: note it."
    )


class ToolShield(Module[Config]):
    spec = Spec(
        "toolshield",
        "safety",
        Phase.GUARD,
        "Allows and denies tools in requests and tool calls in answers.",
        ("tool_shield",),
    )
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._allow, self._deny = Wildcards(config.allow), Wildcards(config.deny)

    @override
    def on_request(self, call: Call) -> Reply | None:
        body = call.body
        if b'"tools"' not in body and b'"functions"' not in body:
            return None
        refused = {name: why for name in offered_tools(call) if (why := self._why(name))}
        if refused:
            call.explanation["toolshield"] = {"offered": refused}
            if self.config.on_request == "block":
                raise _refusal("The request offers", refused)
            if self.config.on_request == "remove" and not call.observing:
                withdraw_tools(call, lambda name: bool(self._why(name)))
                call.warn(f"tools taken out of the request: {', '.join(sorted(refused))}")
        return None

    @override
    def on_reply(self, call: Call, reply: Reply) -> None:
        body = reply.body
        if reply.status == 200 and MAYBE_CALLS.get(call.wire, b"_call") in body:
            self._check(call, called_tools(read_reply(call, reply).tree))

    @override
    def stream_filter(self, call: Call) -> StreamFilter | None:
        return _ToolFilter(lambda names: self._check(call, names))

    def _check(self, call: Call, names: list[str]) -> None:
        refused = {name: why for name in names if (why := self._why(name))}
        if refused:
            call.explanation.setdefault("toolshield", {})["called"] = refused
            if self.config.on_answer == "block":
                raise _refusal("The answer calls", refused)

    def _why(self, name: str) -> str:
        """Why the tool may not be used; empty when it may."""
        if (pattern := self._deny.match(name)) is not None:
            return f"denied by {pattern}"
        return "" if self._allow.match(name) is not None else "not on the list of allowed tools"


class _ToolFilter(StreamFilter):
    """Reads the events that can begin a tool call. The call itself never leaves when it is refused."""

    def __init__(self, check: Callable[[list[str]], None]) -> None:
        self._check = check

    @override
    def feed(self, events: list[bytes]) -> list[bytes]:
        for event in events:
            if b'"name"' in event or b"_call" in event:
                data = read_event(event).data
                if data is not None and data.startswith(b"{"):
                    self._check(called_tools(json.decode(data)))
        return events


def _refusal(what: str, refused: dict[str, str]) -> ToolRefused:
    reasons = "; ".join(f"{name!r} is {why}" for name, why in sorted(refused.items()))
    return ToolRefused(f"{what} tools that may not be used: {reasons}.", param="tools", tools=sorted(refused))

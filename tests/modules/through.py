"""A call of any wire on its way through some modules, without a gateway: the request, a whole answer, a stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Tools
from headgate.gateway.chain import Chain, compile_chain, on_trouble, run_steps
from headgate.govern.guardrails.hot import RuleBook
from headgate.store.fast import MemoryStore
from headgate.testing.clock import FixedClock
from tests.wire.samples import call_on, request, stream, streamed_text

Kind = type[Module[Any]]


class Through:
    """Some modules, each with its fields, and what they do to calls of one wire."""

    def __init__(
        self, wire: str, kinds: Mapping[Kind, Mapping[str, Any]], book: RuleBook | None = None
    ) -> None:
        self.wire = wire
        configs: dict[str, ModuleConfig] = {
            kind.spec.name: kind.Config.model_validate({"enabled": True, **fields})
            for kind, fields in kinds.items()
        }
        tools = Tools(FixedClock(), MemoryStore(), {"guardrails": book or RuleBook()})
        self.chain: Chain = compile_chain(tuple(kinds), configs, tools)

    def ask(self, text: str = "hello", **more: Any) -> Call:
        """A request, judged and changed. Raises the refusal."""
        how = {name: more.pop(name) for name in ("mode",) if name in more}
        body = more.pop("body", None) or request(self.wire, text, **more)
        call = call_on(self.wire, body, stream=bool(more.get("stream")), **how)
        run_steps(call, self.chain.steps)
        return call

    def answer(self, call: Call, reply: Reply) -> Reply:
        """A whole answer, judged and changed."""
        for hook, module in self.chain.on_reply:
            try:
                hook(call, reply)
            except Exception as error:  # noqa: BLE001 - as the gateway does
                on_trouble(call, module, error)
        return reply

    def stream(self, call: Call, pieces: Sequence[str]) -> str:
        """What a client reads of a stream."""
        return streamed_text(self.wire, self.events(call, pieces))

    def events(self, call: Call, pieces: Sequence[str]) -> list[bytes]:
        """The events that leave, one coming in at a time; at the end the call is done."""
        filters = [made for make, _ in self.chain.stream_filters if (made := make(call)) is not None]
        out: list[bytes] = []
        for event in stream(self.wire, pieces):
            events = [event]
            for each in filters:
                events = each.feed(events)
            out += events
        for index, each in enumerate(filters):
            events = each.finish()
            for later in filters[index + 1 :]:
                events = later.feed(events)
            out += events
        done = Reply(200, b"".join(out))
        for hook, _ in self.chain.on_done:
            hook(call, done)
        return out

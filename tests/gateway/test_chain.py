"""The chain: only what is on runs, in order; a broken module follows its stance; observers are never blocked."""

from __future__ import annotations

import pytest
from typing_extensions import override

from headgate.call.call import Call, Reply, View
from headgate.call.caller import ALL_RIGHTS, Caller, Mode
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Stance, Tools
from headgate.gateway.chain import Chain, compile_chain, run_steps, wait_step
from headgate.kernel.clock import SystemClock
from headgate.kernel.errors import RateLimited, Unavailable

TOOLS = Tools(SystemClock(), None, {})


def make_call(mode: Mode = "optimize") -> Call:
    caller = Caller("ten_a", "pk", ALL_RIGHTS, mode)
    return Call(
        run_id="run_1", wire="openai.chat", endpoint="/v1/chat/completions", caller=caller, headers={}, body=b"{}",
        view=View("m"), received_us=0, t0=0.0,
    )  # fmt: skip


class Empty(ModuleConfig):
    pass


class Note(Module[Empty]):
    spec = Spec("note", "test", Phase.SHAPE, "Leaves a note.")
    Config = Empty

    @override
    def on_request(self, call: Call) -> Reply | None:
        call.notes.setdefault("seen", []).append(self.spec.name)
        return None


class Early(Note):
    spec = Spec("early", "test", Phase.ADMIT, "Runs first.")


class Refuse(Module[Empty]):
    spec = Spec("refuse", "test", Phase.GUARD, "Refuses.")
    Config = Empty

    @override
    def on_request(self, call: Call) -> Reply | None:
        raise RateLimited("too fast")


class BreakClosed(Module[Empty]):
    spec = Spec("break_closed", "test", Phase.GUARD, "Breaks, and must fail closed.")
    Config = Empty

    @override
    def on_request(self, call: Call) -> Reply | None:
        raise ZeroDivisionError


class BreakOpen(BreakClosed):
    spec = Spec("break_open", "test", Phase.ANSWER, "Breaks, and must be skipped.")


class Waits(Module[Empty]):
    spec = Spec("waits", "test", Phase.ANSWER, "Answers after waiting.", waits=True)
    Config = Empty

    @override
    def must_wait(self, call: Call) -> bool:
        return bool(call.notes.get("wait"))

    @override
    async def wait_request(self, call: Call) -> Reply | None:
        return Reply(200, b"waited")


def chain_of(*order: type[Module[Empty]], off: tuple[str, ...] = ()) -> Chain:
    configs = {kind.spec.name: Empty(enabled=kind.spec.name not in off) for kind in order}
    return compile_chain(order, configs, TOOLS)


def test_modules_run_in_the_order_of_phases_whatever_the_list_says() -> None:
    call = make_call()

    run_steps(call, chain_of(Note, Early).steps)

    assert call.notes["seen"] == ["early", "note"]


def test_a_module_that_is_off_is_not_in_the_chain() -> None:
    chain = chain_of(Early, Note, off=("early",))

    assert chain.names == ["note"]


def test_hooks_that_are_not_overridden_cost_nothing() -> None:
    chain = chain_of(Note)

    assert chain.on_reply == ()
    assert chain.on_done == ()
    assert chain.stream_filters == ()


def test_a_refusal_stands_and_names_who_refused() -> None:
    call = make_call()

    with pytest.raises(RateLimited):
        run_steps(call, chain_of(Refuse).steps)
    assert call.explanation["refused_by"] == "refuse"


def test_an_observer_is_never_blocked_but_learns_what_would_have_happened() -> None:
    call = make_call("observe")

    assert run_steps(call, chain_of(Refuse).steps) is None
    assert call.explanation["would_block"] == {"by": "refuse", "code": "rate_limited", "message": "too fast"}


def test_a_broken_guard_blocks() -> None:
    with pytest.raises(Unavailable):
        run_steps(make_call(), chain_of(BreakClosed).steps)


def test_a_broken_answer_module_is_skipped_and_noted() -> None:
    call = make_call()

    assert run_steps(call, chain_of(BreakOpen, Note).steps) is None
    assert call.warnings == ["break_open failed and was skipped"]


def test_the_default_stance_follows_the_phase_and_can_be_overruled() -> None:
    assert Spec("x", "c", Phase.INSPECT, "").on_break is Stance.BLOCK
    assert Spec("x", "c", Phase.SHAPE, "").on_break is Stance.SKIP
    assert Spec("x", "c", Phase.SHAPE, "", stance=Stance.BLOCK).on_break is Stance.BLOCK


async def test_a_waiting_module_stops_the_run_only_when_it_must_wait() -> None:
    chain = chain_of(Waits)
    call = make_call()
    assert run_steps(call, chain.steps) is None

    call.notes["wait"] = True
    at = run_steps(call, chain.steps)

    assert at == 0
    reply = await wait_step(call, chain.steps[0])
    assert reply is not None
    assert reply.body == b"waited"

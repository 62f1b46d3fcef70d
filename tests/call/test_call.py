"""A call on its way: what it is asked for, and what is noted on it."""

from __future__ import annotations

from headgate.call.call import Call, Reply, View
from headgate.call.caller import Caller, open_caller


def make(caller: Caller | None = None) -> Call:
    return Call(
        run_id="run_1",
        wire="openai.chat",
        endpoint="/v1/chat/completions",
        caller=caller or open_caller(),
        headers={},
        body=b"{}",
        view=View("gpt-4o-mini"),
        received_us=5,
        t0=1.0,
    )


def test_what_dispatch_asks_for_is_at_first_what_the_client_asked_for() -> None:
    call = make()
    call.model = "other"
    assert call.view.model == "gpt-4o-mini"


def test_the_tenant_and_the_mode_are_those_of_the_caller() -> None:
    call = make(Caller("ten_b", "pk", mode="observe"))
    assert call.tenant == "ten_b"
    assert call.observing
    assert not make().observing


def test_events_and_warnings_stay_in_order_and_belong_to_one_call() -> None:
    call, other = make(), make()
    call.event(7, "cache.miss", tier="memory")
    call.warn("first")
    call.warn("second")
    assert [(event.at_us, event.name, event.payload) for event in call.events] == [
        (7, "cache.miss", {"tier": "memory"})
    ]
    assert call.warnings == ["first", "second"]
    assert other.events == []
    assert other.warnings == []


def test_a_reply_costs_nothing_and_knows_no_usage_until_it_is_told() -> None:
    reply = Reply(200, b"{}")
    assert reply.cost_pico == 0
    assert reply.price_known
    assert not reply.usage.known

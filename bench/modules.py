"""What modules cost a call: `python -m bench.modules`. All off must cost nothing, ten on at most 15 microseconds."""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Mapping
from typing import Any

from headgate.call.call import Call, Reply
from headgate.call.caller import Caller
from headgate.call.frames import Usage
from headgate.call.module import Module, Tools
from headgate.gateway.chain import Chain, compile_chain, run_steps
from headgate.gateway.replies import dress
from headgate.kernel.clock import SystemClock
from headgate.modules.order import ORDER
from headgate.record.cache.hot import CacheLimits, ResponseCache
from headgate.store.bounded import Bounded
from headgate.store.fast import MemoryStore
from headgate.wire.spec import WIRES

LIMIT_US = 15.0
NOISE_US = 0.3  # of an empty chain
CHAT = "/v1/chat/completions"
BODY = b'{"model":"fast","temperature":0.7,"messages":[{"role":"user","content":"%b"}]}' % (
    b"How are you today? " * 30
)
ANSWER = b'{"choices":[{"index":0,"message":{"role":"assistant","content":"%b"}}]}' % (b"Quite well. " * 40)
HEADERS = {
    b"host": b"gate",
    b"x-session-id": b"s1",
    b"x-stockyard-tags": b"team=core",
    b"authorization": b"Bearer pk_x",
}

# ten that a careful operator switches on, each with work to do
TEN: Mapping[str, dict[str, Any]] = {
    "responseheaders": {},
    "autotag": {},
    "ipfence": {"deny": ["10.9.0.0/16"]},
    "rateshield": {"rpm": 50_000_000, "limits": [{"what": "tokens", "rate": 50_000_000}]},
    "agentguard": {"max_calls": 0, "max_cost_usd": 1_000_000},
    "modelalias": {"aliases": {"fast": "gpt-4o-mini"}},
    "modelswitch": {
        "rules": [{"condition": "token_count", "operator": "gt", "value": 5000, "model": "gpt-4o"}]
    },
    "scopeguard": {"scopes": [{"apps": ["default-app"], "models": ["gpt-4o-mini", "fast"]}]},
    "toolshield": {"deny": ["delete_*"]},
    "secretscan": {},
}


def chain_of(wanted: Mapping[str, dict[str, Any]], clock: SystemClock) -> Chain:
    """The chain of these modules."""
    cache = ResponseCache(CacheLimits(memory_bytes=2**20, disk_bytes=0), clock)
    tools = Tools(clock, MemoryStore(), {"cache": cache, "vectors": Bounded[Any](2**20), "prices": None})
    kinds: dict[str, type[Module[Any]]] = {kind.spec.name: kind for kind in ORDER}
    configs = {
        name: kinds[name].Config.model_validate({"enabled": True, **given}) for name, given in wanted.items()
    }
    return compile_chain(ORDER, configs, tools)


def one_call(chain: Chain, clock: SystemClock, number: int) -> None:
    """Everything that a chain does for one live call, on its way in and out."""
    spec = WIRES[CHAT]
    call = Call(
        run_id=f"run_{number}", wire=spec.wire, endpoint=CHAT, caller=Caller("ten_a", "pk", key_id="key_1"), headers=HEADERS,
        body=BODY, view=spec.parse(BODY), received_us=0, t0=clock.monotonic(),
    )  # fmt: skip
    call.peer, call.app, call.project = "192.0.2.7", "default-app", "default"
    outcome = run_steps(call, chain.steps_for(call))
    assert outcome is None, outcome
    reply = Reply(200, ANSWER)
    reply.provider, reply.model, reply.cost_pico = "openai", call.model, 40_000_000
    reply.usage = Usage(120, 60, known=True)
    for on_reply, _ in chain.on_reply:
        on_reply(call, reply)
    for on_done, _ in chain.on_done:
        on_done(call, reply)
    dress(call, reply, clock)


def microseconds(
    chains: Mapping[str, Chain], clock: SystemClock, *, calls: int, rounds: int
) -> dict[str, float]:
    """Per call and chain, the best of many short rounds in turn: what disturbs only ever adds."""
    best = dict.fromkeys(chains, float("inf"))
    for _ in range(rounds):
        for name, chain in chains.items():
            began = time.process_time_ns()
            for number in range(calls):
                one_call(chain, clock, number)
            best[name] = min(best[name], (time.process_time_ns() - began) / calls / 1000)
    return best


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure what modules cost a call.")
    parser.add_argument("--calls", type=int, default=200, help="in one round")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--each", action="store_true", help="also each of the ten by itself")
    args = parser.parse_args()
    clock = SystemClock()
    chains = {"bare": Chain(), "off": chain_of({}, clock), "ten": chain_of(TEN, clock)}
    if args.each:
        chains |= {name: chain_of({name: given}, clock) for name, given in TEN.items()}
    gc.disable()
    found = microseconds(chains, clock, calls=args.calls, rounds=args.rounds)
    bare = found.pop("bare")
    off, ten = found.pop("off") - bare, found.pop("ten") - bare
    print(f"a call without a chain      {bare:7.2f} us")
    print(f"all modules off, more       {off:7.2f} us   (nothing, within {NOISE_US} us of noise)")
    print(f"ten modules on, more        {ten:7.2f} us   (at most {LIMIT_US:g})")
    for name, cost in found.items():
        print(f"  {name:<24}  {cost - bare:7.2f} us")
    return 0 if ten <= LIMIT_US and off <= NOISE_US else 1


if __name__ == "__main__":
    sys.exit(main())

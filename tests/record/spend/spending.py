"""Builders for tests of spend: calls, ends of calls, and a purse whose past is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from headgate.call.call import Call, View
from headgate.call.caller import Caller
from headgate.call.frames import Closed, Usage
from headgate.kernel.clock import to_us
from headgate.record.spend.caps import Cap, Payer
from headgate.record.spend.hot import Purse
from headgate.record.spend.pots import Balance
from headgate.testing.clock import FixedClock

USD = 10**12
TENANT = "ten_default"


def make_call(clock: FixedClock, run_id: str = "run_1", **given: object) -> Call:
    """A chat call; `project`, `session`, `tags`, `user`, `key`, `mode`, `body` and `model` as given."""
    mode = "observe" if given.get("mode") == "observe" else "optimize"
    caller = Caller(
        TENANT, "pk", frozenset({"*"}), mode, key_id=str(given.get("key", "key_1")), user_id=str(given.get("user", "usr_1"))
    )  # fmt: skip
    body = given.get(
        "body", b'{"model":"gpt-4o","max_tokens":10,"messages":[{"role":"user","content":"hello"}]}'
    )
    assert isinstance(body, bytes)
    call = Call(
        run_id=run_id, wire="openai.chat", endpoint="/v1/chat/completions", caller=caller, headers={}, body=body,
        view=View(str(given.get("model", "gpt-4o"))), received_us=to_us(clock.now()), t0=clock.monotonic(),
    )  # fmt: skip
    call.project = str(given.get("project", "default"))
    call.session = str(given.get("session", ""))
    if given.get("tags"):
        call.notes["tags"] = given["tags"]
    return call


def end_of(call: Call, cost_pico: int | None, **given: object) -> Closed:
    """The end of `call`, which cost so much."""
    tags = call.notes.get("tags")
    return Closed(
        call.run_id, call.tenant, call.received_us, 5, "completed", 200, "live", call.wire, call.endpoint, "app", "agent", "",
        call.caller.key_id or "", call.caller.user_id or "", call.caller.mode, False, call.model, call.model, "openai",
        Usage(10, 5, known=True), b"", cost_pico, cost_pico is not None, 0, 0, "", 0, "", "stop", "", "", 0, 0, [], {}, [], b"",
        b"", "", "", call.project, call.session, {"tags": tags} if tags else {},
    )  # fmt: skip


class Past:
    """What the record knows: the loader of a purse. `kept` is by payer and day."""

    def __init__(self) -> None:
        self.kept: dict[Payer, dict[int, int]] = {}
        self.loads: list[Payer] = []

    async def load(
        self, payers: Sequence[Payer], seen: Callable[[], set[str]]
    ) -> tuple[Mapping[Payer, Balance], frozenset[str]]:
        self.loads += payers
        return {payer: Balance(self.kept.get(payer, {}), {}) for payer in payers}, frozenset()


def make_purse(clock: FixedClock, *caps: Cap, past: Past | None = None) -> Purse:
    purse = Purse(clock, (past or Past()).load)
    purse.set_caps(TENANT, caps)
    return purse


async def admit(purse: Purse, call: Call) -> Call:
    """What the module `costcap` does."""
    standings = purse.standings(call)
    if standings:
        call.notes["caps"] = standings
        await purse.prepare(standings)
    return call

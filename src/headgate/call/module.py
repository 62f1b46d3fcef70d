"""The contract of a middleware module: a `Spec`, a frozen `Config`, and the hooks it overrides."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from headgate.call.call import Call, Reply
from headgate.kernel.clock import Clock


class Phase(IntEnum):
    """Where a module runs, in the order of a call's life. The folder under `modules/` says the same."""

    ADMIT = 1
    SHAPE = 2
    GUARD = 3
    ANSWER = 4
    INSPECT = 5


class Stance(StrEnum):
    """What happens when the module itself breaks: safety fails closed, savings fail open."""

    BLOCK = "block"
    SKIP = "skip"


DEFAULT_STANCE = {
    Phase.ADMIT: Stance.BLOCK,
    Phase.SHAPE: Stance.SKIP,
    Phase.GUARD: Stance.BLOCK,
    Phase.ANSWER: Stance.SKIP,
    Phase.INSPECT: Stance.BLOCK,
}


class ModuleConfig(BaseModel):
    """Base of every module's config: frozen, unknown fields are errors, each field has a sentence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Spec:
    """What a module says of itself; the API, the docs and the forms are derived from it."""

    name: str
    category: str
    phase: Phase
    summary: str
    aliases: tuple[str, ...] = ()
    stance: Stance | None = None  # None: the default of its phase
    waits: bool = False  # True: it overrides `must_wait` and `wait_request` too
    # True: it makes more calls of one, or spoils it, and so must not act on calls made so
    spreads: bool = False
    # fields that a tenant may not set nor see: where this server connects to
    server_only: frozenset[str] = frozenset()

    @property
    def on_break(self) -> Stance:
        return self.stance or DEFAULT_STANCE[self.phase]

    @property
    def in_branches(self) -> bool:
        """Does it act on calls that another call made? Those are shaped already."""
        return self.phase is not Phase.SHAPE and not self.spreads


@dataclass(frozen=True, slots=True)
class Tools:
    """What a module may use besides the call: the clock, the shared fast store, and the rooms' hot parts by name."""

    clock: Clock
    fast: Any  # store.fast.FastStore; call stands below store and so cannot name it
    hot: dict[str, Any]


class AskAgain(Exception):
    """Raised in `on_reply`: the answer does not fit. `hint` is said to the model as the user, and it is asked once more.
    `call.notes["asks"]` counts how often that was done; a module must not raise it without end."""

    def __init__(self, hint: str) -> None:
        super().__init__(hint)
        self.hint = hint


ConfigT = TypeVar("ConfigT", bound=ModuleConfig)


class Module(Generic[ConfigT]):
    """One middleware. Override only what you need; a hook that is not overridden costs nothing."""

    spec: ClassVar[Spec]
    Config: ClassVar[type[ModuleConfig]]
    # an instance may say False: its waiting hook then never has anything to do, and is not asked
    may_wait: bool = True

    def __init__(self, config: ConfigT, tools: Tools) -> None:
        self.config = config
        self.tools = tools

    def on_request(self, call: Call) -> Reply | None:
        """Look at, change or refuse (raise) a call. Only ANSWER modules may return a Reply."""
        return None

    def must_wait(self, call: Call) -> bool:
        """Does `wait_request` have something to do for this call? Asked after `on_request`, only if `spec.waits`."""
        return False

    async def wait_request(self, call: Call) -> Reply | None:
        """The waiting twin of `on_request`: shared counters, disk tiers. Must carry its own deadline."""
        return None

    def on_reply(self, call: Call, reply: Reply) -> None:
        """Look at or change a whole answer (`reply.body`), also one from a cache; refuse it by raising."""

    def stream_filter(self, call: Call) -> StreamFilter | None:
        """A filter for this call's stream, or None to let it pass unseen."""
        return None

    def on_done(self, call: Call, reply: Reply) -> None:
        """The call is settled, but its last byte has not left. Nothing here may change the answer."""


class StreamFilter:
    """Sees the SSE events of one answer. It may hold events back, change or end the stream; never reorder it."""

    def feed(self, events: list[bytes]) -> list[bytes]:
        """Whole SSE events (each ending in a blank line) in, events that may leave out. Raise GatewayError to end it."""
        return events

    def finish(self) -> list[bytes]:
        """The stream has ended: what was still held back."""
        return []

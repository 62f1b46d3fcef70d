"""How rooms reach what stands above them: asking a model, telling of a change, adding to the record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from headgate.call.caller import Caller
from headgate.call.frames import Frame


@dataclass(frozen=True, slots=True)
class Ask:
    """One inner call: the endpoint (`/v1/chat/completions`), who asks, the JSON body and identity headers."""

    endpoint: str
    caller: Caller
    body: bytes
    app: str = ""
    agent: str = ""
    subject: str = ""
    parent_run: str = ""
    project: str = ""
    session: str = ""
    user: str = ""  # for whom the caller asks, and the tags of the call: whose money it is
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    fresh: bool = False  # a model has to answer, and no cache
    role: Literal["", "branch", "shadow"] = (
        ""  # of a call that was shaped already: it is not shaped or spread again
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it. `status` is the HTTP status, `headers` hold the run headers in lower case."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def run_id(self) -> str:
        return self.headers.get("x-punk-run-id", "")


class CallPort(Protocol):
    """How any room asks a model: `serve` itself in the gateway, HTTP over a unix socket in the worker."""

    async def ask(self, ask: Ask) -> Answer: ...


class Notices(Protocol):
    """Change notices. Call after the change is committed; the plane's part is rebuilt before this returns
    in the same process, and within a second elsewhere."""

    async def changed(self, part: str, tenant: str) -> None: ...


class Recorder(Protocol):
    """The way into the record. Raises RecordUnavailable when a frame cannot be kept."""

    def write(self, frame: Frame) -> None: ...

    def hurry(self) -> None:
        """Someone waits for what is on its way: look at once."""
        ...

    async def caught_up(self, timeout_s: float = 0.25) -> bool:
        """Wait until everything written so far is in the database; False when the time is over first."""
        ...


Listener = Callable[[str, str, dict[str, object]], Awaitable[None]]

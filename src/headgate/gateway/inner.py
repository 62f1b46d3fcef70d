"""The gateway's own `CallPort`: inner callers (playground, agents, replay) go through `serve` like everybody else."""

from __future__ import annotations

from headgate.call.call import Reply
from headgate.call.ports import Answer, Ask
from headgate.gateway.intake import Request
from headgate.gateway.replies import run_headers
from headgate.gateway.serve import Gateway
from headgate.identity.keys.hot import as_header


class InnerCalls:
    """Asks through `serve`, as the caller it is given."""

    def __init__(self, gateway: Gateway, internal_token: bytes) -> None:
        self._gateway = gateway
        self._authorization = b"Bearer " + internal_token

    async def ask(self, ask: Ask) -> Answer:
        """One call with a whole answer. Raises GatewayError when it is refused before it is a call."""
        headers = {b"authorization": self._authorization, b"x-headgate-as": as_header(ask.caller)}
        for name, value in (
            (b"x-punk-app", ask.app), (b"x-punk-agent", ask.agent), (b"x-punk-subject", ask.subject),
            (b"x-headgate-parent-run", ask.parent_run), (b"x-headgate-role", ask.role), (b"x-project", ask.project),
            (b"x-session-id", ask.session), (b"x-user-id", ask.user), (b"x-headgate-cache", "bypass" if ask.fresh else ""),
            (b"x-stockyard-tags", ",".join(f"{name}={value}" for name, value in ask.tags.items())),
        ):  # fmt: skip
            if value:
                headers[name] = value.encode()
        _, reply = await self._gateway.serve(Request(ask.endpoint, headers, ask.body, trusted=True))
        return Answer(reply.status, await _whole(reply), dict(run_headers(reply)))


async def _whole(reply: Reply) -> bytes:
    if reply.chunks is None:
        return reply.body
    return b"".join([chunk async for chunk in reply.chunks])

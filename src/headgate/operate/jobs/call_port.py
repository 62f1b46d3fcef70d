"""How a job asks a model: HTTP over the gateway's unix socket, in the name of the caller it works for."""

from __future__ import annotations

import base64
import errno
from dataclasses import replace
from pathlib import Path

import httpx2
import msgspec

from headgate.call.caller import Caller
from headgate.call.ports import Answer, Ask
from headgate.kernel.errors import Unavailable
from headgate.store.keyfiles import internal_token, read_or_make
from headgate.store.sockets import GATEWAY_SOCKET, SocketPath, socket_path

AS_HEADER = "x-headgate-as"
CONNECT_S = 5.0
ANSWER_S = 1800.0  # the gateway's own deadlines end a call earlier
MAX_CONNECTIONS = 32

_HEADERS = (
    ("x-punk-app", "app"),
    ("x-punk-agent", "agent"),
    ("x-punk-subject", "subject"),
    ("x-headgate-parent-run", "parent_run"),
    ("x-headgate-role", "role"),
    ("x-project", "project"),
    ("x-session-id", "session"),
)


def caller_header(caller: Caller) -> str:
    """The caller as the gateway's door reads it on the unix socket: base64 of its msgpack."""
    return base64.b64encode(msgspec.msgpack.encode(replace(caller, provider_key=None))).decode()


class SocketCallPort:
    """`CallPort` of the worker. Calls may run side by side; each has a deadline."""

    def __init__(self, data_dir: Path, *, timeout_s: float = ANSWER_S) -> None:
        path = socket_path(data_dir, GATEWAY_SOCKET)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = SocketPath(path)
        token = read_or_make(data_dir / "keys" / "internal.token", internal_token).decode()
        self._client = httpx2.AsyncClient(
            transport=httpx2.AsyncHTTPTransport(
                uds=self._path.text, limits=httpx2.Limits(max_connections=MAX_CONNECTIONS)
            ),
            base_url="http://gateway",
            headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
            timeout=httpx2.Timeout(timeout_s, connect=CONNECT_S, pool=timeout_s),
            trust_env=False,
        )

    async def ask(self, ask: Ask) -> Answer:
        """Ask and wait for the whole answer. Raises Unavailable when the gateway cannot be reached."""
        headers = {AS_HEADER: caller_header(ask.caller)}
        headers |= {name: value for name, field in _HEADERS if (value := str(getattr(ask, field)))}
        if ask.fresh:
            headers["x-headgate-cache"] = "bypass"
        try:
            reply = await self._client.post(ask.endpoint, content=ask.body, headers=headers)
        except httpx2.TimeoutException as error:
            raise Unavailable("The gateway did not answer in time.") from error
        except httpx2.TransportError as error:
            raise Unavailable(
                f"The gateway could not be reached ({errno.errorcode.get(_errno(error), 'connection lost')})."
            ) from error
        return Answer(
            reply.status_code, reply.content, {name.lower(): value for name, value in reply.headers.items()}
        )

    async def close(self) -> None:
        await self._client.aclose()
        self._path.close()


def _errno(error: BaseException) -> int:
    """The operating system's reason behind a transport error, 0 when there is none."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno:
            return cause.errno
        cause = cause.__cause__ or cause.__context__
    return 0

"""`Outbox`: what is written in one turn of the event loop leaves together, at its end.

Each write to a peer that sleeps wakes it, which costs more than the write; one that is awake takes the next for nothing.
"""

from __future__ import annotations

import asyncio

MOST = 32  # messages kept back: the first must not wait for many others to be made
MOST_BYTES = 65_536  # kept back: only what is written makes a transport say that its peer does not read


class Outbox:
    """Messages in the order in which they were put. Whoever writes to or closes a transport of its own accord flushes first."""

    __slots__ = ("_messages", "_size")

    def __init__(self) -> None:
        self._messages: list[tuple[asyncio.WriteTransport, bytes]] = []
        self._size = 0

    def put(self, transport: asyncio.WriteTransport, data: bytes) -> None:
        """Write `data` before this turn of the running loop is over."""
        messages = self._messages
        messages.append((transport, data))
        self._size += len(data)
        if self._size >= MOST_BYTES or len(messages) >= MOST:
            self.flush()
        elif len(messages) == 1:
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Write everything now."""
        messages, self._messages, self._size = self._messages, [], 0
        for transport, data in messages:
            if not transport.is_closing():
                transport.write(data)

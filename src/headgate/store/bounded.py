"""Values by key, bounded in bytes: what was not asked for the longest goes first, and what has run out is not given."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Value = TypeVar("Value")
ENTRY_BYTES = 250  # what an entry costs beside key and value


class Bounded(Generic[Value]):
    """A dict of values with sizes and times to live. Used on the event loop only."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._items: OrderedDict[bytes, tuple[float, int, Value]] = OrderedDict()  # ends at, size, value
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._items)

    def get(self, key: bytes, *, now: float) -> Value | None:
        item = self._items.get(key)
        if item is None:
            return None
        if item[0] <= now:
            self._drop(key)
            return None
        self._items.move_to_end(key)
        return item[2]

    def put(self, key: bytes, value: Value, *, size: int, ends_at: float) -> None:
        """Keep `value`, which has `size` bytes, unless it alone would fill a tenth of all there is."""
        self._drop(key)
        size += ENTRY_BYTES + len(key)
        if size > self._max_bytes // 10:
            return
        self._items[key] = (ends_at, size, value)
        self.bytes += size
        while self.bytes > self._max_bytes:
            _, (_, gone, _) = self._items.popitem(last=False)
            self.bytes -= gone

    def _drop(self, key: bytes) -> None:
        if (item := self._items.pop(key, None)) is not None:
            self.bytes -= item[1]

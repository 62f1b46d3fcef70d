"""Lists are paged: `limit` (default 50, at most 500) and `offset`, `total` and `has_more` beside the named list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
EXACT_TOTAL = 10_000  # counting stops here; the page then says that `total` is a lower bound


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for."""

    limit: int = DEFAULT_LIMIT
    offset: int = 0


def page_body(name: str, rows: Sequence[Any], page: Page, total: int) -> dict[str, Any]:
    """The body of a list: `{name: rows, total, has_more, limit, offset}`."""
    body: dict[str, Any] = {
        name: rows,
        "total": min(total, EXACT_TOTAL),
        "has_more": page.offset + len(rows) < total,
        "limit": page.limit,
        "offset": page.offset,
    }
    if total > EXACT_TOTAL:
        body["total_is_lower_bound"] = True
    return body

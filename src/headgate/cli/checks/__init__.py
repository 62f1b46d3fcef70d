"""The checks of `headgate doctor`. Each gives findings; none changes anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. `cure` says how to mend it."""

    check: str
    state: State
    what: str
    cure: str = ""

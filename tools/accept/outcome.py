"""What an item finds: facts that hold or not, figures, and so PASS or FAIL."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Findings:
    """Collected by an item while it runs. The item passes when nothing was wrong and something was looked at."""

    folder: Path
    figures: list[str] = field(default_factory=list[str])
    wrong: list[str] = field(default_factory=list[str])
    checked: int = 0

    def expect(self, holds: bool, what: str) -> bool:
        """Note that a fact should hold; `what` is said when it does not."""
        self.checked += 1
        if not holds:
            self.wrong.append(what)
            print(f"      wrong: {what}", flush=True)
        return holds

    def figure(self, text: str) -> None:
        """Something measured or counted."""
        self.figures.append(text)
        print(f"      {text}", flush=True)

    @property
    def passed(self) -> bool:
        return self.checked > 0 and not self.wrong


Item = Callable[[Findings], None]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the product: its items by number."""

    number: int
    items: Mapping[int, tuple[str, Item]]


@contextmanager
def findings() -> Generator[Findings]:
    """Findings with a scratch folder that goes away afterwards."""
    with tempfile.TemporaryDirectory(prefix="accept-", ignore_cleanup_errors=True) as folder:
        yield Findings(Path(folder))

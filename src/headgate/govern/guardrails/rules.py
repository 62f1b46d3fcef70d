"""Rules as they judge: all patterns of a tenant in one RE2 set, so that a text which none of them matches is read once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, cast

import re2  # pyright: ignore[reportMissingTypeStubs] - it ships none

RuleType = Literal["pii", "injection", "toxic", "custom", "code"]  # `code` is of a module
RuleAction = Literal["block", "redact", "warn", "log"]
Direction = Literal["input", "output", "both"]

EVERY_PROJECT = "*"
MAX_PATTERN_CHARS = 2000
SET_MEMORY = 64 * 1024 * 1024  # for the automaton of a set; it is filled only as texts ask for it
TOGETHER = 64  # patterns in one set: more make an automaton that has to be built too often


_RE2_ERROR = cast(type[Exception], cast(Any, re2).error)


class BadPattern(ValueError):
    """A pattern cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Higher priorities judge first; among equals the older."""

    id: str
    name: str
    pattern: str
    type: RuleType = "custom"
    action: RuleAction = "log"
    direction: Direction = "both"
    project: str = EVERY_PROJECT
    enabled: bool = True
    priority: int = 0
    description: str = ""
    created_us: int = 0
    updated_us: int = 0

    def holds_for(self, project: str) -> bool:
        return self.project in (EVERY_PROJECT, project)


class Match(NamedTuple):
    """A rule matched `text[start:end]`."""

    rule: Rule
    start: int
    end: int


def _options(memory: int = 8 * 1024 * 1024) -> Any:
    options: Any = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = memory
    return options


def compiled(pattern: str) -> Any:
    """`pattern` in RE2, case-insensitive. Raises BadPattern."""
    if len(pattern) > MAX_PATTERN_CHARS:
        raise BadPattern(f"a pattern may have {MAX_PATTERN_CHARS} characters at most")
    try:
        found: Any = cast(Any, re2).compile(pattern, _options())
    except _RE2_ERROR as error:
        detail = error.args[0] if error.args else error
        text = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
        raise BadPattern(f"RE2 does not take it: {text}") from None
    if found.search("") is not None:
        raise BadPattern("it matches an empty text, and so everything")
    return found


class RuleSet:
    """Rules that judge the same texts, in the order in which they judge. `named`: they are a tenant's own, not a module's."""

    def __init__(self, rules: Iterable[Rule], *, named: bool = True) -> None:
        self.rules = tuple(rules)
        self.named = named
        self._patterns = [compiled(rule.pattern) for rule in self.rules]
        self._sets: list[tuple[int, Any]] = []
        for first in range(0, len(self.rules), TOGETHER):
            several: Any = cast(Any, re2).Set.SearchSet(_options(SET_MEMORY))
            for rule in self.rules[first : first + TOGETHER]:
                several.Add(rule.pattern)
            several.Compile()
            self._sets.append((first, several))

    def matching(self, text: str) -> list[int]:
        """The numbers of the rules that match somewhere in `text`, in order."""
        found: list[int] = []
        for first, several in self._sets:
            numbers = several.Match(text)
            if numbers:
                found += [first + number for number in sorted(numbers)]
        return found

    def find(self, text: str, project: str) -> list[Match]:
        """Every match of the rules that hold for `project`, rule by rule."""
        return [
            Match(self.rules[number], *found.span())
            for number in self.matching(text)
            if self.rules[number].holds_for(project)
            for found in self._patterns[number].finditer(text)
            if found.start() < found.end()
        ]

    def actions(self, project: str) -> set[RuleAction]:
        """What the rules that hold for `project` do."""
        return {rule.action for rule in self.rules if rule.holds_for(project)}


@dataclass(frozen=True, slots=True)
class TenantRules:
    """The rules of one tenant that are switched on, for each way. None: there is none."""

    input: RuleSet | None
    output: RuleSet | None

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> TenantRules:
        on = [rule for rule in rules if rule.enabled]
        return cls(
            _set([rule for rule in on if rule.direction != "output"]),
            _set([rule for rule in on if rule.direction != "input"]),
        )


def _set(rules: Sequence[Rule]) -> RuleSet | None:
    return RuleSet(rules) if rules else None


class RuleBook:
    """The rules of all tenants. Held by the modules that judge; a tenant's are swapped when they change."""

    def __init__(self) -> None:
        self._by_tenant: dict[str, TenantRules] = {}

    def of(self, tenant: str) -> TenantRules | None:
        return self._by_tenant.get(tenant)

    def put(self, tenant: str, rules: Iterable[Rule]) -> None:
        """From the next call on these rules hold. Raises BadPattern, and then the old ones still hold."""
        made = TenantRules.of(rules)
        by_tenant = {**self._by_tenant, tenant: made}
        if made.input is None and made.output is None:
            del by_tenant[tenant]
        self._by_tenant = by_tenant

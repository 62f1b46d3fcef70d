"""Measures how well secrets, personal data and injection are found in tests/data/detection; writes docs/reference/detection.md.

`--more NAME=FILE` scores injection on another list of `{"text" or "prompt": ...}`; that is only printed."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from headgate.govern.guardrails import injection, pii, secrets
from headgate.govern.guardrails.injection import THRESHOLDS

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "data" / "detection"
PAGE = ROOT / "docs" / "reference" / "detection.md"


class Quality(NamedTuple):
    """How often what is there was found, how often something was found that is not, and what a text takes."""

    name: str
    found: int
    there: int
    wrong: int
    clean: int
    us: float

    @property
    def recall(self) -> float:
        return self.found / self.there if self.there else 0.0

    @property
    def false_rate(self) -> float:
        return self.wrong / self.clean if self.clean else 0.0

    def row(self) -> str:
        return (
            f"| {self.name} | {self.recall:.1%} ({self.found} of {self.there}) | "
            f"{self.false_rate:.1%} ({self.wrong} of {self.clean}) | {self.us:.0f} |"
        )


def load(name: str) -> Any:
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def timed(look: Callable[[str], object], texts: Sequence[str]) -> float:
    """Microseconds a text, of the fastest of three rounds."""
    rounds: list[float] = []
    for _ in range(3):
        began = time.perf_counter()
        for text in texts:
            look(text)
        rounds.append(time.perf_counter() - began)
    return min(rounds) / max(len(texts), 1) * 1e6


def of_secrets() -> list[Quality]:
    """Texts that hold a secret, and texts that only look so: the examples of gitleaks' own rules."""
    rows = load("secrets.json")
    held = [(name, text[::-1]) for name, text in rows["held"]]
    free = [text[::-1] for _, text in rows["free"]]
    us = timed(secrets.find, [text for _, text in held])
    wrong = sum(bool(secrets.find(text)) for text in free)
    found = sum(bool(secrets.find(text)) for _, text in held)
    return [Quality("secrets, all vendors of gitleaks", found, len(held), wrong, len(free), us)]


def of_personal() -> list[Quality]:
    """By kind: found is a span that overlaps one that is there; wrong is a text with a finding where none is."""
    rows = load("personal.json")
    us = timed(pii.find, [row["text"] for row in rows])
    found, there, wrong, clean = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for row in rows:
        spotted = pii.find(row["text"])
        for kind, start, end in row["spans"]:
            there[kind] += 1
            found[kind] += any(each.start < end and start < each.end for each in spotted)
        for kind in pii.KINDS:
            if not any(each == kind for each, _, _ in row["spans"]):
                clean[kind] += 1
                wrong[kind] += any(
                    each.kind == kind
                    and not any(each.start < end and start < each.end for _, start, end in row["spans"])
                    for each in spotted
                )
    kinds = [
        Quality(f"personal data: {kind}", found[kind], there[kind], wrong[kind], clean[kind], us)
        for kind in pii.KINDS
    ]
    total = Quality(
        "personal data, all kinds", found.total(), there.total(), wrong.total(), clean.total(), us
    )
    return [total, *kinds]


def of_injection() -> list[Quality]:
    """By sensitivity, on harmless prompts about security and on harmless prompts with the words of attacks."""
    attacks = [row["text"] for row in load("injection.json")]
    harmless = [row["text"] for row in load("benign.json")] + [
        row["text"] for row in load("trigger_words.json")
    ]
    us = timed(injection.score, attacks)
    found = [injection.score(text) for text in attacks]
    wrong = [injection.score(text) for text in harmless]
    return [
        Quality(
            f"injection, {name} sensitivity", sum(each.passes(name) for each in found), len(found),
            sum(each.passes(name) for each in wrong), len(wrong), us,
        )
        for name in THRESHOLDS
    ]  # fmt: skip


def page(rows: Sequence[Quality]) -> str:
    """The page of the reference."""
    head = (
        "# How well things are found\n\nMeasured by `python -m tools.evaluate_detection` on the texts in "
        "`tests/data/detection`, which say where they come from.\n"
    )
    words = (
        "Recall is the share of what is there that was found. A false alarm is a text in which something was found that is not "
        "there. Times are microseconds a text on the machine that wrote this page.\n"
    )
    table = "\n".join(
        ["| what | recall | false alarms | us |", "| --- | --- | --- | ---: |", *[row.row() for row in rows]]
    )
    notes = """
What the numbers mean:

- **Injection is a list of signs, not a judgement.** It finds attacks that say what they do, and few of those that persuade, act
  out a scene, speak another language or hide their words. The signs were written with this set in view, so a set nobody has
  seen will come out lower. Do not rely on it alone: tools and policies decide what a model can do after it was talked round.
- **Personal data** is what has a form: addresses of mail and machines, cards, accounts, numbers of people and telephones. Names,
  streets and dates are not looked for. A bare number is a telephone only behind a word that says so.
- **Secrets** are measured on the examples of rules for 116 vendors, also those whose keys have no form of their own. The false
  alarms are mostly keys of the right form that those rules except by name, such as keys from public documentation.
"""
    return f"{head}\n{words}\n{table}\n{notes}"


def more(name: str, path: Path) -> None:
    """Score another list and print how many pass each threshold."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    scores = [injection.score(row.get("text") or row.get("prompt") or "") for row in rows]
    for each in THRESHOLDS:
        sys.stdout.write(f"{name}, {each}: {sum(score.passes(each) for score in scores)} of {len(scores)}\n")


def main() -> int:
    """Measure, print, write the page."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--more", action="append", default=[], metavar="NAME=FILE")
    options.add_argument("--print-only", action="store_true")
    given = options.parse_args()
    rows = [*of_secrets(), *of_personal(), *of_injection()]
    for row in rows:
        sys.stdout.write(row.row() + "\n")
    for each in given.more:
        name, _, path = each.partition("=")
        more(name, Path(path))
    if not given.print_only:
        PAGE.write_text(page(rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

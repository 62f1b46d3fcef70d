"""How much answers agree: by the words they share, and how often they use them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

_WORD = re.compile(r"\w+")


def similarity(one: str, other: str) -> float:
    """From 0 to 1: the mean of the share of words in common and of the angle between their counts."""
    mine, theirs = Counter(_WORD.findall(one.lower())), Counter(_WORD.findall(other.lower()))
    if not mine or not theirs:
        return 1.0 if mine == theirs else 0.0
    common = mine.keys() & theirs.keys()
    jaccard = len(common) / len(mine.keys() | theirs.keys())
    dot = sum(mine[word] * theirs[word] for word in common)
    norms = math.sqrt(sum(n * n for n in mine.values()) * sum(n * n for n in theirs.values()))
    return (jaccard + dot / norms) / 2


def camps(texts: Sequence[str], threshold: float) -> list[list[int]]:
    """The answers in groups that agree with their first one, the largest group first."""
    groups: list[list[int]] = []
    for at, text in enumerate(texts):
        home = next((group for group in groups if similarity(texts[group[0]], text) >= threshold), None)
        if home is None:
            groups.append([at])
        else:
            home.append(at)
    return sorted(groups, key=lambda group: -len(group))

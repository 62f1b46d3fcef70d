"""Tags on a run: those the caller sends in `X-Stockyard-Tags`, and those that rules find in the request."""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Stance, Tools
from headgate.kernel.errors import BadRequest
from headgate.modules.wildcards import safe_pattern
from headgate.wire.texts import request_texts

MAX_TAGS = 10
MAX_KNOWN = 1024
HEADER = "X-Stockyard-Tags"
HEADER_NAME = b"x-stockyard-tags"
_KEY = re.compile(r"[A-Za-z0-9_-]{1,50}")
_VALUE = re.compile(r"[A-Za-z0-9_. -]{0,100}")


class Pattern(BaseModel):
    """One thing to look for, and the value the tag then has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: str = Field(max_length=1000, description="What to look for.")
    value: str = Field(pattern=r"^[A-Za-z0-9_. -]{0,100}$", description="The value of the tag.")
    type: Literal["contains", "regex"] = Field(
        "contains", description="contains: anywhere, in any case. regex: RE2."
    )

    @model_validator(mode="after")
    def _compiles(self) -> Pattern:
        if self.type == "regex":
            safe_pattern(self.match)
        return self


class TagRule(BaseModel):
    """A tag and the patterns that give it its value; the first that fits does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tag: str = Field(pattern=r"^[A-Za-z0-9_-]{1,50}$", description="The name of the tag.")
    patterns: tuple[Pattern, ...] = Field(max_length=100, description="What gives it its value.")


class Config(ModuleConfig):
    rules: tuple[TagRule, ...] = Field(
        (), max_length=50, description="Tags that are found in the user's texts."
    )


class _Look(NamedTuple):
    tag: str
    value: str
    plain: str
    regex: Any


class AutoTag(Module[Config]):
    spec = Spec(
        "autotag", "observe", Phase.ADMIT, "Puts tags on runs: the caller's own, and those that rules find.", ("auto_tag",),
        stance=Stance.SKIP,
    )  # fmt: skip
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._known: dict[bytes, dict[str, str]] = {}
        self._looks = [
            _Look(rule.tag, each.value, "" if each.type == "regex" else each.match.lower(),
                  safe_pattern(each.match) if each.type == "regex" else None)
            for rule in config.rules
            for each in rule.patterns
        ]  # fmt: skip

    @override
    def on_request(self, call: Call) -> Reply | None:
        given = call.headers.get(HEADER_NAME)
        if given is None and not self._looks:
            return None
        tags = self._parsed(given) if given else {}
        if self._looks:
            self._find(call, tags)
        if tags:
            call.notes["tags"] = tags
            call.notes.setdefault("metadata", {})["tags"] = tags
        return None

    def _parsed(self, header: bytes) -> dict[str, str]:
        """Clients send the same tags again and again."""
        known = self._known.get(header)
        if known is None:
            known = parse_tags(header)
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[header] = known
        return known.copy()

    def _find(self, call: Call, tags: dict[str, str]) -> None:
        text = "\n".join([each.text for each in request_texts(call) if each.role == "user"])
        lower = text.lower()
        for look in self._looks:
            if look.tag in tags or len(tags) >= MAX_TAGS:
                continue
            if (look.plain in lower) if look.regex is None else look.regex.search(text) is not None:
                tags[look.tag] = look.value


def parse_tags(header: bytes) -> dict[str, str]:
    """`k=v,k2=v2`. Raises BadRequest, naming the header."""
    tags: dict[str, str] = {}
    for pair in header.decode("latin-1").split(","):
        name, _, value = pair.strip().partition("=")
        if not name and not value:
            continue
        if not _KEY.fullmatch(name) or not _VALUE.fullmatch(value):
            raise BadRequest(f"{HEADER}: {pair.strip()[:80]!r} is not a tag.", param=HEADER)
        tags[name] = value
    if len(tags) > MAX_TAGS:
        raise BadRequest(f"{HEADER}: at most {MAX_TAGS} tags.", param=HEADER)
    return tags

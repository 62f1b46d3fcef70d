"""What models can do, as a table: the longest beginning of a name that fits counts. Sizes come from the price data where it
has them."""

# fmt: off
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, Protocol

CacheKind = Literal["none", "automatic", "marked"]  # marked: the request says what is to be kept


@dataclass(frozen=True, slots=True)
class Profile:
    """What a model can do. Sizes are tokens, 0 when nobody says."""

    context: int = 0
    max_output: int = 0
    vision: bool = False
    tools: bool = False
    json_schema: bool = False
    reasoning: bool = False
    cache: CacheKind = "none"


class Sizes(Protocol):
    """A price list that knows how much fits into a model."""

    def context(self, model: str, provider: str = "") -> int: ...


K = 1000
PLAIN = Profile()
_GPT = Profile(128 * K, 16_384, vision=True, tools=True, json_schema=True, cache="automatic")
_GPT5 = Profile(400 * K, 128 * K, vision=True, tools=True, json_schema=True, reasoning=True, cache="automatic")
_O = Profile(200 * K, 100 * K, vision=True, tools=True, json_schema=True, reasoning=True, cache="automatic")
_CLAUDE = Profile(200 * K, 64 * K, vision=True, tools=True, json_schema=True, reasoning=True, cache="marked")
_CLAUDE3 = replace(_CLAUDE, max_output=8192, json_schema=False, reasoning=False)
_GEMINI = Profile(1_048_576, 65_536, vision=True, tools=True, json_schema=True, reasoning=True, cache="automatic")
_LLAMA = Profile(131_072, 8192, tools=True)
_MISTRAL = Profile(131_072, 0, tools=True, json_schema=True)
_GROK = Profile(131_072, 0, tools=True, json_schema=True, cache="automatic")
_QWEN = Profile(131_072, 8192, tools=True)
_EMBEDDING = Profile(8192)

PROFILES: Mapping[str, Profile] = MappingProxyType({
    "gpt-3.5": Profile(16_385, 4096, tools=True),
    "gpt-4": Profile(8192, 8192, tools=True),
    "gpt-4-turbo": replace(_GPT, max_output=4096, json_schema=False, cache="none"),
    "gpt-4o": _GPT,
    "gpt-4.1": replace(_GPT, context=1_047_576, max_output=32_768),
    "gpt-5": _GPT5,
    "gpt-oss": Profile(131_072, 32_768, tools=True, json_schema=True, reasoning=True),
    "chatgpt-4o": replace(_GPT, tools=False, json_schema=False),
    "o1": _O, "o3": _O, "o4": _O,
    "o1-mini": replace(_O, context=128 * K, max_output=65_536, vision=False, tools=False, json_schema=False),
    "o3-mini": replace(_O, vision=False),
    "text-embedding-": _EMBEDDING,
    "claude-": _CLAUDE,
    "claude-2": Profile(100 * K, 4096),
    "claude-3-": replace(_CLAUDE3, max_output=4096),
    "claude-3-5-": _CLAUDE3,
    "claude-3-7-": replace(_CLAUDE, json_schema=False),
    "claude-opus-4": replace(_CLAUDE, max_output=32 * K),
    "gemini-": _GEMINI,
    "gemini-1.5": replace(_GEMINI, max_output=8192, reasoning=False),
    "gemini-2.0": replace(_GEMINI, max_output=8192, reasoning=False),
    "gemini-embedding": Profile(2048),
    "gemma": Profile(8192, 8192),
    "gemma-3": Profile(131_072, 8192, vision=True),
    "llama": _LLAMA, "meta-llama/": _LLAMA,
    "llama-4": replace(_LLAMA, vision=True, json_schema=True), "meta-llama/llama-4": replace(_LLAMA, vision=True),
    "mixtral": Profile(32_768, 0, tools=True),
    "mistral-": _MISTRAL, "ministral": _MISTRAL, "codestral": replace(_MISTRAL, context=256 * K), "devstral": _MISTRAL,
    "open-mistral": _MISTRAL,
    "mistral-medium": replace(_MISTRAL, vision=True), "mistral-small": replace(_MISTRAL, vision=True),
    "pixtral": replace(_MISTRAL, vision=True), "magistral": replace(_MISTRAL, reasoning=True),
    "mistral-embed": _EMBEDDING,
    "deepseek": Profile(128 * K, 8192, tools=True, cache="automatic"),
    "deepseek-reasoner": Profile(128 * K, 64 * K, reasoning=True, cache="automatic"),
    "deepseek-r1": Profile(128 * K, 64 * K, reasoning=True, cache="automatic"),
    "command-": Profile(128 * K, 4096, tools=True, json_schema=True),
    "command-a": Profile(256 * K, 8192, tools=True, json_schema=True),
    "sonar": Profile(128 * K, 8192, json_schema=True),
    "sonar-reasoning": Profile(128 * K, 8192, json_schema=True, reasoning=True),
    "grok-2": _GROK, "grok-3": _GROK, "grok-3-mini": replace(_GROK, reasoning=True),
    "grok-": replace(_GROK, context=256 * K, vision=True, reasoning=True),
    "kimi-": Profile(131_072, 16_384, tools=True, json_schema=True, cache="automatic"),
    "qwen": _QWEN, "qwen/": _QWEN, "qwq": replace(_QWEN, reasoning=True), "qwen-vl": replace(_QWEN, vision=True),
    "jamba-": Profile(256 * K, 4096, tools=True),
    "amazon.nova": Profile(300 * K, 5120, vision=True, tools=True, cache="marked"),
    "anthropic.claude-": _CLAUDE,
})


def profile_of(model: str, sizes: Sizes | None = None, provider: str = "") -> Profile:
    """What a model can do, by its name; a maker's or region's name before it does not matter. Unknown: nothing is claimed."""
    name = model.lower()
    found = _longest(name) or _longest(name.rpartition("/")[2]) or _longest(_without_region(name)) or PLAIN
    told = 0 if sizes is None else sizes.context(model, provider)
    return replace(found, context=told) if told else found


def _longest(name: str) -> Profile | None:
    begins = max((each for each in PROFILES if name.startswith(each)), key=len, default="")
    return PROFILES[begins] if begins else None


def _without_region(name: str) -> str:
    region, dot, rest = name.partition(".")
    return rest if dot and region in ("us", "eu", "apac", "global") else name

"""Signs of prompt injection in a text, weighed and added up. A list of signs is no proof: see the table of detection quality."""

# ruff: noqa: E501 - a pattern is read as a whole

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, cast

import re2  # pyright: ignore[reportMissingTypeStubs] - it ships none

Sensitivity = Literal["low", "medium", "high"]
THRESHOLDS: Mapping[Sensitivity, int] = MappingProxyType({"low": 5, "medium": 3, "high": 2})
REASONS = 5  # named in a verdict
_OLD = r"(?:(?:all|any|every|the|these|those|my|your|of|his|her|its|our|previous|prior|above|earlier|preceding|existing|given|former|original|initial|other|system|safety)\s+){0,5}"
_ORDERS = r"(?:instruction|direction|directive|prompt|command|rule|guideline|guidance|restriction|constraint|polic(?:y|ies)|order|context|message|text|training|programming)s?"
_PROMPT = r"(?:system|hidden|secret|initial|original|internal|developer|base|confidential)\s+(?:prompt|instruction|directive|guideline)s?"

_YOURS = r"\b(?:your|the|its|all|these|those)\s+(?:\w+\s+){0,2}"


class Sign(NamedTuple):
    """One sign: its name, what it weighs, and its pattern."""

    name: str
    weight: int
    pattern: str


SIGNS: tuple[Sign, ...] = (
    Sign("override", 3, r"\b(?:ignore|disregard|forget|override|bypass|neglect|discard|drop|skip|overlook)\s+" + _OLD + _ORDERS),
    Sign("override", 3, r"\b(?:ignore|disregard|forget)\s+(?:every\s?thing|anything|all|what(?:ever)?)\b.{0,40}\b(?:told|said|above|before|previously|instructed|learned)\b"),
    Sign("override", 2, r"\b(?:do not|don't|never|stop)\s+(?:follow|obey|comply with|adhere to|listen to|following|obeying)\b.{0,30}\b(?:instruction|rule|guideline|prompt|polic(?:y|ies)|restriction)s?"),
    Sign("override", 2, r"\b(?:new|updated|real|actual|revised)\s+(?:instruction|directive|system prompt|task|order)s?\s*(?:are|is|:)"),
    Sign("override", 2, r"\b(?:instructions?|rules?|prompts?)\s+(?:above|before|so far)?\s*(?:are|is|was|were|have been|has been)\s+(?:now\s+)?(?:void|cancel+ed|superseded|outdated|obsolete|invalid|a test|no longer)"),
    Sign("role", 3, r"\b(?:do anything now|god mode|unrestricted mode|DAN mode)\b"),
    Sign("role", 2, r"\b(?:jailbreak(?:ed|en)?|developer mode)\b"),
    Sign("authority", 2, r"\b(?:system|override|maintenance|admin(?:istrator)?|root|sudo|debug)\s+(?:override\s+)?mode\b"),
    Sign("credentials", 2, r"\b(?:confirm|share|tell|give|provide|reveal|disclose|enter|what is|what's|whats|access)\b.{0,40}\b(?:your|our|the|user's)\s+(?:\w+\s+){0,2}(?:password|passcode|passphrase|pass phrase|secret key|access code|api key|credentials)\b"),
    Sign("role", 2, r"\b(?:you are|you're|act as|pretend|behave|respond|roleplay|role-play|simulate|imagine)\b.{0,40}\b(?:no|without|free (?:of|from)|unbound by|not bound by|any|unrestricted|unfiltered|uncensored|amoral)\b.{0,24}\b(?:restriction|filter|limit|rule|guideline|ethic|moral|polic|censor|constraint|safety)"),
    Sign("role", 2, r"\b(?:from now on|as of now|henceforth|starting now)\b,?\s+(?:you|your|act|answer|respond|ignore|every)"),
    Sign("role", 2, r"\byou are (?:now|no longer)\b"),
    Sign("role", 1, r"\b(?:pretend|imagine|act|behave|speak|answer|respond)\b.{0,16}\b(?:as if|as though|to be|you are|you're|as an? )"),
    Sign("extraction", 3, r"\b(?:reveal|show|print|repeat|output|display|leak|dump|tell|give|recite|disclose|expose|write|copy|translate|summari[sz]e|encode)\b.{0,40}" + _YOURS + _PROMPT),
    Sign("extraction", 3, r"\b(?:what|which)\s+(?:are|is|were|was)\b.{0,24}" + _YOURS + _PROMPT),
    Sign("extraction", 2, r"\b(?:repeat|print|output|write|show|echo|return)\b.{0,24}\b(?:everything|all(?: the)? (?:text|words)|the (?:text|words|content|sentences?)|verbatim|word for word)\b.{0,24}\b(?:above|before|preceding|prior|starting with)"),
    Sign("extraction", 2, r"\b(?:secret|hidden|confidential|private|magic)\s+(?:key|pass(?:word|phrase|code)|code|word|string|token|flag)\b"),
    Sign("delimiter", 3, r"<\|(?:im_start|im_end|system|endoftext|start_header_id|eot_id)\|>|\[/?INST\]|<<\/?SYS>>|</?(?:system|instructions?|system_prompt)>"),
    Sign("delimiter", 2, r"(?:^|\n)\s*(?:#{1,6}|\*{2,}|={3,}|-{3,}|\[)?\s*(?:system|new instructions?|admin|assistant|developer)\s*(?:message|prompt|override|note|instructions?)?\s*(?:\]|:|#|={3,}|-{3,})"),
    Sign("delimiter", 1, r"\b(?:end|begin|start) of (?:the )?(?:document|context|prompt|user input|instructions|message|input|text)\b"),
    Sign("authority", 2, r"\b(?:i am|i'm|this is|as|speaking as) (?:your|the|an?) (?:developer|creator|admin(?:istrator)?|owner|engineer|maintainer|openai|anthropic|authori[sz]ed)"),
    Sign("authority", 1, r"\b(?:emergency|authori[sz]ed|sudo|maintenance|debug(?:ging)?|diagnostic|root)\s+(?:override|access|mode|protocol|command|test)\b"),
    Sign("exfiltration", 3, r"!\[[^\]]{0,200}\]\(\s*https?://[^)\s]{1,200}[?&][^)\s]{0,200}="),
    Sign("exfiltration", 2, r"\b(?:send|post|forward|upload|exfiltrate|transmit|email|append)\b.{0,60}\b(?:to|at|via)\s+(?:https?://|[\w.+-]{1,64}@)"),
    Sign("obfuscation", 2, r"\b(?:decode|decrypt|decipher|unscramble|deobfuscate)\b.{0,60}\b(?:and|then)\b.{0,24}\b(?:follow|execute|run|do|obey|answer|respond|perform|comply)"),
    Sign("obfuscation", 1, r"\b(?:base64|rot13|rot-13|hex(?:adecimal)?[- ]encoded|morse|leetspeak|pig latin|caesar cipher|reversed? (?:text|string|order)|backwards)\b"),
    Sign("obfuscation", 2, "[\u200b\u200c\u2060\u2061-\u2064\ufeff\U000e0000-\U000e007f]{3,}"),
    Sign("task", 2, r"\b(?:instead|rather)\b,?\s+(?:of (?:that|this|answering|summari[sz]ing|translating)|(?:just )?(?:say|print|output|write|reply|respond|answer|tell|reveal|return|do))\b"),
    Sign("task", 1, r"\b(?:only|just|simply|always|must)\s+(?:say|respond|reply|answer|output|print|write)\b"),
    Sign("fiction", 1, r"\b(?:hypothetical(?:ly)?|fictional|in a (?:story|novel|movie|game|play)|for (?:educational|research) purposes|write a (?:story|scene|dialogue|poem|play))\b"),
    Sign("coax", 1, r"\b(?:dear grandmother|my (?:late |dead )?grand(?:ma|mother)|i will (?:tip|pay) you|or (?:someone|people|kittens) will die|trust me|no one will know)\b"),
)  # fmt: skip


class Score(NamedTuple):
    """What was found: the sum of the weights, each name counted once with its heaviest sign, and the names."""

    value: int
    reasons: tuple[str, ...]

    def passes(self, sensitivity: Sensitivity) -> bool:
        """Is it as much as this sensitivity asks for?"""
        return self.value >= THRESHOLDS[sensitivity]


def _signs() -> Any:
    options: Any = re2.Options()
    options.case_sensitive = False
    options.dot_nl = False
    options.max_mem = 64 * 1024 * 1024
    several: Any = cast(Any, re2).Set.SearchSet(options)
    for sign in SIGNS:
        several.Add(sign.pattern)
    several.Compile()
    return several


_SET = _signs()


def score(text: str) -> Score:
    """How much `text` looks like an attempt to take over the model."""
    weights: dict[str, int] = {}
    for number in cast(list[int], _SET.Match(text) or []):
        sign = SIGNS[number]
        weights[sign.name] = max(weights.get(sign.name, 0), sign.weight)
    return Score(sum(weights.values()), tuple(sorted(weights, key=lambda name: -weights[name])[:REASONS]))

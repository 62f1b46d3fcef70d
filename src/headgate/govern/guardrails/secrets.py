"""Finding secrets in text: vendor keys, tokens, private keys, and values behind words such as `password=`.

Everything runs in RE2, in linear time. `may_hold` is the cheap question asked of every body; `find` is the exact answer.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol, cast

import re2  # pyright: ignore[reportMissingTypeStubs] - it ships none

from headgate.kernel import json

WORD = rb"[A-Za-z0-9_-]"
VALUE = rb"[A-Za-z0-9+/=_.~@!#$%^&*-]"
KEYWORDS = (
    b"password", b"passwd", b"pwd", b"secret_access_key", b"secret_key", b"client_secret", b"secret", b"api_key", b"api-key",
    b"apikey", b"access_key", b"accountkey", b"auth_token", b"access_token",
    b"token", b"credentials",
)  # fmt: skip
MIN_VALUE = 12
MIN_ENTROPY = 3.0  # bits a character; words and placeholders stay below
GENERIC = "generic_secret"

Check = Callable[[bytes], bool]


class Finding(NamedTuple):
    """A secret at `text[start:end]`."""

    kind: str
    start: int
    end: int


class _Kind(NamedTuple):
    """A kind of secret: how it begins, what follows, how much at least, and what else must be true of it."""

    name: str
    starts: tuple[bytes, ...]
    rest: bytes  # a character class
    least: int
    exact: bool = False  # so much and no more
    check: Check | None = None


def _is_random(secret: bytes) -> bool:
    """A long run of letters and digits, as keys have and hyphenated words have not."""
    return any(any(48 <= c <= 57 for c in run) for run in re.findall(rb"[A-Za-z0-9]{16,}", secret))


def _is_varied(secret: bytes) -> bool:
    """Not the same few characters again and again, as placeholders are, and a digit among them."""
    return len(set(secret)) >= 8 and re.search(rb"[0-9]", secret) is not None


def _is_value(value: bytes) -> bool:
    """Letters and digits mixed without much repetition: what people do not write as a placeholder."""
    has_both = re.search(rb"[0-9]", value) is not None and re.search(rb"[A-Za-z]", value) is not None
    return has_both and _entropy(value) >= MIN_ENTROPY


def _entropy(value: bytes) -> float:
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())


KINDS = (
    _Kind("anthropic_key", (b"sk-ant-",), WORD, 20, check=_is_random),
    _Kind("stripe_key", (b"sk_live_", b"sk_test_", b"rk_live_", b"rk_test_", b"whsec_"), rb"[A-Za-z0-9]", 16),
    _Kind("openai_key", (b"sk-",), WORD, 20, check=_is_random),
    _Kind("aws_key", (b"AKIA", b"ASIA", b"ABIA", b"ACCA"), rb"[A-Z0-9]", 16, exact=True, check=_is_varied),
    _Kind("gcp_key", (b"AIza",), WORD, 35, check=_is_varied),
    _Kind("google_oauth", (b"GOCSPX-", b"ya29."), WORD, 24),
    _Kind(
        "github_token",
        (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_"),
        rb"[A-Za-z0-9_]",
        36,
        check=_is_varied,
    ),
    _Kind(
        "slack_token",
        (b"xoxa-", b"xoxb-", b"xoxe-", b"xoxp-", b"xoxr-", b"xoxs-", b"xapp-"),
        rb"[A-Za-z0-9-]",
        16,
        check=_is_varied,
    ),
    _Kind(
        "vendor_token",
        (
            b"glpat-",
            b"gldt-",
            b"glrt-",
            b"hf_",
            b"npm_",
            b"pypi-",
            b"dop_v1_",
            b"doo_v1_",
            b"dor_v1_",
            b"shpat_",
            b"shpca_",
            b"shppa_",
            b"shpss_",
            b"SG.",
            b"sq0atp-",
            b"sq0csp-",
            b"xai-",
            b"gsk_",
            b"pplx-",
            b"r8_",
            b"lin_api_",
            b"PMAK-",
            b"dp.pt.",
            b"glsa_",
            b"glc_",
            b"ntn_",
            b"pscale_tkn_",
            b"pscale_pw_",
            b"FLWSECK",
            b"hvs.",
            b"hvb.",
            b"dapi",
            b"sk_prod_",
            b"rk_prod_",
            b"nvapi-",
            b"tvly-",
            b"fc-",
            b"ops_eyJ",
            b"EAACEdEose0cBA",
            b"NRAK-",
            b"sntrys_",
            b"sntryu_",
            b"AGE-SECRET-KEY-1",
            b"pul-",
            b"rubygems_",
            b"sgp_",
            b"CLOJARS_",
            b"figd_",
            b"fo1_",
            b"PRIVATE-TOKEN:",
        ),
        rb"[A-Za-z0-9_.=-]",
        20,
        check=_is_random,
    ),
)
NAMES = (*(kind.name for kind in KINDS), "jwt", "private_key", GENERIC)  # the groups of `_ANY`, in order
CHECKS: dict[str, Check] = {kind.name: kind.check for kind in KINDS if kind.check} | {GENERIC: _is_value}


class _Match(Protocol):
    def start(self, group: int = 0) -> int: ...
    def end(self, group: int = 0) -> int: ...


class _Pattern(Protocol):
    def search(self, text: bytes, pos: int = 0) -> _Match | None: ...


def compiled(pattern: bytes) -> _Pattern:
    """`pattern` in RE2, which has no type hints of its own."""
    return cast(_Pattern, re2.compile(pattern))  # pyright: ignore[reportUnknownMemberType]


_GUARD = rb"(?:^|[^A-Za-z0-9])"
_JWT = rb"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{16,}"
_PEM_BEGIN = rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----"
_PEM = _PEM_BEGIN + rb"(?s:.*?)(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\z)"
_KEYWORD = rb"(?i:" + b"|".join(re.escape(word) for word in KEYWORDS) + rb")"
_GENERIC = _KEYWORD + rb"""[\\"']{0,2}\s{0,3}[:=]\s{0,3}[\\"']{0,2}(""" + VALUE + b"{%d,})" % MIN_VALUE


def _whole(kind: _Kind) -> bytes:
    starts = b"|".join(re.escape(start) for start in kind.starts)
    return b"((?:%s)%s{%d%s)" % (starts, kind.rest, kind.least, rb"}\b" if kind.exact else b",}")


def _begun(start: bytes, rest: bytes) -> bytes:
    """Any beginning of `start`, or all of it and any amount of `rest`."""
    pattern = rest
    for byte in reversed(start):
        pattern = re.escape(bytes([byte])) + b"(?:" + pattern + b")?"
    return pattern


def _pending_pattern() -> bytes:
    parts = [_begun(start, kind.rest + b"*") for kind in KINDS for start in kind.starts]
    parts.append(_begun(b"eyJ", rb"[A-Za-z0-9_.-]*"))
    value = rb"""[\\"']{0,2}\s{0,3}(?:[:=]\s{0,3}[\\"']{0,2}""" + VALUE + b"*)?"
    parts += [b"(?i:" + _begun(word, value) + b")" for word in KEYWORDS]
    return _GUARD + b"(" + b"|".join(parts) + rb")\z"


_KEYS = _GUARD + b"(?:" + b"|".join([*map(_whole, KINDS), b"(" + _JWT + b")"]) + b")|(" + _PEM + b")"
_KEY = compiled(_KEYS)
_ANY = compiled(_KEYS + b"|" + _GUARD + _GENERIC)
_PENDING = compiled(_pending_pattern())
_PENDING_PEM = compiled(b"(" + _begun(b"-----BEGIN ", rb"[A-Z0-9 ]{0,40}-{0,5}") + rb")\z")
_ESCAPED_SPACE = rb"""(?:\\[nrtbf"/\\]|[\s"'\\])"""
_MAY = compiled(
    b"|".join(
        [
            b"(?:%s)%s{%d}" % (b"|".join(map(re.escape, kind.starts)), kind.rest, kind.least)
            for kind in KINDS
            if kind.name != "anthropic_key"
        ]
        + [rb"eyJ[A-Za-z0-9_-]{10,}\.", rb"PRIVATE KEY-----", rb"\\u00[2-7]"]
        + [
            _KEYWORD
            + _ESCAPED_SPACE
            + b"{0,8}[:=]"
            + _ESCAPED_SPACE
            + rb"{0,8}[\\A-Za-z0-9+/=_.~@!#$%^&*-]{12}"
        ]
    )
)
_OPAQUE = frozenset({  # members whose strings are signed or binary: to change one breaks it, and it says nothing
    b'"signature"', b'"thoughtSignature"', b'"thought_signature"', b'"encrypted_content"', b'"data"', b'"file_data"',
})  # fmt: skip
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def may_hold(body: bytes) -> bool:
    """Could this JSON hold a secret? Never wrong when it says no."""
    return _MAY.search(body) is not None


def find(text: str) -> list[Finding]:
    """The secrets in `text`, from left to right, not overlapping."""
    return list(_find(flat(text)))


def flat(text: str) -> bytes:
    """`text` with one byte a character, so that offsets agree; what is not Latin is a question mark."""
    return text.encode("latin-1", "replace")


def _find(data: bytes) -> Iterator[Finding]:
    for finding, is_secret in _candidates(_ANY, data):
        if is_secret:
            yield finding
        elif finding.kind == GENERIC:  # no password, but a key of a vendor may stand in its place
            for key, is_key in _candidates(_KEY, data[finding.start : finding.end]):
                if is_key:
                    yield Finding(key.kind, finding.start + key.start, finding.start + key.end)


def _candidates(pattern: _Pattern, data: bytes) -> Iterator[tuple[Finding, bool]]:
    """What has the shape of a secret, and whether it passes the check of its kind."""
    at = 0
    while (match := pattern.search(data, at)) is not None:
        group = next(number for number in range(1, len(NAMES) + 1) if match.start(number) >= 0)
        kind, start, end = NAMES[group - 1], match.start(group), match.end(group)
        check = CHECKS.get(kind)
        yield Finding(kind, start, end), check is None or check(data[start:end])
        at = end


def pending(text: str) -> int:
    """Where the end of `text` begins that could become, or go on being, a secret; `len(text)` when there is none."""
    data = flat(text)
    starts: list[int] = [
        match.start(1) for match in (_PENDING.search(data), _PENDING_PEM.search(data)) if match is not None
    ]
    starts += [finding.start for finding in _find(data) if finding.end == len(data)]
    return min(starts, default=len(data))


def count_json(body: bytes) -> Counter[str]:
    """How many secrets of each kind the strings of a JSON text hold."""
    return Counter(finding.kind for _, text in _strings(body) for finding in find(text))


def redact_json(body: bytes) -> tuple[bytes, Counter[str]]:
    """`body` with every secret replaced by `[redacted:kind]`. Only the inside of strings changes."""
    found: Counter[str] = Counter()
    parts: list[bytes] = []
    last = 0
    for span, text in _strings(body):
        findings = find(text)
        if findings:
            found.update(finding.kind for finding in findings)
            parts += (body[last : span[0]], json.encode(redact(text, findings)))
            last = span[1]
    return (b"".join([*parts, body[last:]]) if parts else body), found


def redact(text: str, findings: list[Finding]) -> str:
    """`text` with its findings replaced."""
    parts: list[str] = []
    last = 0
    for finding in findings:
        parts += (text[last : finding.start], mark(finding))
        last = finding.end
    return "".join([*parts, text[last:]])


def mark(finding: Finding) -> str:
    """What stands in the place of a secret."""
    return f"[redacted:{finding.kind}]"


def _strings(body: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    """The strings of a JSON text that may say something: where they stand, quotes included, and what they say."""
    before, before_end = b"", 0
    for match in _STRING.finditer(body):
        literal = match.group()
        opaque = before in _OPAQUE and body[before_end : match.start()].strip() == b":"
        before, before_end = literal, match.end()
        if opaque:
            continue
        try:
            text: Any = json.decode(literal)
        except ValueError:  # half a surrogate pair: nothing a secret consists of
            text = literal[1:-1].decode("utf-8", "replace")
        yield match.span(), text

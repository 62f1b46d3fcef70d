"""Finding personal data in text: what has a form that can be checked. Names and addresses have none and are not found here.

Everything runs in RE2, in linear time; numbers that must add up (cards, accounts) are checked.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, cast

import re2  # pyright: ignore[reportMissingTypeStubs] - it ships none

Kind = Literal["email", "iban", "credit_card", "ssn", "ip_address", "phone"]
KINDS: tuple[Kind, ...] = (
    "email",
    "iban",
    "credit_card",
    "ssn",
    "ip_address",
    "phone",
)  # earlier ones win where two overlap
PHONE_DIGITS = range(7, 16)
CARD_DIGITS = range(13, 20)
IBAN_CHARS = range(15, 35)
WORDS_BEFORE = 24  # characters in which a word must stand that says what a bare number is
CARD_STARTS = ("1800", "2", "3", "4", "5", "6")


class Personal(NamedTuple):
    """Personal data at `text[start:end]`."""

    kind: str
    start: int
    end: int


def _compiled(pattern: str) -> Any:
    return cast(Any, re2).compile(pattern)


def _digits(text: str) -> str:
    return "".join([char for char in text if "0" <= char <= "9"])


def _is_card(text: str) -> bool:
    digits = _digits(text)
    if len(digits) not in CARD_DIGITS or not digits.startswith(CARD_STARTS) or len(set(digits)) < 2:
        return False
    doubled = [sum(divmod(2 * int(char), 10)) for char in digits[-2::-2]]
    return (sum(doubled) + sum(int(char) for char in digits[-1::-2])) % 10 == 0


def _is_iban(text: str) -> bool:
    plain = text.replace(" ", "").replace("-", "").upper()
    if len(plain) not in IBAN_CHARS:
        return False
    number = "".join([str(int(char, 36)) for char in plain[4:] + plain[:4]])
    return int(number) % 97 == 1


def _is_ssn(text: str) -> bool:
    area, group, serial = _digits(text)[:3], _digits(text)[3:5], _digits(text)[5:]
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"


def _is_address(text: str) -> bool:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (found.is_loopback or found.is_unspecified or found.is_multicast)


def _is_phone(text: str) -> bool:
    return len(_digits(text)) in PHONE_DIGITS


class _Form(NamedTuple):
    kind: str
    pattern: Any  # with one group, the data itself
    check: Callable[[str], bool] | None = None


_EDGE = r"(?:^|[^\pL\pN_.+-])"
_PHONE_WORD = r"(?i:phone|telephone|tel|mobile|cell|fax|call|ring|dial|whatsapp|messages to|registered|reach me|my number)"
_FORMS = (
    _Form("email", _compiled(r"([\pL\pN][\pL\pN._%+'-]*@(?:[\pL\pN][\pL\pN-]*\.)+\pL[\pL\pN-]+)")),
    _Form(
        "iban",
        _compiled(r"(?i)\b([A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?)\b"),
        _is_iban,
    ),
    _Form("credit_card", _compiled(r"(?:^|[^\pN.-])([0-9](?:[ -]?[0-9]){12,18})\b"), _is_card),
    _Form(
        "ssn",
        _compiled(r"(?:^|[^\pL\pN.-])([0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9]{3} [0-9]{2} [0-9]{4})\b"),
        _is_ssn,
    ),
    _Form("ssn", _compiled(r"(?i)\b(?:ssn|social security)[^0-9]{0,24}([0-9]{9})\b"), _is_ssn),
    _Form(
        "ip_address",
        _compiled(r"(?:^|[^\pL\pN.-])((?:[0-9]{1,3}\.){3}[0-9]{1,3})(?:[^\pL\pN.]|\.?$|\.\s)"),
        _is_address,
    ),
    _Form(
        "ip_address",
        _compiled(r"(?:^|[^\pL\pN:.])([0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?:[^\pL\pN:]|$)"),
        _is_address,
    ),
    _Form(
        "phone",
        _compiled(
            _EDGE + r"((?:\+|00)[1-9][0-9]{0,2}(?:[ .\-/]{0,2}\(?[0-9]{1,5}\)?){1,6}(?:x[0-9]{1,6})?)\b"
        ),
        _is_phone,
    ),
    _Form(
        "phone",
        _compiled(
            _EDGE
            + r"((?:1[ .-])?(?:\([0-9]{3}\)[ .-]?|[0-9]{3}[ .-])[0-9]{3}[ .-][0-9]{4}(?: ?(?:x|ext\.?) ?[0-9]{1,6})?)\b"
        ),
        _is_phone,
    ),
    _Form(
        "phone",
        _compiled(
            _PHONE_WORD + r"[^0-9]{0,24}?(\(?[0-9]{2,5}\)?(?:[ .\-/]?[0-9]{2,5}){1,4}(?:x[0-9]{1,6})?)\b"
        ),
        _is_phone,
    ),
)
_MAY = _compiled(r"@|[0-9](?:[ .()/:-]{0,3}[0-9]){6}|[0-9A-Fa-f]{1,4}::?[0-9A-Fa-f]|[0-9]\.[0-9]{1,3}\.[0-9]")


def may_hold(text: str) -> bool:
    """Could `text` hold personal data? Never wrong when it says no."""
    return _MAY.search(text) is not None


def find(
    text: str, kinds: Iterable[str] = KINDS, own: Mapping[str, Any] = MappingProxyType({})
) -> list[Personal]:
    """The personal data of `kinds` in `text`, from left to right, not overlapping. `own`: compiled patterns by kind."""
    wanted = frozenset(kinds)
    found: list[Personal] = []
    for each in _all(text, wanted, own):
        if not any(each.start < other.end and other.start < each.end for other in found):
            found.append(each)
    return sorted(found, key=lambda each: each.start)


def _all(text: str, wanted: frozenset[str], own: Mapping[str, Any]) -> Iterator[Personal]:
    for kind, pattern in own.items():
        for match in pattern.finditer(text):
            if match.start() < match.end():
                yield Personal(kind, match.start(), match.end())
    if not may_hold(text):
        return
    for form in _FORMS:
        if form.kind in wanted:
            yield from _of_form(form, text)


def _of_form(form: _Form, text: str) -> Iterator[Personal]:
    at = 0
    while (match := form.pattern.search(text, at)) is not None:
        start, end = match.span(1)
        if form.check is None or form.check(text[start:end]):
            yield Personal(form.kind, start, end)
            at = end
        else:  # what begins inside may pass
            at = start + 1

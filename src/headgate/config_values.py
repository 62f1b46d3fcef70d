"""From the text of a setting to its value: kinds, sizes, ranges, masks and the nearest known name."""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from headgate.kernel.secret import MASK, Secret

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})
UNITS = {
    "": 1,
    "b": 1,
    "kb": 1000,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*")
_USERINFO = re.compile(r"(?<=://)([^/@\s]*):([^/\s]*)@")


class BadValue(ValueError):
    """A setting cannot be read; the message says what would be right."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """What a setting may be. `sentence` is its documentation; `used_by` names a feature that is not in the product yet."""

    sentence: str
    also: tuple[str, ...] = ()  # variables read after HEADGATE_<NAME>, in this order
    kind: str = ""  # "" by its type, "bytes" for sizes, "url" for addresses that may hold a password
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    schemes: tuple[str, ...] = ()
    used_by: str = ""
    flag: str = ""  # the command line option, if it has one


def rule_of(field: dataclasses.Field[Any]) -> Rule:
    return field.metadata["rule"]


def variable_of(name: str) -> str:
    return "HEADGATE_" + name.upper()


def is_secret(field: dataclasses.Field[Any]) -> bool:
    """Whether the value is, or may hold, something that nobody must see."""
    return field.type == "Secret" or rule_of(field).kind == "url"


def read_value(field: dataclasses.Field[Any], given: object) -> Any:
    """The value of a setting from text, from YAML or from the command line. Raises BadValue."""
    rule = rule_of(field)
    kind = rule.kind or ("str" if str(field.type).startswith("Literal") else str(field.type))
    if given is None and kind.endswith("| None"):
        return None
    value = READERS[kind.removesuffix(" | None")](given)
    _check_range(rule, value)
    return value


def _check_range(rule: Rule, value: Any) -> None:
    if rule.choices and value not in rule.choices:
        raise BadValue("one of " + ", ".join(choice or '"" (empty)' for choice in rule.choices))
    if rule.low is not None and value < rule.low:
        raise BadValue(f"at least {rule.low:g}")
    if rule.high is not None and value > rule.high:
        raise BadValue(f"at most {rule.high:g}")
    if rule.schemes and value and value.partition("://")[0] not in rule.schemes:
        raise BadValue(
            "an address that begins with " + " or ".join(f"{scheme}://" for scheme in rule.schemes)
        )


def shown(field: dataclasses.Field[Any], value: Any) -> str:
    """The value for people, with secrets masked."""
    if isinstance(value, Secret) or field.type == "Secret":
        return MASK if value else ""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True, default=str)
    if rule_of(field).kind == "bytes" and isinstance(value, int):
        return size_text(value)
    return without_password(str(value))


def hidden(given: Mapping[str, Any]) -> dict[str, Any]:
    """Texts as secrets."""
    return {name: Secret(value) if isinstance(value, str) else value for name, value in given.items()}


def with_hidden_key(given: Any) -> Any:
    """A provider's fields, with what opens it as secrets."""
    if not isinstance(given, Mapping):
        return given
    fields = dict(cast("Mapping[str, Any]", given))
    if isinstance(fields.get("api_key"), str):
        fields["api_key"] = Secret(fields["api_key"])
    if isinstance(fields.get("headers"), Mapping):
        fields["headers"] = hidden(fields["headers"])
    return fields


def without_password(text: str) -> str:
    """An address with the password in it masked."""
    return _USERINFO.sub(rf"\1:{MASK}@", text)


def size_text(size: int) -> str:
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def _text(given: object) -> str:
    if isinstance(given, (dict, list, tuple, bool)) or given is None:
        raise BadValue("a text")
    return str(given).strip()


def _whole(given: object) -> int:
    if isinstance(given, bool) or not re.fullmatch(r"[+-]?\d+", str(given).strip()):
        raise BadValue("a whole number")
    return int(str(given))


def _number(given: object) -> float:
    if isinstance(given, bool) or not re.fullmatch(r"\d+(\.\d+)?", str(given).strip()):
        raise BadValue("a number of seconds, such as 5 or 0.5")
    return float(str(given))


def _size(given: object) -> int:
    match = None if isinstance(given, bool) else _SIZE.fullmatch(str(given))
    if match is None or match[2].lower() not in UNITS:
        raise BadValue("a size such as 67108864, 64MiB or 4GiB")
    return int(float(match[1]) * UNITS[match[2].lower()])


def _switch(given: object) -> bool:
    word = str(given).strip().lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise BadValue("1 or 0 (also true/false, yes/no, on/off)")


def _path(given: object) -> Path:
    text = _text(given)
    if not text:
        raise BadValue("a path")
    return Path(text).expanduser()


def _secret(given: object) -> Secret:
    return given if isinstance(given, Secret) else Secret(_text(given))


def _words(given: object) -> tuple[str, ...]:
    parts: list[object] = list(given) if isinstance(given, (list, tuple)) else [*str(given).split(",")]  # pyright: ignore[reportUnknownArgumentType]
    return tuple(word for part in parts if (word := _text(part)))


def _mapping(given: object) -> dict[str, Any]:
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            given = None
    if not isinstance(given, Mapping):
        raise BadValue('a JSON object such as {"name": ...} (in a file: a mapping)')
    return {str(key): value for key, value in given.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


READERS: Mapping[str, Callable[[object], Any]] = {
    "str": _text,
    "url": _text,
    "int": _whole,
    "float": _number,
    "bytes": _size,
    "bool": _switch,
    "Path": _path,
    "Secret": _secret,
    "tuple[str, ...]": _words,
    "dict[str, Any]": _mapping,
}

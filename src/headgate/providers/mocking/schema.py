"""Values that fit a JSON Schema: made by its keywords, then judged by a real validator; the first that fits is taken."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import jsonschema_rs

from headgate.kernel import json
from headgate.providers.mocking.dice import Dice
from headgate.providers.mocking.pattern import matching

Schema = dict[str, Any]

TRIES = 24
_DEEP = 5  # from here on, what is optional is left out
_TOO_DEEP = 40
_WORDS = ("alpha", "bravo", "cedar", "delta", "ember", "fjord", "grove", "harbor")
_FORMATS = {
    "date-time": "2026-01-0{0}T09:30:00Z", "date": "2026-01-0{0}", "time": "09:3{0}:00Z", "duration": "P{0}D",
    "email": "user{0}@example.com", "idn-email": "user{0}@example.com", "hostname": "host{0}.example.com",
    "idn-hostname": "host{0}.example.com", "ipv4": "192.0.2.{0}", "ipv6": "2001:db8::{0}", "uri": "https://example.com/{0}",
    "uri-reference": "/items/{0}", "iri": "https://example.com/{0}", "iri-reference": "/items/{0}",
    "uri-template": "/items/{{id}}/{0}", "uuid": "00000000-0000-4000-8000-00000000000{0}", "regex": "^[a-z]{0}$",
    "json-pointer": "/items/{0}", "relative-json-pointer": "{0}/items",
}  # fmt: skip


def instance(schema: Any, dice: Dice, words: tuple[str, ...] = ()) -> Any:
    """A value for `schema`. `words` are what free texts are made of. When no try fits, the last one is returned."""
    maker = _Maker(schema, words or _WORDS)
    fits = _judge(schema)
    made: Any = None
    for attempt in range(TRIES):
        try:
            made = maker.make(schema, dice.fork(f"try {attempt}"), 0)
        except (ValueError, RecursionError):
            continue
        if fits(made):
            return made
    return made


def _judge(schema: Any) -> Callable[[Any], bool]:
    """Does a value fit? Everything fits a schema that the validator itself refuses."""
    try:
        return jsonschema_rs.validator_for(schema, validate_formats=True).is_valid
    except (ValueError, RecursionError):
        return lambda _: True


class _Maker:
    """Makes values for one root schema."""

    def __init__(self, root: Any, words: tuple[str, ...]) -> None:
        self._root = root
        self._words = words
        self._by_type: dict[str, Callable[[Schema, Dice, int], Any]] = {
            "object": self._object, "array": self._array, "string": self._string, "integer": self._integer,
            "number": self._number,
            "boolean": lambda _schema, dice, _depth: bool(dice.below(2)), "null": lambda _schema, _dice, _depth: None,
        }  # fmt: skip

    def make(self, schema: Any, dice: Dice, depth: int) -> Any:
        if depth > _TOO_DEEP:
            raise ValueError("the schema does not end")
        if not isinstance(schema, dict):
            if schema is False:
                raise ValueError("nothing fits")
            return self._words[0]
        flat = self._flat(cast(Schema, schema), dice, depth)
        if "const" in flat:
            return flat["const"]
        if flat.get("enum"):
            return dice.pick(cast("list[Any]", flat["enum"]))
        kind = self._kind(flat, dice, depth)
        return self._by_type[kind](flat, dice, depth)

    def _flat(self, schema: Schema, dice: Dice, depth: int) -> Schema:
        """`schema` with references followed, `allOf` merged and one of its alternatives chosen."""
        flat = dict(schema)
        for _ in range(_TOO_DEEP):
            if "$ref" in flat:
                target = self._resolve(str(flat.pop("$ref")))
                flat = merged(cast(Schema, target), flat) if isinstance(target, dict) else flat
            elif "allOf" in flat:
                for part in cast("list[Any]", flat.pop("allOf")):
                    flat = merged(flat, part) if isinstance(part, dict) else flat
            elif (key := next((key for key in ("anyOf", "oneOf") if key in flat), None)) is not None:
                flat = merged(flat, self._choose(cast("list[Any]", flat.pop(key)), dice, depth))
            elif "if" in flat:
                flat.pop("if")
                branches = [flat.pop(key) for key in ("then", "else") if key in flat]
                chosen: object = dice.pick(branches) if branches else None
                flat = merged(flat, chosen) if isinstance(chosen, dict) else flat
            else:
                return flat
        raise ValueError("the references do not end")

    def _choose(self, options: list[Any], dice: Dice, depth: int) -> Schema:
        """One alternative; deep inside, one that does not go deeper."""
        schemas = [cast(Schema, each) for each in options if isinstance(each, dict)]
        if depth >= _DEEP:
            flat_ones = [
                each for each in schemas if not {"$ref", "properties", "items", "anyOf"} & each.keys()
            ]
            schemas = flat_ones or schemas
        return dice.pick(schemas) if schemas else {}

    def _resolve(self, reference: str) -> Any:
        if not reference.startswith("#"):
            raise ValueError("only references inside the schema are followed")
        found: Any = self._root
        for step in reference[1:].split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            found = (
                cast("list[Any]", found)[int(name)]
                if isinstance(found, list)
                else cast(Schema, found).get(name)
            )
            if found is None:
                raise ValueError("dangling reference")
        return found

    def _kind(self, schema: Schema, dice: Dice, depth: int) -> str:
        told = schema.get("type")
        if isinstance(told, list):
            kinds = [kind for kind in cast("list[Any]", told) if kind in self._by_type]
            if depth >= _DEEP and "null" in kinds:
                return "null"
            return dice.pick([kind for kind in kinds if kind != "null"] or kinds or ["string"])
        if told in self._by_type:
            return str(told)
        for kind, keys in _SIGNS.items():
            if keys & schema.keys():
                return kind
        return "string"

    def _object(self, schema: Schema, dice: Dice, depth: int) -> Any:
        properties = cast(Schema, schema.get("properties") or {})
        needed = [str(key) for key in cast("list[Any]", schema.get("required") or [])]
        names = needed if depth >= _DEEP else [*properties, *(key for key in needed if key not in properties)]
        most = _number_of(schema, "maxProperties")
        if most is not None and len(names) > most:
            names = needed
        made: Schema = {}
        extra = schema.get("additionalProperties", True)
        for name in names:
            if properties.get(name, extra) is False:
                if name in needed:
                    raise ValueError("a required property is forbidden")
                continue
            try:
                made[name] = self.make(properties.get(name, extra), dice.fork(name), depth + 1)
            except ValueError:
                if name in needed:
                    raise
        for name, others in cast(Schema, schema.get("dependentRequired") or {}).items():
            for other in cast("list[str]", others) if name in made else []:
                made.setdefault(other, self.make(properties.get(other, extra), dice.fork(other), depth + 1))
        self._fill(made, schema, dice, depth)
        return made

    def _fill(self, made: Schema, schema: Schema, dice: Dice, depth: int) -> None:
        """Add further properties up to `minProperties`."""
        patterns = cast(Schema, schema.get("patternProperties") or {})
        names = cast(Schema, schema.get("propertyNames") or {})
        least = _number_of(schema, "minProperties") or 0
        for place in range(int(least) * 2):
            if len(made) >= least:
                return
            own = dice.fork(f"extra {place}")
            pattern = next(iter(patterns), None)
            name = (
                matching(pattern, own)
                if pattern
                else str(self.make(names, own, depth + 1))
                if names
                else f"extra_{place}"
            )
            model = patterns[pattern] if pattern else schema.get("additionalProperties", True)
            made.setdefault(name, self.make(model, own, depth + 1))

    def _array(self, schema: Schema, dice: Dice, depth: int) -> Any:
        items = schema.get("items", True)
        first = cast("list[Any]", schema.get("prefixItems") or (items if isinstance(items, list) else []))
        rest = schema.get("additionalItems", True) if isinstance(items, list) else items
        least = int(_number_of(schema, "minItems") or 0)
        most = _number_of(schema, "maxItems")
        wanted = least if depth >= _DEEP else max(least, len(first), 1 + dice.below(2))
        if rest is False:
            wanted = max(least, len(first))
        if most is not None:
            wanted = min(wanted, int(most))
        made: list[Any] = []
        if "contains" in schema:
            wanted = max(wanted, int(_number_of(schema, "minContains") or 1))
        for place in range(wanted * 4):
            if len(made) == wanted:
                break
            model = first[len(made)] if len(made) < len(first) else schema.get("contains", rest)
            value = self.make(model, dice.fork(f"item {place}"), depth + 1)
            if not schema.get("uniqueItems") or value not in made:
                made.append(value)
        return made

    def _string(self, schema: Schema, dice: Dice, depth: int) -> str:
        if "pattern" in schema:
            return matching(str(schema["pattern"]), dice)
        told = _FORMATS.get(str(schema.get("format")))
        text = told.format(1 + dice.below(9)) if told else dice.pick(self._words)
        if told:
            return text
        least = int(_number_of(schema, "minLength") or 0)
        most = _number_of(schema, "maxLength")
        while len(text) < least:
            text += " " + dice.pick(self._words)
        if most is not None and len(text) > most:
            text = text[: int(most)]
            if len(text.rstrip()) >= least:
                text = text.rstrip()
        return text

    def _integer(self, schema: Schema, dice: Dice, depth: int) -> int:
        low, high = _bounds(schema, 1)
        step = int(schema.get("multipleOf") or 1) or 1
        first, last = math.ceil(low / step), math.floor(high / step)
        if last < first:
            raise ValueError("no integer lies in the bounds")
        return step * (first + dice.below(min(last - first, 99) + 1))

    def _number(self, schema: Schema, dice: Dice, depth: int) -> float:
        low, high = _bounds(schema, 0)
        step = schema.get("multipleOf")
        if step:
            first, last = math.ceil(low / step), math.floor(high / step)
            return step * (first + dice.below(max(min(last - first, 99), 0) + 1))
        share = (1 + dice.below(98)) / 100
        value = round(low + (high - low) * share, 2)
        return value if low <= value <= high else low + (high - low) * share


_SIGNS: dict[str, set[str]] = {
    "object": {
        "properties",
        "required",
        "additionalProperties",
        "patternProperties",
        "minProperties",
        "propertyNames",
    },
    "array": {"items", "prefixItems", "minItems", "uniqueItems", "contains"},
    "number": {"minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"},
}


def merged(one: Schema, other: Any) -> Schema:
    """Both schemas at once, as far as that can be said by joining their keywords."""
    out = dict(one)
    for key, value in cast(Schema, other).items():
        old = out.get(key)
        if old is None:
            out[key] = value
        elif key in ("properties", "patternProperties", "$defs", "definitions"):
            both = dict(cast(Schema, old))
            for name, inner in cast(Schema, value).items():
                both[name] = {"allOf": [both[name], inner]} if name in both else inner
            out[key] = both
        elif key == "required":
            out[key] = [*old, *(name for name in value if name not in old)]
        elif key == "enum":
            out[key] = [each for each in old if each in value]
        elif key in ("minimum", "minLength", "minItems", "exclusiveMinimum", "minProperties"):
            out[key] = max(old, value)
        elif key in ("maximum", "maxLength", "maxItems", "exclusiveMaximum", "maxProperties"):
            out[key] = min(old, value)
        elif key == "type":
            out[key] = _both_types(old, value)
        elif key == "allOf":
            out[key] = [*old, *value]
        elif key in ("anyOf", "oneOf"):
            out["allOf"] = [*cast("list[Any]", out.get("allOf") or []), {key: value}]
        else:
            out[key] = value
    return out


def _both_types(one: Any, other: Any) -> Any:
    first = cast("list[Any]", one if isinstance(one, list) else [one])
    second = cast("list[Any]", other if isinstance(other, list) else [other])
    shared: list[Any] = [kind for kind in first if kind in second]
    if "integer" in second and "number" in first and "integer" not in shared:
        shared.append("integer")
    if "integer" in first and "number" in second and "integer" not in shared:
        shared.append("integer")
    return shared or first


def _number_of(schema: Schema, key: str) -> float | None:
    value = schema.get(key)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _bounds(schema: Schema, gap: int) -> tuple[float, float]:
    """The least and the greatest number; `gap` is what an exclusive bound is away from its number."""
    low, high = _number_of(schema, "minimum"), _number_of(schema, "maximum")
    above, below = _number_of(schema, "exclusiveMinimum"), _number_of(schema, "exclusiveMaximum")
    if above is not None:
        above = math.floor(above) + gap if gap else math.nextafter(above, math.inf)
        low = above if low is None else max(low, above)
    if below is not None:
        below = math.ceil(below) - gap if gap else math.nextafter(below, -math.inf)
        high = below if high is None else min(high, below)
    if low is None:
        low = 0 if high is None or high >= 0 else high - 100
    if high is None:
        high = max(low, 0) + 100
    return low, high


def as_text(value: Any) -> str:
    """A value as the JSON text that a model would write."""
    return json.encode(value).decode()

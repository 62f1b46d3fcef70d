"""Values by schema, judged by a real validator."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.providers.mocking.dice import Dice
from headgate.providers.mocking.schema import instance

TREE: dict[str, Any] = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "additionalProperties": False,
            "required": ["name", "children"],
            "properties": {
                "name": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            },
        }
    },
}
LINKED: dict[str, Any] = {
    "type": "object",
    "required": ["next"],
    "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
}
FORMATS = [
    "date-time",
    "date",
    "time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "uuid",
    "regex",
    "json-pointer",
    "iri",
    "idn-email",
    "uri-template",
    "relative-json-pointer",
]
SCHEMAS: dict[str, Any] = {
    "object": {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    },
    "nested": {
        "type": "object",
        "properties": {
            "x": {
                "type": "object",
                "properties": {"y": {"type": "array", "items": {"type": "number"}}},
                "required": ["y"],
            }
        },
        "required": ["x"],
    },
    "enum": {"enum": ["a", 1, None]},
    "const": {"const": {"a": [1]}},
    "types": {"type": ["string", "null"]},
    "anyOf": {"anyOf": [{"type": "integer", "minimum": 5}, {"type": "string", "minLength": 30}]},
    "oneOf": {"oneOf": [{"type": "integer", "multipleOf": 3}, {"type": "integer", "multipleOf": 5}]},
    "allOf": {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
            {"properties": {"a": {"minimum": 7}}, "required": ["b"]},
        ]
    },
    "allOf types": {"allOf": [{"type": "number"}, {"type": "integer", "maximum": 3}]},
    "not": {"type": "integer", "minimum": 0, "maximum": 3, "not": {"enum": [0, 1]}},
    "if": {
        "type": "object",
        "properties": {"k": {"enum": ["a", "b"]}},
        "required": ["k"],
        "if": {"properties": {"k": {"const": "a"}}},
        "then": {"required": ["x"]},
        "else": {"required": ["y"]},
    },
    "bounds": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001},
    "integer bounds": {"type": "integer", "minimum": -3.5, "exclusiveMaximum": -2},
    "negative": {"type": "integer", "maximum": -10},
    "huge": {"type": "integer", "minimum": 2**60},
    "multiple": {"type": "number", "multipleOf": 0.25, "minimum": 1},
    "lengths": {"type": "string", "minLength": 3, "maxLength": 4},
    "one char": {"type": "string", "maxLength": 1},
    "long": {"type": "string", "minLength": 500},
    "empty": {"type": "string", "maxLength": 0},
    "pattern": {"type": "string", "pattern": "^[A-Z]{2}[0-9]{4}$"},
    "items": {"type": "array", "items": {"type": "boolean"}, "minItems": 3, "maxItems": 3},
    "no items": {"type": "array", "maxItems": 0},
    "unique": {"type": "array", "items": {"enum": [1, 2, 3]}, "minItems": 3, "uniqueItems": True},
    "tuple": {
        "type": "array",
        "prefixItems": [{"type": "string"}, {"type": "integer"}],
        "items": False,
        "minItems": 2,
    },
    "contains": {"type": "array", "contains": {"const": 7}, "minContains": 2},
    "minProperties": {"type": "object", "minProperties": 3, "additionalProperties": {"type": "integer"}},
    "maxProperties": {
        "type": "object",
        "properties": {"a": True, "b": True},
        "maxProperties": 1,
        "required": ["b"],
    },
    "patternProperties": {
        "type": "object",
        "patternProperties": {"^x_": {"type": "integer"}},
        "additionalProperties": False,
        "minProperties": 1,
    },
    "propertyNames": {"type": "object", "propertyNames": {"pattern": "^[a-c]{4}$"}, "minProperties": 2},
    "dependentRequired": {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "dependentRequired": {"a": ["b"]},
    },
    "no type": {"properties": {"a": {"minimum": 3}}, "required": ["a"]},
    "anything": {},
    "true": True,
    "boolean": {"type": "boolean"},
    "null": {"type": "null"},
    "tree": TREE,
    "linked list": LINKED,
    "definitions": {"$ref": "#/definitions/a~1b", "definitions": {"a/b": {"type": "integer"}}},
    "forbidden property": {"type": "object", "properties": {"a": False, "b": {"type": "integer"}}},
    **{f"format {name}": {"type": "string", "format": name} for name in FORMATS},
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_values_fit_their_schema(name: str) -> None:
    schema = SCHEMAS[name]
    validator = jsonschema_rs.validator_for(schema, validate_formats=True)
    for seed in range(10):
        made = instance(schema, Dice(bytes([seed])))
        assert validator.is_valid(made), made


def test_the_same_dice_make_the_same_value_and_others_another() -> None:
    schema = SCHEMAS["object"]
    made = [instance(schema, Dice(bytes([seed]))) for seed in range(20)]
    assert made == [instance(schema, Dice(bytes([seed]))) for seed in range(20)]
    assert len({str(each) for each in made}) > 5


def test_free_texts_are_made_of_the_given_words() -> None:
    assert instance({"type": "string"}, Dice(b""), ("Paris",)) == "Paris"


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"$ref": "#/nowhere"},
        {"$ref": "https://example.com/x"},
        {"$ref": "#"},
        {"type": 7},
        {"allOf": [False]},
        {"type": "object", "required": ["a"], "properties": {"a": False}},
    ],
)
def test_a_schema_that_nothing_fits_ends_all_the_same(schema: Any) -> None:
    instance(schema, Dice(b""))


LEAF = st.sampled_from(
    [
        {"type": "string"},
        {"type": "integer", "minimum": 3},
        {"enum": ["x", "y"]},
        {"type": "null"},
        {"const": 1},
        {"type": "string", "format": "date"},
        {"type": "number", "maximum": 1},
        {"type": "boolean"},
        {"$ref": "#/$defs/d"},
    ]
)
NODE = st.recursive(
    LEAF,
    lambda inner: (
        st.builds(
            lambda item, least: {"type": "array", "items": item, "minItems": least}, inner, st.integers(0, 2)
        )
        | st.builds(lambda options: {"anyOf": options}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(
            lambda named, extra: {
                "type": "object",
                "properties": named,
                "required": list(named),
                "additionalProperties": extra,
            },
            st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
            st.booleans(),
        )
    ),
    max_leaves=6,
)


@settings(max_examples=60)
@given(NODE, st.binary(max_size=2))
def test_any_schema_of_the_usual_parts_is_met(schema: dict[str, Any], seed: bytes) -> None:
    full = {"$defs": {"d": {"type": "string", "minLength": 2}}, **schema}
    assert jsonschema_rs.validator_for(full).is_valid(instance(full, Dice(seed)))

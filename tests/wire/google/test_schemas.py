"""Google's schemas as JSON Schema, and field names in either spelling."""

from headgate.wire.google.schemas import camel, json_schema


def test_schemas_become_json_schema():
    schema = {
        "type": "OBJECT", "nullable": True, "required": ["a"], "propertyOrdering": ["a"],
        "properties": {"a": {"type": "ARRAY", "items": {"type": "STRING", "enum": ["x"]}, "minItems": "1"},
                       "b": {"anyOf": [{"type": "NUMBER"}]}},
    }  # fmt: skip
    assert json_schema(schema) == {
        "type": ["object", "null"], "required": ["a"],
        "properties": {"a": {"type": "array", "items": {"type": "string", "enum": ["x"]}, "minItems": 1},
                       "b": {"anyOf": [{"type": "number"}]}},
    }  # fmt: skip


def test_only_googles_own_names_are_changed():
    given = {
        "function_call": {"args": {"snake_arg": 1}},
        "tools": [{"function_declarations": [{"parameters": {"a_b": 1}}]}],
    }
    assert camel(given) == {
        "functionCall": {"args": {"snake_arg": 1}}, "tools": [{"functionDeclarations": [{"parameters": {"a_b": 1}}]}],
    }  # fmt: skip

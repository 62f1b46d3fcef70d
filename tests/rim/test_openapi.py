"""The document: version, credentials, errors of each family, and that it is built once."""

from __future__ import annotations

import pytest

from headgate.rim.openapi import SCHEMES, OpenApi, build_document, family_schema
from headgate.testing.house import House
from tests.rim.things import rooms


async def test_errors_are_told_in_the_schema_of_their_family(house: House) -> None:
    document = build_document(house.app(rooms()))
    operation = document["paths"]["/api/v1/things"]["post"]
    assert operation["responses"]["400"]["content"]["application/json"]["schema"]["$ref"].endswith(
        "/PunkError"
    )
    assert (
        "422" not in operation["responses"] and "HTTPValidationError" not in document["components"]["schemas"]
    )
    assert set(document["components"]["securitySchemes"]) == set(SCHEMES)


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/v1/models", "OpenAIError"),
        ("/api/v1/keys", "PunkError"),
        ("/api/status", "PlainError"),
        ("/", "PlainError"),
    ],
)
def test_each_family_of_paths_has_its_schema(path: str, schema: str) -> None:
    assert family_schema(path) == schema


async def test_the_document_is_built_once_and_knows_the_root_path(house: House) -> None:
    made = OpenApi(house.app(rooms()), root_path="/llm")
    first = await made.document()
    assert await made.document() is first and b'"servers":[{"url":"/llm"}]' in first

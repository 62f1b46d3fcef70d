"""The models list in both shapes, as the SDKs read them."""

from __future__ import annotations

from typing import Any

from anthropic.types import ModelInfo
from openai.types import Model

from headgate.wire.openai_models import model_body, models_body

MODELS: dict[str, Any] = {
    "b": {"id": "b", "object": "model", "created": 1700000000, "owned_by": "x", "context_window": 8},
    "a": {"id": "a"},
}


def test_openais_shape_keeps_what_the_provider_says() -> None:
    body = models_body(MODELS)
    assert body == {
        "object": "list",
        "data": [
            {"id": "a", "object": "model", "created": 0, "owned_by": "unknown"},
            {"id": "b", "object": "model", "created": 1700000000, "owned_by": "x", "context_window": 8},
        ],
    }
    for row in body["data"]:
        Model.model_validate(row)


def test_anthropics_shape() -> None:
    body = models_body(MODELS, anthropic=True)
    assert body == {
        "data": [
            {
                "type": "model",
                "id": "a",
                "display_name": "a",
                "created_at": "1970-01-01T00:00:00Z",
                "lifecycle": "active",
            },
            {
                "type": "model",
                "id": "b",
                "display_name": "b",
                "created_at": "2023-11-14T22:13:20Z",
                "lifecycle": "active",
            },
        ],
        "first_id": "a",
        "has_more": False,
        "last_id": "b",
    }
    for row in body["data"]:
        ModelInfo.model_validate(row)


def test_an_empty_list() -> None:
    assert models_body({}, anthropic=True) == {
        "data": [],
        "first_id": None,
        "has_more": False,
        "last_id": None,
    }
    assert models_body({}) == {"object": "list", "data": []}


def test_one_model() -> None:
    assert model_body({"id": "m", "owned_by": None})["owned_by"] == "unknown"
    assert model_body(
        {"id": "m", "created_at": "2025-01-01T00:00:00Z", "display_name": "M", "shutdown_date": "2026-01-01"},
        anthropic=True,
    ) == {
        "type": "model",
        "id": "m",
        "display_name": "M",
        "created_at": "2025-01-01T00:00:00Z",
        "lifecycle": "deprecated",
    }

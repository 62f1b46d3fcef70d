"""`GET /v1/models` and `/v1/models/{id}`: OpenAI's shape, or Anthropic's for a client that sends `anthropic-version`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.kernel.clock import iso

Model = Mapping[str, Any]


def models_body(models: Mapping[str, Model], *, anthropic: bool = False) -> dict[str, Any]:
    """The list of `models` (by id) in the order of their ids."""
    rows = [model_body(models[name], anthropic=anthropic) for name in sorted(models)]
    if not anthropic:
        return {"object": "list", "data": rows}
    first, last = (rows[0]["id"], rows[-1]["id"]) if rows else (None, None)
    return {"data": rows, "first_id": first, "has_more": False, "last_id": last}


def model_body(model: Model, *, anthropic: bool = False) -> dict[str, Any]:
    """One model; what the provider says beyond the usual fields stays."""
    if anthropic:
        return {
            "type": "model",
            "id": model["id"],
            "display_name": model.get("display_name") or model["id"],
            "created_at": _created_at(model),
            "lifecycle": model.get("lifecycle") or ("deprecated" if model.get("shutdown_date") else "active"),
        }
    usual = {"id": model["id"], "object": "model", "created": model.get("created") or 0}
    return usual | dict(model) | {"created": usual["created"], "owned_by": model.get("owned_by") or "unknown"}


def _created_at(model: Model) -> str:
    """ISO 8601 to the second; the epoch when the provider did not tell, as Anthropic does."""
    told = model.get("created_at")
    if isinstance(told, str):
        return told
    created = model.get("created")
    seconds = int(created) if isinstance(created, (int, float)) else 0
    return iso(seconds * 1_000_000).replace(".000000Z", "Z")

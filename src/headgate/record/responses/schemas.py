"""The answers of `/v1/responses/{id}`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class KeptResponse(BaseModel):
    """A response as it was made."""

    model_config = ConfigDict(extra="allow")

    id: str
    object: Literal["response"]


class DeletedResponse(BaseModel):
    """The response is gone."""

    id: str
    object: Literal["response"] = "response"
    deleted: bool = True


class InputItems(BaseModel):
    """A page of the items that a response was made from, newest first unless asked otherwise."""

    object: Literal["list"] = "list"
    data: list[dict[str, Any]]
    first_id: str | None
    last_id: str | None
    has_more: bool

"""What goes over HTTP for credentials. Values go in and never come back."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["api_key", "bearer", "basic", "header", "other"]
MAX_VALUE = 16 * 1024


class NewCredential(BaseModel):
    """A secret to keep. Name it `cred:<id>` where one is asked for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "tracker", "kind": "bearer", "value": "an example, not a secret"}]
        },
    )

    name: str = Field(min_length=1, max_length=200, description="What people know it by; one of a kind.")
    kind: Kind = "other"
    value: str = Field(min_length=1, max_length=MAX_VALUE)


class Credential(BaseModel):
    """A credential as it is shown: everything but its value."""

    id: str
    ref: str = Field(description="How to name it: `cred:<id>`.")
    name: str
    kind: str
    keyId: str = Field(description="Id of the key of this server that it is encrypted with.")
    createdAt: str
    updatedAt: str


class Credentials(BaseModel):
    credentials: list[Credential]
    total: int
    has_more: bool
    limit: int
    offset: int


class Deleted(BaseModel):
    ok: bool
    id: str

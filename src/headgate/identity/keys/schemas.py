"""What goes over HTTP about keys: the keys of `/api/v1/keys`, and the environment keys of `/api/v1/api-keys`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints

Environment = Literal["dev", "staging", "production"]
Label = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
AppId = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$"),
]
Moment = Annotated[
    str | int | float | None,
    Field(
        description="ISO 8601, or seconds since the epoch. Without it the key does not expire.",
        examples=["2030-01-01T00:00:00Z"],
    ),
]
TIME = "2026-01-02T03:04:05.678901Z"


class NewKey(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "staging observe", "mode": "observe", "appId": "support-agent", "admin": False}
            ]
        }
    )

    name: Label = Field("", description="What people call it.")
    mode: Literal["observe", "optimize"] = Field(
        "optimize", description="`observe` never blocks and never serves an optimised answer."
    )
    appId: AppId | None = Field(
        None, description="Pins the key to one app: it overrides X-Punk-App and sees only its runs."
    )
    admin: StrictBool = Field(False, description="All rights in the tenant.")
    expiresAt: Moment = None


class Key(BaseModel):
    """A key as lists show it: never the token, only its beginning."""

    id: str = Field(examples=["key_01JH2M8Y2C9W5T7Q3V6X8Z1A4B"])
    name: str = Field(examples=["staging observe"])
    prefix: str = Field(examples=["pk_4mRk"])
    kind: Literal["pk", "sy", "sy_admin", "po_live"]
    mode: Literal["observe", "optimize"]
    appId: str | None = Field(examples=["support-agent"])
    admin: bool
    environment: str | None
    rights: list[str] = Field(examples=[["calls:write", "runs:read"]])
    createdAt: str = Field(examples=[TIME])
    lastUsedAt: str | None = Field(description="Written once a minute.", examples=[TIME])
    expiresAt: str | None
    revokedAt: str | None


class MintedKey(Key):
    """A new key with its token, which is shown this once."""

    token: str = Field(examples=["pk_4mRk0cXqT1..."])


class KeyList(BaseModel):
    keys: list[Key]
    total: int
    has_more: bool
    limit: int
    offset: int


class NewApiKey(BaseModel):
    """An environment key to be made."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"environment": "staging", "label": "CI/CD key"}]}
    )

    environment: Environment
    label: Label = ""
    expiresAt: Moment = None


class ApiKey(BaseModel):
    """An environment key as lists show it."""

    id: str = Field(examples=["key_01JH2M8Y2C9W5T7Q3V6X8Z1A4B"])
    keyPrefix: str = Field(examples=["po_live_xyz9"])
    environment: str | None = Field(examples=["staging"])
    label: str = Field(examples=["CI/CD key"])
    createdAt: str = Field(examples=[TIME])
    lastUsedAt: str | None
    expiresAt: str | None
    revokedAt: str | None


class MintedApiKey(ApiKey):
    """A new environment key, shown in full this once."""

    fullKey: str = Field(examples=["po_live_xyz9876543210..."])


class ApiKeyMade(BaseModel):
    data: MintedApiKey


class ApiKeyFound(BaseModel):
    data: ApiKey


class ApiKeyList(BaseModel):
    data: list[ApiKey]
    total: int
    has_more: bool
    limit: int
    offset: int

"""What goes over HTTP about projects (tenants)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class NewProject(BaseModel):
    """A project to be made."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "My AI App"}]})

    name: Name = Field(description="What people call it.")


class Project(BaseModel):
    """A project: the wall around all data, keys and settings."""

    id: str = Field(examples=["ten_01JH2M8Y2C9W5T7Q3V6X8Z1A4B"])
    name: str = Field(examples=["My AI App"])
    createdAt: str = Field(examples=["2026-01-02T03:04:05.678901Z"])


class MyProject(Project):
    """The project of the key that asks."""

    environment: str | None = Field(
        description="The environment of the key, when it has one.", examples=["production"]
    )


class CreatedProject(BaseModel):
    """A new project and its first key."""

    project: Project
    apiKey: str = Field(description="Shown this once.", examples=["po_live_4mRk0cXqT1..."])


class ProjectCreated(BaseModel):
    data: CreatedProject


class ProjectFound(BaseModel):
    data: MyProject

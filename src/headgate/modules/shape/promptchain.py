"""Put named blocks of text where a prompt says `{{name}}`."""

from __future__ import annotations

from typing import Any, Literal, cast

from pydantic import Field, field_validator
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec
from headgate.modules.templates import holes, render
from headgate.wire.texts import request_texts, rewrite_request

HOLE = b"{{"


class Config(ModuleConfig):
    enabled: bool = False
    blocks: dict[str, str] = Field(
        default_factory=dict, description="Name to text. What is in a block is not read again."
    )
    roles: tuple[Literal["system", "user", "assistant"], ...] = Field(
        ("system", "user"), description="In whose texts blocks are put."
    )
    max_chars: int = Field(200_000, ge=1, le=1_000_000, description="A text may become so long.")

    @field_validator("blocks", mode="before")
    @classmethod
    def _from_list(cls, given: Any) -> Any:
        """`[{"name": ..., "content": ...}]` is understood too."""
        if not isinstance(given, list):
            return cast(object, given)
        rows = cast("list[Any]", given)
        if not all(
            isinstance(row, dict) and {"name", "content"} <= cast("dict[str, Any]", row).keys()
            for row in rows
        ):
            raise ValueError("each row must have a `name` and a `content`")
        return {row["name"]: row["content"] for row in rows}


class PromptChain(Module[Config]):
    spec = Spec(
        "promptchain", "transform", Phase.SHAPE, "Puts named blocks of text into prompts.", ("prompt_blocks",)
    )
    Config = Config

    @override
    def on_request(self, call: Call) -> Reply | None:
        if HOLE not in call.body or not self.config.blocks:
            return None
        changes: dict[tuple[str | int, ...], str] = {}
        used: set[str] = set()
        for text in request_texts(call):
            if text.role in self.config.roles and not text.sealed and "{{" in text.text:
                found = self.config.blocks.keys() & set(holes(text.text))
                if found:
                    used |= found
                    changes[text.path] = render(
                        text.text, self.config.blocks, max_chars=self.config.max_chars
                    )
        if changes:
            rewrite_request(call, changes)
            call.explanation["blocks"] = sorted(used)
        return None

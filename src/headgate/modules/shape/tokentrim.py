"""Make a conversation fit its model's window by leaving out messages. The system text and the last message always stay."""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Tools
from headgate.modules.limits import BYTES_PER_TOKEN, max_output
from headgate.modules.wildcards import Wildcards
from headgate.wire.conversation import Message, messages, set_messages

Strategy = Literal["middle-out", "head", "tail"]


class Window(BaseModel):
    """How much fits into some models."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_context: int = Field(ge=16, description="Tokens of request and answer together.")
    strategy: Strategy | None = Field(None, description="Another strategy than the default.")


class Config(ModuleConfig):
    enabled: bool = False
    strategy: Strategy = Field(
        "middle-out", validation_alias=AliasChoices("strategy", "default_strategy"),
        description="middle-out: the first and the newest stay. head: the oldest stay. tail: the newest stay.",
    )  # fmt: skip
    models: dict[str, Window] = Field(
        default_factory=dict, description="Model, with * for any rest, to its window."
    )
    default_context: int = Field(128_000, ge=16, description="The window of every other model.")
    safety_margin: int = Field(500, ge=0, description="Tokens kept free, for tokens are only estimated.")
    answer_tokens: int = Field(
        1000, ge=0, description="Tokens kept free for the answer, when the caller names no maximum."
    )


class TokenTrim(Module[Config]):
    spec = Spec(
        "tokentrim",
        "transform",
        Phase.SHAPE,
        "Leaves out messages so that a prompt fits its model.",
        ("token_trim",),
    )
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._models = Wildcards(config.models)

    @override
    def on_request(self, call: Call) -> Reply | None:
        pattern = self._models.match(call.model)
        window = self.config.models[pattern] if pattern is not None else None
        context = window.max_context if window is not None else self.config.default_context
        if len(call.body) // BYTES_PER_TOKEN + self.config.safety_margin <= context - max_output(
            call, self.config.answer_tokens
        ):
            return None
        strategy = (window.strategy if window is not None else None) or self.config.strategy
        self._trim(
            call, context - self.config.safety_margin - max_output(call, self.config.answer_tokens), strategy
        )
        return None

    def _trim(self, call: Call, room: int, strategy: Strategy) -> None:
        said = messages(call)
        if len(said) < 2:
            return
        beside = (
            len(call.body) - sum(len(message.raw) for message in said)
        ) // BYTES_PER_TOKEN  # tools, system, settings
        groups = grouped(said)
        kept = choose(
            [sum(_tokens(said[at]) for at in group) for group in groups],
            _fixed(said, groups),
            room - beside,
            strategy,
        )
        stays = {at for number in kept for at in groups[number]}
        if len(stays) == len(said):
            return
        gone = [at for at in range(len(said)) if at not in stays]
        tokens = sum(_tokens(said[at]) for at in gone)
        set_messages(call, [message for at, message in enumerate(said) if at in stays])
        call.explanation["tokentrim"] = {
            "strategy": strategy,
            "messagesLeftOut": gone,
            "tokensLeftOut": tokens,
        }
        call.warn(f"tokentrim left {len(gone)} messages out of the prompt")


def grouped(said: list[Message]) -> list[list[int]]:
    """Positions of messages that belong together: a tool's answer never stays without the call of it."""
    groups: list[list[int]] = []
    ties: list[set[str]] = []
    for at, message in enumerate(said):
        if groups and message.ties & ties[-1]:
            groups[-1].append(at)
            ties[-1] |= message.ties
        else:
            groups.append([at])
            ties.append(set(message.ties))
    return groups


def choose(sizes: list[int], fixed: set[int], room: int, strategy: Strategy) -> set[int]:
    """Which groups stay: the fixed ones, and of the others as many as there is room for, as the strategy says."""
    room -= sum(sizes[at] for at in fixed)
    others = [at for at in range(len(sizes)) if at not in fixed]
    if strategy == "tail":
        others.reverse()
    elif strategy == "middle-out":  # from both ends towards the middle, the newest first
        ends = [at for pair in zip(reversed(others), others, strict=True) for at in pair]
        others = list(dict.fromkeys(ends))
    kept = set(fixed)
    for at in others:
        if sizes[at] > room:
            break
        room -= sizes[at]
        kept.add(at)
    return kept


def _fixed(said: list[Message], groups: list[list[int]]) -> set[int]:
    return {
        number
        for number, group in enumerate(groups)
        if len(said) - 1 in group or any(said[at].role == "system" for at in group)
    }


def _tokens(message: Message) -> int:
    return len(message.raw) // BYTES_PER_TOKEN + 1

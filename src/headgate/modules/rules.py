"""Rules that pick a model: a CEL expression, or one of the simple conditions of the reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, cast

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator, model_validator

from headgate.kernel.conditions import Condition
from headgate.modules.callers import share
from headgate.modules.conditions import KNOWN, READS, Operator, Values, comparison
from headgate.modules.wildcards import safe_pattern

Asked = Literal[
    "always",
    "token_count",
    "prompt_length",
    "pattern",
    "contains",
    "header",
    "model",
    "provider",
    "time_of_day",
    "ab_split",
]
NUMBERS = ("token_count", "prompt_length", "time_of_day")
Row = dict[str, Any]


NAMES = frozenset(KNOWN)


class Rule(BaseModel):
    """One rule. It fits when its `when` is true, or else when its condition holds; the first that fits is taken."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    name: str = Field("", max_length=200, description="How the run calls it.")
    priority: int = Field(0, description="Rules with a higher one are tried first.")
    when: str = Field(
        "",
        max_length=4000,
        description="A CEL expression over model, prompt, tokens, headers, tags, hour, ...",
    )
    condition: Asked = Field("always", description="What is compared, when there is no `when`.")
    operator: Operator = Field("eq", description="How it is compared.")
    value: str | float = Field(
        "", description="With what. For `header`: the name, or `name=value`. For `ab_split`: percent."
    )
    model: str = Field(
        "", validation_alias=AliasChoices("model", "route_to_model"), description="The model that is asked."
    )
    provider: str = Field(
        "",
        validation_alias=AliasChoices("provider", "route_to_provider"),
        description="The provider that is asked.",
    )
    weight: float = Field(
        100.0, ge=0, le=100, description="Percent of the calls that fit and are sent there."
    )

    @model_validator(mode="before")
    @classmethod
    def _from_smartroute(cls, given: Any) -> Any:
        """`{condition: {field, op, value}, action: {...}}` is understood too."""
        if not isinstance(given, dict):
            return cast(object, given)
        row = dict(cast(Row, given))
        if isinstance(row.get("condition"), dict):
            condition = cast(Row, row.pop("condition"))
            row |= {
                "condition": condition.get("field"),
                "operator": condition.get("op", "eq"),
                "value": condition.get("value", ""),
            }
        if isinstance(row.get("action"), dict):
            row |= cast(Row, row.pop("action"))
        return row

    @field_validator("when")
    @classmethod
    def _compiles(cls, text: str) -> str:
        if text:
            Condition(text, NAMES)
        return text

    @model_validator(mode="after")
    def _sensible(self) -> Rule:
        if not self.model and not self.provider:
            raise ValueError("a rule needs a model or a provider")
        if self.condition == "pattern" or (self.operator == "matches" and self.condition not in NUMBERS):
            safe_pattern(str(self.value).partition("=")[2] if self.condition == "header" else str(self.value))
        if self.condition in (*NUMBERS, "ab_split") and not self.when:
            float(self.value)
        return self


def condition_of(rule: Rule) -> Callable[[Values], bool]:
    """What a rule asks of a call, as a function."""
    if rule.when:
        condition = Condition(rule.when, NAMES)
        return lambda values: condition.holds({name: KNOWN[name](values) for name in condition.names})
    if rule.condition == "ab_split":
        percent = float(rule.value)
        return lambda values: share(values.call, rule.name, "user") * 100 < percent
    if rule.condition == "always":
        return lambda _values: True
    if rule.condition == "header":
        name, has_value, wanted = str(rule.value).partition("=")
        given, compare = name.strip().lower().encode(), comparison(rule.operator, wanted)
        return lambda values: (
            given in values.call.headers
            and (not has_value or compare(values.call.headers[given].decode("latin-1")))
        )
    read = READS[rule.condition]
    operator: Operator = {"pattern": "matches", "contains": "contains"}.get(rule.condition, rule.operator)  # type: ignore[assignment]
    compare = comparison(operator, rule.value, number=rule.condition in NUMBERS)
    return lambda values: compare(read(values))

"""Hold answers to a JSON Schema, named in `X-Schema` or given in the request; ask again for what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import jsonschema_rs
from pydantic import Field, field_validator
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import AskAgain, Module, ModuleConfig, Phase, Spec, StreamFilter, Tools
from headgate.kernel import json
from headgate.kernel.errors import BadRequest, GatewayError
from headgate.wire.formats import asked_schema, unfenced
from headgate.wire.hold_back import MAX_WHOLE_BYTES, Edit, HoldBackFilter, Span
from headgate.wire.texts import reply_text, reply_texts, rewrite_reply

NAME, HEADER = "validation", b"x-schema"
ERRORS = 5  # told to the model


class AnswerInvalid(GatewayError):
    """The model's answer does not fit the schema it was to follow, also after it was asked again."""

    status: ClassVar[int] = 502
    code: ClassVar[str] = "answer_invalid"


class Config(ModuleConfig):
    enabled: bool = False
    schemas: Mapping[str, dict[str, Any]] = Field(
        {}, description="JSON Schemas by name, for the header X-Schema."
    )
    from_request: bool = Field(True, description="Hold answers to the schema that the request itself names.")
    max_retries: int = Field(2, ge=0, le=3, description="How often a model is asked again.")
    action: Literal["block", "flag"] = Field(
        "block", description="When no answer fits: block refuses it, flag lets it pass."
    )

    @field_validator("schemas")
    @classmethod
    def _valid(cls, schemas: Mapping[str, dict[str, Any]]) -> Mapping[str, dict[str, Any]]:
        for name, schema in schemas.items():
            try:
                jsonschema_rs.validator_for(schema)
            except ValueError as error:
                raise ValueError(f"{name!r} is no usable JSON Schema: {error}") from None
        return schemas


class Validation(Module[Config]):
    spec = Spec(
        NAME,
        "validate",
        Phase.INSPECT,
        "Checks answers against a JSON Schema and asks again when they do not fit.",
        ("structuredshield", "jsonguard"),
    )
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._named = {name: jsonschema_rs.validator_for(schema) for name, schema in config.schemas.items()}

    @override
    def on_reply(self, call: Call, reply: Reply) -> None:
        if reply.status != 200 or reply.tool_calls or (validator := self._validator(call)) is None:
            return
        text = reply_text(call, reply)
        plain = unfenced(text)
        problem = _problem(validator, plain)
        if problem is None:
            self._unfence(call, reply, text, plain)
            return
        if call.notes.get("asks", 0) < self.config.max_retries:
            raise AskAgain(
                f"Your answer does not follow the JSON Schema: {problem}. Answer with corrected JSON only."
            )
        self.conclude(call, problem)

    @override
    def stream_filter(self, call: Call) -> StreamFilter | None:
        """A stream leaves once it is complete and valid: it can't be asked for again after its beginning has left."""
        validator = None if call.observing else self._validator(call)
        if validator is None:
            return None
        return HoldBackFilter(call.wire, _Whole(self, call, validator), max_held=MAX_WHOLE_BYTES, name=NAME)

    def _unfence(self, call: Call, reply: Reply, text: str, plain: str) -> None:
        said = [each for each in reply_texts(call, reply) if each.text == text]
        if plain != text and not call.observing:
            rewrite_reply(call, reply, {each.path: plain for each in said})

    def conclude(self, call: Call, problem: str) -> None:
        """No answer fits: refuse it, or let it pass with a warning."""
        call.explanation[NAME] = {
            "valid": False,
            "problem": problem,
            "asks": call.explanation.get("asked_again", 0),
        }
        if self.config.action == "block":
            raise AnswerInvalid(f"The answer does not follow the JSON Schema: {problem}.")
        call.warn(f"{NAME}: the answer does not follow the JSON Schema")

    def _validator(self, call: Call) -> Any:
        if HEADER in call.headers:
            name = call.headers[HEADER].decode("latin-1").strip()
            if name not in self._named:
                raise BadRequest(f"There is no schema {name[:60]!r}.", param="X-Schema")
            return self._named[name]
        if not self.config.from_request or (schema := asked_schema(call)) is None:
            return None
        try:
            return jsonschema_rs.validator_for(schema)
        except ValueError:
            call.warn(f"{NAME}: the request's JSON Schema cannot be used, so the answer was not_scanned")
            return None


class _Whole:
    """Judges each text of what is said once it is complete."""

    def __init__(self, module: Validation, call: Call, validator: Any) -> None:
        self._module, self._call, self._validator = module, call, validator

    def scan(self, span: Span) -> tuple[list[Edit], int]:
        if not span.ended:
            return [], span.before
        if span.role == "assistant" and span.text:
            plain = unfenced(span.text)
            problem = _problem(self._validator, plain)
            if problem is not None:
                self._module.conclude(self._call, problem)
            elif plain != span.text:
                return [Edit(0, len(span.text), plain)], len(span.text)
        return [], len(span.text)


def _problem(validator: Any, text: str) -> str | None:
    try:
        value = json.decode(text)
    except ValueError:
        return "it is no JSON"
    errors = [
        f"{each.message} at /{'/'.join(map(str, each.instance_path))}"
        for each in validator.iter_errors(value)
    ][:ERRORS]
    return "; ".join(errors) or None

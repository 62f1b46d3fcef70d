"""No field without a fate: the table is held against the SDKs' own types, and against what the codecs really do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from google.genai.types import ContentDict, GenerateContentConfigDict
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming

from headgate.call.call import Wire
from headgate.kernel.errors import BadRequest
from headgate.wire import neutral
from headgate.wire.anthropic.fates import SERVER_TYPES
from headgate.wire.codec import Fates
from headgate.wire.codecs import CODECS
from headgate.wire.destiny import OPAQUE, PLACED, WHOLE
from headgate.wire.fates import READ, WRITE, fate
from tests.wire.field_samples import BASES, MODELS, SAMPLES, body_of
from tests.wire.vendor_types import fields_of

ROOTS: dict[Wire, Any] = {
    "openai.chat": CompletionCreateParamsNonStreaming,
    "anthropic.messages": MessageCreateParamsNonStreaming,
    "openai.responses": ResponseCreateParamsNonStreaming,
    "google.generate": GenerateContentConfigDict,
}
OF_THE_STREAM = {"stream", "stream_options"}  # how the answer comes; tests of streams hold them
PAIRS = [(client, upstream) for client in SAMPLES for upstream in WRITE if client != upstream]


def is_of_a_server(wire: Wire, kind: str) -> bool:
    return wire == "anthropic.messages" and kind.startswith(SERVER_TYPES)


@pytest.mark.parametrize("wire", ROOTS)
def test_every_field_of_the_sdk_has_a_place(wire: Wire):
    types = READ[wire].types

    def descend(kind: str, field: str) -> bool:
        fields = types.get(kind)
        to = fields.get(field) if fields is not None and not isinstance(fields, str) else None
        return to is not None and not to.endswith(WHOLE)

    missing: list[str] = []
    also = fields_of(ContentDict, descend) if wire == "google.generate" else ()
    for kind, fields in (*fields_of(ROOTS[wire], descend), *also):
        if is_of_a_server(wire, kind):
            continue
        known = types.get(kind)
        if known is None:
            missing.append(kind)
        elif not isinstance(known, str):
            missing += [f"{kind}.{field}" for field in fields if field not in known]
    assert missing == []


@pytest.mark.parametrize("upstream", WRITE)
@pytest.mark.parametrize("client", READ)
def test_every_field_has_a_fate_at_every_provider(client: Wire, upstream: Wire):
    for kind, fields in READ[client].types.items():
        if isinstance(fields, str):
            assert fields == OPAQUE
            continue
        for field in fields:
            assert fate(client, kind, field, upstream).kind


@pytest.mark.parametrize("upstream", WRITE)
def test_every_neutral_field_of_a_request_has_a_fate(upstream: Wire):
    ours = {"maker", "extra", "lost", "functions"}  # how it was read, not what was asked
    asked = {name for name in neutral.Request.__struct_fields__ if name not in ours}
    told = {name.partition(".")[0] for name in WRITE[upstream][1]}
    assert asked <= told


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
def test_the_codecs_do_what_the_table_says(client: Wire, upstream: Wire):
    root = ROOTS[client].__name__
    wrong: list[str] = []
    for field, values in SAMPLES[client].items():
        told = fate(client, root, field, upstream).kind
        seen = {outcome(client, upstream, field, value) for value in values}
        if seen != {told}:
            wrong.append(f"{field}: the table says {told}, but it is {sorted(seen)}")
    assert wrong == []


@pytest.mark.parametrize("client", SAMPLES)
def test_there_is_a_sample_for_every_field(client: Wire):
    root: Any = READ[client].types[ROOTS[client].__name__]
    asked = {field for field, to in root.items() if to is None or to.removesuffix(WHOLE) != PLACED}
    also = {"previous_response_id", "response_schema", "response_json_schema"}  # held by tests of their own
    assert set(SAMPLES[client]) | set(BASES[client]) | OF_THE_STREAM | also >= asked


def outcome(client: Wire, upstream: Wire, field: str, value: Any) -> str:
    """What really becomes of a field: sent, changed, dropped or refused."""
    before, _ = sent(client, upstream, BASES[client])
    try:
        after, warnings = sent(client, upstream, BASES[client] | {field: value})
    except BadRequest:
        return "refused"
    if any(" was dropped" in warning for warning in warnings):
        return "dropped"
    if warnings:
        return "changed"
    assert after != before, f"{field} reaches nobody and nobody hears of it"
    return "sent"


def sent(client: Wire, upstream: Wire, fields: dict[str, Any]) -> tuple[Any, list[str]]:
    request = CODECS[client].read_request(json.dumps(body_of(client, fields)).encode())
    fates = Fates()
    for path in request.lost:
        fates.drop(path)
    body = CODECS[upstream].write_request(request, MODELS[upstream], fates)
    return json.loads(body), fates.warnings

"""The fate of every request field of every client wire at every provider's wire: data that tests and the docs are made of.

A codec says where its fields go in the neutral form (`READ`), and what becomes of each neutral field on its way out
(`WRITE`). Put together they tell the fate of a field between any two wires.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from headgate.call.call import Wire
from headgate.wire.anthropic import fates as anthropic
from headgate.wire.bedrock import fates as bedrock
from headgate.wire.chat import fates as chat
from headgate.wire.destiny import OPAQUE, PLACED, WHOLE, Destiny, Fields
from headgate.wire.google import fates as google
from headgate.wire.neutral import Maker
from headgate.wire.responses import fates as responses

FateKind = Literal["sent", "changed", "dropped", "refused"]


class Reading(NamedTuple):
    """A client wire: whose it is, and its fields by the name of the vendor's type they stand in."""

    maker: Maker
    types: Mapping[str, Fields | str]


READ: Mapping[Wire, Reading] = MappingProxyType(
    {
        "openai.chat": Reading("openai", chat.READ),
        "anthropic.messages": Reading("anthropic", anthropic.READ),
        "openai.responses": Reading("openai", responses.READ),
        "google.generate": Reading("google", google.READ),
    }
)
WRITE: Mapping[Wire, tuple[Maker, Mapping[str, Destiny]]] = MappingProxyType(
    {
        "openai.chat": ("openai", chat.WRITE),
        "anthropic.messages": ("anthropic", anthropic.WRITE),
        "openai.responses": ("openai", responses.WRITE),
        "google.generate": ("google", google.WRITE),
        "bedrock.converse": ("bedrock", bedrock.WRITE),
    }
)


def fate(client: Wire, type_name: str, field: str, upstream: Wire) -> Destiny:
    """What becomes of `field` of the vendor's type `type_name`. KeyError: nobody has decided yet."""
    reading = READ[client]
    maker, places = WRITE[upstream]
    fields = reading.types[type_name]
    if isinstance(fields, str):
        return _opaque(reading.maker, maker)
    to = fields[field]
    if to is None:
        return Destiny("dropped", "no other format has a place for it")
    name = to.removesuffix(WHOLE)
    return Destiny("sent", "part of the form") if name == PLACED else places[name]


def _opaque(client: Maker, upstream: Maker) -> Destiny:
    if client == upstream:
        return Destiny("sent", "as it is")
    return Destiny("refused", "it runs only at its own provider; in an answer sent back it is dropped")


def is_opaque(fields: Fields | str) -> bool:
    """Does a whole object of this type travel as it is, to its own maker only?"""
    return fields == OPAQUE

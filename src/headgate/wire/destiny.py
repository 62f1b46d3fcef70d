"""The words in which a codec tells of its fields' fates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

OPAQUE: Final = (
    "opaque"  # instead of a type's fields: an object of it travels as it is, to its own maker only
)
PLACED: Final = ""  # part of the form: its meaning is where it stands
WHOLE: Final = "*"  # after a neutral field's name: the object is taken over as it is, whatever is in it
DROPPED: Final = None  # no neutral field: other makers' providers do not get it, and the client is told

Fields = Mapping[str, str | None]  # a vendor's field -> the neutral field it is read into


class Destiny(NamedTuple):
    """What becomes of a neutral field. `changed` and `dropped` are told in `x-headgate-warnings`."""

    kind: Literal["sent", "changed", "dropped", "refused"]
    how: str = ""


def sent(how: str = "") -> Destiny:
    return Destiny("sent", how)


def changed(how: str) -> Destiny:
    return Destiny("changed", how)


def dropped(how: str = "") -> Destiny:
    return Destiny("dropped", how)


def refused(how: str = "") -> Destiny:
    return Destiny("refused", how)

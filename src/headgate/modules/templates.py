"""Texts with `{{name}}` in them. Nothing but names: no conditions, no loops, and what is put in is not read again."""

from __future__ import annotations

import re
from collections.abc import Mapping

from headgate.kernel.errors import BadRequest

_HOLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]{0,63})\s*\}\}")


def holes(template: str) -> list[str]:
    """The names in `template`, each once, in order."""
    return list(dict.fromkeys(_HOLE.findall(template)))


def render(template: str, values: Mapping[str, str], *, max_chars: int) -> str:
    """`template` with its names replaced; a name without a value stays as it is.
    Raises BadRequest when the result is longer than `max_chars`."""
    pieces: list[str] = []
    size, at = 0, 0
    for hole in _HOLE.finditer(template):
        for piece in (template[at : hole.start()], values.get(hole[1], hole[0])):
            size += len(piece)
            if size > max_chars:
                raise _too_long(max_chars)
            pieces.append(piece)
        at = hole.end()
    if size + len(template) - at > max_chars:
        raise _too_long(max_chars)
    return "".join(pieces) + template[at:]


def _too_long(max_chars: int) -> BadRequest:
    return BadRequest(f"The filled-in template is longer than {max_chars} characters.", param="template")

"""The page of the fields of all formats: where each is read to, and what becomes of it at each provider's format."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from headgate.wire.destiny import PLACED, WHOLE
from headgate.wire.fates import READ, WRITE

Table = Callable[[Sequence[str], Sequence[Sequence[str]]], str]
INTRODUCTION = """# Fields

A request in the format of its model's provider passes as it is, every field of it. For a provider of another format it is
read into one neutral form and written again. The first table says what becomes of each neutral field; the ones below it
where the fields of each client format are read to. What is dropped or changed is told in the header
`x-headgate-warnings`; what is refused is a 400 that names the field. A field that stands in no table is dropped and told.

"""


def fields(table: Table) -> str:
    """The page. `table` writes one."""
    names = sorted({name for _, places in WRITE.values() for name in places})
    rows = [[f"`{name}`", *(_fate(places.get(name)) for _, places in WRITE.values())] for name in names]
    parts = [INTRODUCTION, table(("neutral field", *(f"to `{wire}`" for wire in WRITE)), rows)]
    for wire, reading in READ.items():
        found: list[list[str]] = []
        for kind, known in reading.types.items():
            if isinstance(known, str):
                found.append(
                    [
                        f"`{kind}`",
                        "",
                        "as it is to its own provider; refused by others, dropped from answers sent back",
                    ]
                )
                continue
            found.extend([f"`{kind}`", f"`{field}`", _read(to)] for field, to in known.items())
        parts.append(
            f"\n## From `{wire}`\n\n"
            + table(("type, as the vendor's SDK calls it", "field", "read as"), found)
        )
    return "".join(parts)


def _read(to: str | None) -> str:
    if to is None:
        return "nothing: dropped for providers of other makers"
    name = to.removesuffix(WHOLE)
    return "part of the form" if name == PLACED else f"`{name}`"


def _fate(destiny: tuple[str, str] | None) -> str:
    if destiny is None:
        return ""
    kind, how = destiny
    return f"{kind}: {how}" if how else kind

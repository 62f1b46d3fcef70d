"""Two contracts for import-linter that its own kinds cannot say: rooms meet at front doors, and not in a circle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

import grimp
from importlinter import Contract, ContractCheck, fields, output
from typing_extensions import override

Edge = tuple[str, str]


class _Rooms:
    """Which room a module belongs to. A room is `<package>.<wing>.<room>`."""

    def __init__(self, package: str, wings: Iterable[str]) -> None:
        self.package = package
        self.wings = frozenset(wings)

    def of(self, module: str) -> str | None:
        parts = module.split(".")
        if len(parts) >= 3 and parts[0] == self.package and parts[1] in self.wings:
            return ".".join(parts[:3])
        return None

    def edges(self, graph: grimp.ImportGraph) -> Iterator[Edge]:
        """Every direct import of something in a room, whoever does it: (importer, imported)."""
        for importer in sorted(graph.modules):
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                if self.of(imported) is not None and self.of(imported) != self.of(importer):
                    yield importer, imported


class FrontDoors(Contract):
    """Another room may import `between_rooms` of a room, the packages `above` only `from_above`."""

    type_name = "front_doors"

    package = fields.StringField()
    wings = fields.ListField(subfield=fields.StringField())
    between_rooms = fields.ListField(subfield=fields.StringField())
    from_above = fields.ListField(subfield=fields.StringField())
    above = fields.ListField(subfield=fields.StringField())

    @override
    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:
        rooms = _Rooms(str(self.package), _words(self.wings))
        wrong = [edge for edge in rooms.edges(graph) if not self._allowed(rooms, *edge)]
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def _allowed(self, rooms: _Rooms, importer: str, imported: str) -> bool:
        door = imported.split(".")[3:]
        if rooms.of(importer) is not None:
            return len(door) == 1 and door[0] in _words(self.between_rooms)
        if importer.split(".")[1] in _words(self.above):
            return len(door) == 1 and door[0] in _words(self.from_above)
        return True  # app, worker and cli build the rooms; the floors below are kept away by the layers

    @override
    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported in cast("list[Edge]", check.metadata["wrong"]):
            output.print_error(f"{importer} reaches into a room past its front doors: {imported}", bold=False)


class RoomsAcyclic(Contract):
    """Rooms, whichever wing they are in, do not import each other in a circle."""

    type_name = "rooms_acyclic"

    package = fields.StringField()
    wings = fields.ListField(subfield=fields.StringField())

    @override
    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:
        rooms = _Rooms(str(self.package), _words(self.wings))
        arrows: dict[str, set[str]] = {}
        for importer, imported in rooms.edges(graph):
            source, target = rooms.of(importer), rooms.of(imported)
            if source is not None and target is not None:
                arrows.setdefault(source, set()).add(target)
        circle = find_circle(arrows)
        return ContractCheck(kept=not circle, metadata={"circle": circle})

    @override
    def render_broken_contract(self, check: ContractCheck) -> None:
        output.print_error("a circle of rooms: " + " -> ".join(check.metadata["circle"]), bold=False)


def find_circle(arrows: dict[str, set[str]]) -> list[str]:
    """One circle as a path that ends where it began, or an empty list."""
    finished: set[str] = set()

    def walk(node: str, path: list[str]) -> list[str]:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in finished:
            return []
        for following in sorted(arrows.get(node, ())):
            if circle := walk(following, [*path, node]):
                return circle
        finished.add(node)
        return []

    for start in sorted(arrows):
        if circle := walk(start, []):
            return circle
    return []


def _words(field: Any) -> list[str]:
    """import-linter's field descriptors hold their value on the instance; this gives it its type back."""
    return [str(word) for word in field]

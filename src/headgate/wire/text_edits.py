"""Changing values deep inside a JSON body: only what stands on the way to them is written anew, every other byte stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from headgate.kernel import json

Path = tuple[str | int, ...]

_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_array = msgspec.json.Decoder(list[msgspec.Raw]).decode


def edited(body: bytes, changes: Mapping[Path, Any]) -> bytes:
    """`body` with the value at each path of `changes` replaced. A member that is missing is added.
    Raises KeyError or IndexError for a path that leads nowhere."""
    if not changes:
        return body
    if () in changes:
        return json.encode(changes[()])
    below: dict[str | int, dict[Path, Any]] = {}
    for path, value in changes.items():
        below.setdefault(path[0], {})[path[1:]] = value
    if isinstance(next(iter(below)), int):
        return _edited_array(body, cast("dict[int, dict[Path, Any]]", below))
    return _edited_object(body, cast("dict[str, dict[Path, Any]]", below))


def _edited_object(body: bytes, below: Mapping[str, Mapping[Path, Any]]) -> bytes:
    members: dict[str, bytes | msgspec.Raw] = {**_object(body)}
    for key, inner in below.items():
        if () not in inner and key not in members:
            raise KeyError(key)
        members[key] = edited(bytes(members.get(key, b"")), inner)
    return b"{" + b",".join([json.encode(key) + b":" + raw for key, raw in members.items()]) + b"}"


def _edited_array(body: bytes, below: Mapping[int, Mapping[Path, Any]]) -> bytes:
    items: list[bytes | msgspec.Raw] = [*_array(body)]
    for index, inner in below.items():
        items[index] = edited(bytes(items[index]), inner)
    return b"[" + b",".join(items) + b"]"


def put(tree: Any, path: Path, value: Any) -> None:
    """The same in a decoded body: the value at `path` becomes `value`."""
    for step in path[:-1]:
        tree = tree[step]
    tree[path[-1]] = value

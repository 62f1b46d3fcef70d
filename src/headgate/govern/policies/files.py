"""Policies in YAML files: strictly read, each error with its line; a bad file never replaces a good one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import ValidationError

from headgate.govern.policies.hot import Loaded
from headgate.govern.policies.schemas import Policy

MAX_FILE_BYTES = 1024 * 1024
ENDINGS = (".yaml", ".yml")

Stamp = tuple[int, int]  # when it was changed, and its size


class BadPolicyFile(ValueError):
    """A file that is not a policy. The message names file, line and reason."""


@dataclass(slots=True)
class PolicyFiles:
    """The folder of policy files. `read` looks at what has changed since the last time."""

    folder: Path
    good: dict[str, Loaded] = field(default_factory=dict[str, Loaded])
    refused: dict[str, str] = field(default_factory=dict[str, str])  # by file name, why
    _stamps: dict[str, Stamp] = field(default_factory=dict[str, Stamp])

    def read(self) -> bool:
        """Read what is new or changed, forget what is gone. Did anything change? Blocks: call it off the loop."""
        found = {path.name: path for path in self._paths()}
        changed = False
        for name in [name for name in self._stamps if name not in found]:
            del self._stamps[name]
            changed = self.good.pop(name, None) is not None or changed
            self.refused.pop(name, None)
        for name, path in found.items():
            stamp = _stamp(path)
            if stamp is None or self._stamps.get(name) == stamp:
                continue
            self._stamps[name] = stamp
            changed = self._take(name, path) or changed
        return changed

    def forget(self) -> None:
        """Read every file again the next time, changed or not."""
        self._stamps.clear()

    def loaded(self) -> list[Loaded]:
        """The policies that hold, by file name. Of two files with one policy name the first holds."""
        by_name: dict[str, Loaded] = {}
        for name in sorted(self.good):
            loaded = self.good[name]
            first = by_name.setdefault(loaded.policy.name, loaded)
            if first is not loaded:
                self.refused[name] = f"{name}: the policy {loaded.policy.name!r} is in {first.path} already"
        return list(by_name.values())

    def _take(self, name: str, path: Path) -> bool:
        try:
            policy = parse(path.read_bytes(), name)
        except (BadPolicyFile, OSError) as error:
            self.refused[name] = str(error)
            return False  # the old one stays
        self.refused.pop(name, None)
        self.good[name] = Loaded(policy, "file", f"file:{name}", True, name)
        return True

    def _paths(self) -> Sequence[Path]:
        try:
            return sorted(path for path in self.folder.iterdir() if path.suffix in ENDINGS and path.is_file())
        except OSError:
            return ()


def _stamp(path: Path) -> Stamp | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size


def parse(text: bytes, name: str) -> Policy:
    """The policy in a file's text. Raises BadPolicyFile with line and reason."""
    if len(text) > MAX_FILE_BYTES:
        raise BadPolicyFile(f"{name}: larger than {MAX_FILE_BYTES} bytes")
    try:
        node = yaml.compose(text.decode(), Loader=yaml.SafeLoader)
        fields = yaml.safe_load(text)
    except UnicodeDecodeError:
        raise BadPolicyFile(f"{name}: not UTF-8 text") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadPolicyFile(f"{name}, line {line}: not YAML: {error.problem}") from None
    except (yaml.YAMLError, RecursionError):
        raise BadPolicyFile(f"{name}: not YAML") from None
    if not isinstance(fields, dict):
        raise BadPolicyFile(f"{name}, line 1: a policy is a mapping with `name` and `rules`")
    try:
        return Policy.model_validate(fields)
    except ValidationError as error:
        problems = [_sentence(node, problem["loc"], problem["msg"]) for problem in error.errors()[:5]]
        raise BadPolicyFile(f"{name}, {'; '.join(problems)}") from None


def _sentence(node: Any, path: tuple[Any, ...], reason: str) -> str:
    where = ".".join(str(part) for part in path)
    return f"line {_line(node, path)}: {where}: {reason.removeprefix('Value error, ')}"


def _line(node: Any, path: tuple[Any, ...]) -> int:
    """The line of the innermost part of `path` that is in the file, from 1."""
    line = node.start_mark.line
    for part in path:
        if isinstance(node, yaml.MappingNode):
            pairs = cast("list[tuple[Any, Any]]", node.value)
            found = next(((key, value) for key, value in pairs if key.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = cast("list[Any]", node.value)[part]
            line = node.start_mark.line
    return line + 1

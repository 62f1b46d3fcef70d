"""Files, functions and parameter lists stay small; imports stand at the top; every file says what lives in it."""

from __future__ import annotations

import argparse
import ast
import fnmatch
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.sources import Fault, hold, load_table, python_files, report

FILE_LINES = 400
TEST_LINES = 600
MODULE_LINES = 150  # a middleware module
FUNCTION_LINES = 50
PARAMETERS = 5  # besides self or cls
Function = ast.FunctionDef | ast.AsyncFunctionDef


def file_limit(path: Path) -> int:
    if path.parts[0] == "tests":
        return TEST_LINES
    if path.parts[:3] == ("src", "headgate", "modules"):
        return MODULE_LINES
    return FILE_LINES


def faults_of(path: Path, text: str, late: Mapping[str, list[str]]) -> Iterator[Fault]:
    """Everything about one file that the house style does not want."""
    name, lines, limit = str(path), text.count("\n"), file_limit(path)
    tree = ast.parse(text, filename=name)
    if lines > limit:
        yield Fault(name, lines, f"{name}: {lines} lines, at most {limit}")
    if tree.body and ast.get_docstring(tree) is None:
        yield Fault(f"{name} docstring", 1, f"{name}: no docstring that says what lives here")
    for qualified, function in functions(tree):
        yield from function_faults(f"{name}::{qualified}", function, is_test=path.parts[0] == "tests")
    if path.parts[0] in ("src", "tools"):
        allowed = [
            module
            for pattern, modules in late.items()
            if fnmatch.fnmatch(name, pattern)
            for module in modules
        ]
        yield from late_imports(name, tree, allowed)


def functions(tree: ast.AST, inside: str = "") -> Iterator[tuple[str, Function]]:
    """Every function with its dotted name."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function | ast.ClassDef):
            name = f"{inside}.{node.name}" if inside else node.name
            if not isinstance(node, ast.ClassDef):
                yield name, node
            yield from functions(node, name)
        else:
            yield from functions(node, inside)


def function_faults(name: str, function: Function, *, is_test: bool) -> Iterator[Fault]:
    size = (function.end_lineno or function.lineno) - function.lineno + 1
    if size > FUNCTION_LINES:
        yield Fault(f"{name} lines", size, f"{name}: {size} lines, at most {FUNCTION_LINES}")
    count = parameter_count(function)
    if count > PARAMETERS and not (
        is_test and function.name.startswith("test_")
    ):  # a test's parameters are fixtures
        yield Fault(f"{name} parameters", count, f"{name}: {count} parameters, at most {PARAMETERS}")


def parameter_count(function: Function) -> int:
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [extra for extra in (arguments.vararg, arguments.kwarg) if extra is not None]
    return len([argument for argument in every if argument.arg not in ("self", "cls")])


def late_imports(name: str, tree: ast.Module, allowed: list[str]) -> Iterator[Fault]:
    """Imports inside functions, but for what the table in ratchet.toml allows this file."""
    for qualified, function in functions(tree):
        for node in ast.walk(function):
            for module in imported(node):
                if not any(module == each or module.startswith(f"{each}.") for each in allowed):
                    key = f"{name}::{qualified} imports {module}"
                    yield Fault(
                        key, 1, f"{name}:{getattr(node, 'lineno', 0)}: import of {module} inside {qualified}"
                    )


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or "."]
    return []


def all_faults(root: Path) -> list[Fault]:
    """Of every file of the checkout, the ratchet not considered."""
    late: Mapping[str, list[str]] = load_table(root, "late_imports")
    faults: dict[str, Fault] = {}
    for path in python_files(root):
        for fault in faults_of(path, (root / path).read_text(encoding="utf-8"), late):
            faults.setdefault(fault.key, fault)
    return list(faults.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path())
    root: Path = parser.parse_args().root
    known: Mapping[str, int] = load_table(root, "shape")
    return report("check_shape", hold(all_faults(root), known), len(list(python_files(root))))


if __name__ == "__main__":
    sys.exit(main())

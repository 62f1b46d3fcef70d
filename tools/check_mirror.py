"""Tests mirror the tree: a source file has its test file at the same place, and a test file has its source."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.sources import Fault, hold, load_table, python_files, report

PACKAGE = Path("src/headgate")
# values without behaviour, and what runs only once in a life
PLAIN = ("__init__.py", "__main__.py", "tables.py", "schemas.py")
# statements are tested through their service, on both databases; test equipment by the tests that use it
EXEMPT = {"versions", "queries", "queries.py", "testing"}
# tests of something larger than a file
ACROSS = ("contract", "conformance", "load", "tools", "plugins", "bench")


def has_behaviour(path: Path) -> bool:
    """Is there a function in the file that could be wrong?"""
    if path.name in PLAIN or not EXEMPT.isdisjoint(path.parts):
        return False
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(tree))


def test_homes(source: Path) -> list[Path]:
    """Where the test of a source file may stand: `a/b.py` at `a/test_b.py` or as a folder `a/b/test_*.py`."""
    place = source.relative_to(PACKAGE)
    return [Path("tests") / place.parent / f"test_{place.stem}.py", Path("tests") / place.with_suffix("")]


def is_tested(root: Path, source: Path) -> bool:
    test, folder = test_homes(source)
    # test_b_more.py is a second file about b.py, for one that grew too long
    siblings = (root / test).parent.glob(f"{test.stem}_*.py")
    return (root / test).exists() or any((root / folder).glob("test_*.py")) or any(siblings)


def has_source(root: Path, test: Path) -> bool:
    """A test about a file, a folder, or a part of a file (`test_service_rotation.py` for `service.py`)."""
    place = test.relative_to("tests")
    if place.parts[0] in ACROSS or len(place.parts) == 1:
        return True
    folder, stem = root / PACKAGE / place.parent, place.stem.removeprefix("test_")
    words = stem.split("_")
    names = ["_".join(words[: count + 1]) for count in range(len(words))]
    known = [folder / f"{name}.py" for name in names] + [folder / name for name in names]
    return any(path.exists() for path in known) or folder.with_suffix(".py").exists() or stem == folder.name


def all_faults(root: Path) -> list[Fault]:
    """Of every source and test file, the ratchet not considered."""
    lonely = [
        path for path in python_files(root, "src") if has_behaviour(root / path) and not is_tested(root, path)
    ]
    tests = [path for path in python_files(root, "tests") if path.name.startswith("test_")]
    faults = [Fault(str(path), 1, f"{path}: no test at {test_homes(path)[0]}") for path in lonely]
    faults += [
        Fault(str(path), 1, f"{path}: mirrors no source") for path in tests if not has_source(root, path)
    ]
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path())
    root: Path = parser.parse_args().root
    known: Mapping[str, int] = dict.fromkeys(load_table(root, "mirror").get("offenders", []), 1)
    return report(
        "check_mirror", hold(all_faults(root), known), len(list(python_files(root, "src", "tests")))
    )


if __name__ == "__main__":
    sys.exit(main())

"""Each checker of `make check` catches what it is there for: a fault is planted in a copy of the tree, and named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
IGNORED = shutil.ignore_patterns("__pycache__")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The tree without its tests, to be broken."""
    for folder in ("src", "tools"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=IGNORED)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def run(tree: Path, *command: str) -> tuple[int, str]:
    """A checker in the copy, which also is what it imports."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{tree}/src{os.pathsep}{tree}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def imports(tree: Path) -> tuple[int, str]:
    return run(tree, str(BIN / "lint-imports"), "--no-cache")


def shape(tree: Path) -> tuple[int, str]:
    return run(tree, sys.executable, "-m", "tools.check_shape")


def add(tree: Path, path: str, text: str) -> None:
    with (tree / path).open("a", encoding="utf-8") as file:
        file.write(text)


@pytest.mark.parametrize(
    ("importer", "line", "named"),
    [
        ("kernel/money.py", "import headgate.store.engine", "headgate.kernel.money"),
        ("call/call.py", "import headgate.gateway.serve", "headgate.call.call"),
        ("record/spend/service.py", "import headgate.record.runs.tables", "headgate.record.runs.tables"),
        ("gateway/serve.py", "import headgate.record.runs.service", "headgate.record.runs.service"),
        ("modules/admit/rateshield.py", "import headgate.modules.shape.modelalias", "rateshield"),
        ("identity/keys/hot.py", "import headgate.operate.jobs.service", "circle"),
    ],
    ids=[
        "kernel to store",
        "call to gateway",
        "room past the front door",
        "gateway past hot",
        "module to module",
        "circle of rooms",
    ],
)
def test_an_import_against_the_arrows_is_named(tree: Path, importer: str, line: str, named: str) -> None:
    add(tree, f"src/headgate/{importer}", f"\n{line}\n")
    if named == "circle":
        add(tree, "src/headgate/operate/jobs/service.py", "\nimport headgate.identity.keys.hot\n")
    status, said = imports(tree)
    assert status != 0
    assert "BROKEN" in said
    assert named in said


def _long_file(tree: Path) -> None:
    add(tree, "src/headgate/kernel/money.py", "# a line\n" * 400)


def _long_module(tree: Path) -> None:
    add(tree, "src/headgate/modules/admit/rateshield.py", "# a line\n" * 150)


def _long_function(tree: Path) -> None:
    add(tree, "src/headgate/kernel/money.py", "\n\ndef long() -> None:\n" + "    pass\n" * 50)


def _many_parameters(tree: Path) -> None:
    add(
        tree,
        "src/headgate/kernel/money.py",
        "\n\ndef wide(a: int, b: int, c: int, d: int, e: int, f: int) -> None: ...\n",
    )


def _late_import(tree: Path) -> None:
    add(tree, "src/headgate/kernel/money.py", "\n\ndef late() -> None:\n    import decimal\n")


def _silent_file(tree: Path) -> None:
    (tree / "src/headgate/kernel/silent.py").write_text("x = 1\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("plant", "named"),
    [
        (_long_file, "kernel/money.py: 4"),
        (_long_module, "modules/admit/rateshield.py"),
        (_long_function, "money.py::long: 51 lines"),
        (_many_parameters, "money.py::wide: 6 parameters"),
        (_late_import, "import of decimal inside late"),
        (_silent_file, "kernel/silent.py: no docstring"),
    ],
)
def test_what_is_too_large_or_in_the_wrong_place_is_named(
    tree: Path, plant: Callable[[Path], None], named: str
) -> None:
    plant(tree)
    status, said = shape(tree)
    assert status != 0
    assert named in said


def test_a_known_offender_may_shrink_but_not_grow(tree: Path) -> None:
    target = tree / "src/headgate/kernel/money.py"
    add(tree, "src/headgate/kernel/money.py", "# a line\n" * 400)
    size = target.read_text(encoding="utf-8").count("\n")
    ratchet = tree / "tools/ratchet.toml"
    listed = ratchet.read_text(encoding="utf-8").replace(
        "[shape]\n", f'[shape]\n"src/headgate/kernel/money.py" = {size}\n'
    )
    ratchet.write_text(listed, encoding="utf-8")
    assert "kernel/money.py" not in shape(tree)[1]
    add(tree, "src/headgate/kernel/money.py", "# one more\n")
    assert "has grown" in shape(tree)[1]
    target.write_text('"""Short again."""\n', encoding="utf-8")
    status, said = shape(tree)
    assert status != 0
    assert "offends no more" in said


def test_an_untyped_function_is_named(tree: Path) -> None:
    path = "src/headgate/kernel/untyped.py"
    (tree / path).write_text(
        '"""Planted."""\n\n\ndef double(number):\n    return number * 2\n', encoding="utf-8"
    )
    (tree / ".venv").symlink_to(BIN.parent)
    # pyright looks at what the project file says; a short list keeps this quick
    settings = (tree / "pyproject.toml").read_text(encoding="utf-8")
    (tree / "pyproject.toml").write_text(
        settings.replace('include = ["src", "tools", "bench", "tests"]', f'include = ["{path}"]'),
        encoding="utf-8",
    )
    status, said = run(tree, str(BIN / "pyright"), "--project", str(tree / "pyproject.toml"))
    assert status != 0
    assert "untyped.py:4" in said
    assert "reportMissingParameterType" in said


def test_a_route_without_a_right_is_named(tree: Path) -> None:
    planted = '\n\n@router.api.get("/api/v1/planted")\ndef planted() -> dict[str, str]:\n    return {}\n'
    add(tree, "src/headgate/record/spend/routes.py", planted)
    status, said = run(tree, sys.executable, "-m", "tools.check_routes")
    assert status != 0
    assert "/api/v1/planted does not declare the right it needs" in said


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("import os\n\nHOME = os.environ['HOME']", "os.environ"),
        ("import os\n\nHOME = os.getenv('HOME')", "os.getenv"),
        ("import datetime\n\nNOW = datetime.datetime.now()", "datetime.datetime.now"),
        ("import time\n\nNOW = time.time()", "time.time"),
        ("import asyncio\n\nTASK = asyncio.create_task", "asyncio.create_task"),
        ("import requests\n\nGET = requests.get", "requests"),
        ("import random\n\nDICE = random.Random(1)", "random"),
        ("import sqlalchemy as sa\n\nSQL = sa.text('select 1')", "sqlalchemy.text"),
        ("print('hello')", "T201"),
    ],
)
def test_a_banned_call_is_named(tree: Path, line: str, named: str) -> None:
    path = "src/headgate/kernel/banned.py"
    (tree / path).write_text(f'"""Planted."""\n\n{line}\n', encoding="utf-8")
    status, said = run(tree, str(BIN / "ruff"), "check", "--output-format", "concise", path)
    assert status != 0
    assert named in said


def test_bad_layout_is_named(tree: Path) -> None:
    add(tree, "src/headgate/kernel/money.py", "\n\nx = {  'a':1 }\n")
    status, said = run(tree, str(BIN / "ruff"), "format", "--check", "src/headgate/kernel/money.py")
    assert status != 0
    assert "money.py" in said


def test_a_source_file_without_its_test_is_named(tree: Path) -> None:
    (tree / "src/headgate/kernel/alone.py").write_text(
        '"""Planted."""\n\n\ndef one() -> int:\n    return 1\n', encoding="utf-8"
    )
    status, said = run(tree, sys.executable, "-m", "tools.check_mirror")
    assert status != 0
    assert "kernel/alone.py: no test at tests/kernel/test_alone.py" in said

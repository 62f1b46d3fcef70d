"""The pages written by hand: links lead somewhere, named files and settings exist, the tour is short."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from headgate.config import Settings
from headgate.config_sources import known_variables

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "headgate"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
GENERATED = ROOT / "docs" / "reference"
LINK = re.compile(r"\]\(([^)#:]+?)(?:#[^)]*)?\)")
VARIABLE = re.compile(r"\b(?:HEADGATE|PUNK)_[A-Z][A-Z_]*[A-Z]\b")
SOURCE_FILE = re.compile(r"`((?:[a-z_]+/)*[a-z_]+\.py)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    missing = [target for target in LINK.findall(page.read_text()) if not (page.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_variable_that_is_named_is_read(page: Path) -> None:
    known = known_variables(dataclasses.fields(Settings))
    named = set(VARIABLE.findall(page.read_text()))
    assert {name for name in named if name not in known} == set()


def test_the_tour_has_ten_files_or_fewer_and_all_of_them_exist() -> None:
    tour = (ROOT / "docs" / "tour.md").read_text()
    steps = re.findall(r"^\d+\. \*\*`([^`]+)`\*\*", tour, re.MULTILINE)
    assert 5 <= len(steps) <= 10
    for name in {*steps, *(each for each in SOURCE_FILE.findall(tour) if "/" in each)}:
        assert (SOURCE / name).is_file(), name


def test_the_tour_leads_along_imports() -> None:
    """The files of the tour are the ones a call really passes: each gateway file of it is used by the gateway."""
    tour = (ROOT / "docs" / "tour.md").read_text()
    code = "".join(path.read_text() for path in SOURCE.rglob("*.py"))
    for name in re.findall(r"^\d+\. \*\*`([^`]+)\.py`\*\*", tour, re.MULTILINE):
        assert f"headgate.{name.replace('/', '.')} import" in code, name


def test_the_glossary_has_the_words_of_the_tree() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    bold = {word for entry in re.findall(r"\*\*([^*]+)\*\*", glossary) for word in re.split(r", ", entry)}
    missing = [
        word for word in (
            "run", "frame", "spool", "drain", "plane", "door", "seam", "watch", "chain", "module", "phase", "wire", "ledger",
            "payload", "vault", "tail", "replay", "lease", "seat", "job", "worker", "room", "floor", "rim", "key",
        ) if word not in bold
    ]  # fmt: skip
    assert missing == []


def test_decisions_are_numbered_without_a_gap_and_have_their_parts() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04d}" for number in range(1, len(pages) + 1)]
    for page in pages:
        text = page.read_text()
        for part in ("Context", "Decision", "Consequences", "Alternatives", "Enforced by"):
            assert f"**{part}.**" in text, f"{page.name}: {part}"


def test_the_readme_keeps_its_place_for_measured_figures() -> None:
    readme = (ROOT / "README.md").read_text()
    assert readme.index("<!-- bench:begin -->") < readme.index("<!-- bench:end -->")

"""The generated pages say what the code says, and nothing is without its sentence."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

from headgate.config import Settings
from headgate.modules.order import ORDER
from headgate.operate.webhooks.events import FAMILIES, MEANINGS, NAMES
from tools import write_docs

ROOT = Path(__file__).parents[2]


def test_the_pages_in_the_tree_are_fresh() -> None:
    """In a process of its own: other tests import errors and routes that are not the product's."""
    told = subprocess.run(
        [sys.executable, "-m", "tools.write_docs", "--check"],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr


def test_a_changed_or_missing_page_is_stale(tmp_path: Path) -> None:
    assert write_docs.stale(tmp_path) == list(write_docs.PAGES)
    (tmp_path / "events.md").write_text(write_docs.NOTE + write_docs.event_names())
    assert "events.md" not in write_docs.stale(tmp_path)
    (tmp_path / "events.md").write_text("by hand")
    assert "events.md" in write_docs.stale(tmp_path)


def test_every_setting_module_and_event_has_its_sentence() -> None:
    for field in dataclasses.fields(Settings):
        assert field.metadata["rule"].sentence
    for kind in ORDER:
        assert kind.spec.summary
        for name, field in kind.Config.model_fields.items():
            assert name == "enabled" or field.description, f"{kind.spec.name}.{name}"
    assert MEANINGS.keys() == NAMES | set(FAMILIES)


def test_the_settings_page_never_holds_a_secret_and_names_every_setting() -> None:
    page = write_docs.settings()
    for field in dataclasses.fields(Settings):
        assert f"`{field.name}`" in page

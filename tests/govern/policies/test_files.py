"""Policy files: strictly read, errors with their line, and a bad file never replaces a good one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from headgate.govern.policies.files import BadPolicyFile, PolicyFiles, parse

GOOD = """\
name: support
version: 3
appliesTo:
  tags: [support]
rules:
  - effect: allow
    actions: ["read:*"]
  - name: mail
    effect: allow
    actions: ["write:email"]
    requiresApproval: true
    when: args.to.endsWith("@example.com")
defaultEffect: deny
"""


def write(folder: Path, name: str, text: str) -> None:
    """As an editor does, with a time of its own."""
    path = folder / name
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text)
    os.utime(path, ns=(before + 10**9, before + 10**9))


def test_a_file_is_read() -> None:
    policy = parse(GOOD.encode(), "support.yaml")

    assert (policy.name, policy.version, policy.defaultEffect, len(policy.rules)) == (
        "support",
        "3",
        "deny",
        2,
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "word"),
    [
        ("effect: allow", "effect: alow", 6, "effect"),
        ('"read:*"', '"read"', 7, "actions"),
        ("requiresApproval", "requireApproval", 11, "requireApproval"),
        ('args.to.endsWith("@example.com")', "args.to >", 12, "when"),
        ("defaultEffect: deny", "defaultEfect: deny", 13, "defaultEfect"),
        ("rules:", "rules: [", 6, "not YAML"),
        ("name: support", "- name: support", 2, "not YAML"),
    ],
)
def test_an_error_names_line_and_reason(old: str, new: str, line: int, word: str) -> None:
    with pytest.raises(BadPolicyFile) as caught:
        parse(GOOD.replace(old, new, 1).encode(), "support.yaml")

    assert f"support.yaml, line {line}" in str(caught.value)
    assert word in str(caught.value)


@pytest.mark.parametrize("text", [b"", b"- 1\n", b"\xff\xfe", b"just text", b"a: &x [*x]"])
def test_what_is_no_policy_is_refused(text: bytes) -> None:
    with pytest.raises(BadPolicyFile):
        parse(text, "x.yaml")


def test_a_bad_file_never_replaces_a_good_one(tmp_path: Path) -> None:
    files = PolicyFiles(tmp_path)
    write(tmp_path, "a.yaml", GOOD)
    assert files.read()
    assert not files.read()

    write(tmp_path, "a.yaml", "name: [")
    assert not files.read()
    assert [each.policy.version for each in files.loaded()] == ["3"]
    assert "line 1" in files.refused["a.yaml"]

    write(tmp_path, "a.yaml", GOOD.replace("version: 3", "version: 4"))
    assert files.read()
    assert [each.policy.version for each in files.loaded()] == ["4"]
    assert files.refused == {}


def test_a_file_that_is_gone_decides_no_more_and_other_endings_are_not_read(tmp_path: Path) -> None:
    files = PolicyFiles(tmp_path)
    write(tmp_path, "a.yml", GOOD)
    write(tmp_path, "notes.txt", "name: x")
    assert files.read()

    (tmp_path / "a.yml").unlink()

    assert files.read()
    assert files.loaded() == []


def test_two_files_with_one_name_are_told(tmp_path: Path) -> None:
    files = PolicyFiles(tmp_path)
    write(tmp_path, "a.yaml", GOOD)
    write(tmp_path, "b.yaml", GOOD)
    files.read()

    assert [each.path for each in files.loaded()] == ["a.yaml"]
    assert "a.yaml" in files.refused["b.yaml"]


def test_a_folder_that_is_not_there_holds_no_policies(tmp_path: Path) -> None:
    assert not PolicyFiles(tmp_path / "none").read()

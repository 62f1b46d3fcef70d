"""Rights as sets: what covers what."""

from __future__ import annotations

import pytest

from headgate.identity.keys.rights import KIND_RIGHTS, USER_RIGHTS, covers, is_admin


@pytest.mark.parametrize(
    ("mine", "wanted", "enough"),
    [
        ({"*"}, {"keys:admin", "*"}, True),
        ({"runs:*"}, {"runs:read", "runs:write"}, True),
        ({"runs:*"}, {"runs:*"}, True),
        ({"runs:read"}, {"runs:*"}, False),
        ({"runs:read"}, {"runs:read", "keys:admin"}, False),
        ({"runs:*"}, {"*"}, False),
        (set(), set(), True),
    ],
)
def test_only_held_rights_are_covered(mine: set[str], wanted: set[str], enough: bool) -> None:
    assert covers(frozenset(mine), frozenset(wanted)) is enough


def test_user_keys_administer_nothing() -> None:
    assert not [right for right in USER_RIGHTS if right.endswith((":admin", ":*")) or right == "*"]
    assert is_admin(KIND_RIGHTS["sy_admin"]) and not is_admin(KIND_RIGHTS["pk"])

"""Rights are area and verb, with wildcards; nobody's key shows itself."""

from __future__ import annotations

import pytest

from headgate.call.caller import Caller, open_caller
from headgate.kernel.errors import Forbidden


@pytest.mark.parametrize(
    ("held", "wanted", "may"),
    [
        ("runs:read", "runs:read", True),
        ("runs:read", "runs:write", False),
        ("runs:*", "runs:write", True),
        ("runs:*", "runs_of_others:write", False),
        ("*", "keys:admin", True),
        ("keys:read", "runs:read", False),
    ],
)
def test_a_right_covers_what_it_names(held: str, wanted: str, may: bool) -> None:
    assert Caller("ten_a", "pk", frozenset({held})).may(wanted) is may


def test_who_has_no_rights_may_nothing() -> None:
    assert not Caller("ten_a", "pk").may("runs:read")


def test_a_missing_right_is_named_in_the_refusal() -> None:
    with pytest.raises(Forbidden, match="keys:admin") as refused:
        Caller("ten_a", "pk").need("keys:admin")
    assert refused.value.detail == {"right": "keys:admin"}


def test_the_provider_key_of_a_caller_is_never_printed() -> None:
    caller = open_caller().with_provider_key("sk-very-secret")
    assert caller.provider_key == "sk-very-secret"
    assert "sk-very-secret" not in repr(caller)


def test_in_open_mode_everybody_is_admin_of_the_default_tenant() -> None:
    caller = open_caller()
    assert caller.admin
    assert caller.tenant == "ten_default"
    assert caller.may("anything:at_all")

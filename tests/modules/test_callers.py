"""Who a call belongs to, and that the same user always falls into the same share."""

from __future__ import annotations

import pytest

from headgate.modules.callers import WHO, Who, share
from headgate.testing.clock import FixedClock
from tests.record.cache.calls import make_call


@pytest.mark.parametrize(("of", "name"), [
    ("key", "key_1"), ("user", "ada"), ("app", "app_a"), ("project", "p"), ("session", "s"), ("agent", "bot"), ("ip", "10.0.0.1"),
    ("tenant", "ten_a"),
])  # fmt: skip
def test_a_call_has_many_names(clock: FixedClock, of: Who, name: str) -> None:
    call = make_call(clock=clock, subject="ada")
    call.project, call.session, call.agent, call.peer = "p", "s", "bot", "10.0.0.1"
    assert WHO[of](call) == name


def test_without_a_key_the_app_is_counted(clock: FixedClock) -> None:
    assert WHO["key"](make_call(clock=clock, key_id=None)) == "app:app_a"


def test_a_user_stays_and_users_spread(clock: FixedClock) -> None:
    shares = [
        share(make_call(clock=clock, subject=f"user {n}", run_id=f"run_{n}"), "x", "user") for n in range(400)
    ]
    again = [
        share(make_call(clock=clock, subject=f"user {n}", run_id="run_0"), "x", "user") for n in range(400)
    ]
    assert shares == again
    assert 150 < sum(each < 0.5 for each in shares) < 250
    assert share(make_call(clock=clock, subject="a"), "x", "user") != share(
        make_call(clock=clock, subject="a"), "y", "user"
    )


def test_without_a_session_every_call_is_its_own(clock: FixedClock) -> None:
    runs = {share(make_call(clock=clock, run_id=f"run_{n}"), "x", "session") for n in range(5)}
    assert len(runs) == 5

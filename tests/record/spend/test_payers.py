"""A call, its beginning and its end name the same payers: what is held for somebody is settled for him."""

from __future__ import annotations

from headgate.call.frames import Opened
from headgate.record.spend.payers import (
    payers_of_beginning,
    payers_of_call,
    payers_of_run,
    run_tags,
    tags_of,
    user_of,
)
from headgate.testing.clock import FixedClock
from tests.record.spend.spending import end_of, make_call


def test_a_call_and_its_frames_agree(clock: FixedClock) -> None:
    call = make_call(clock, project="web", session="s", tags={"team": "red"}, user="alice", key="key_7")
    opened = Opened(
        call.run_id, call.tenant, 0, call.wire, call.endpoint, "m", "p", "", "", "", "key_7", "optimize", False, 5, call.project,
        user_of(call), call.session, "", tags_of(call),
    )  # fmt: skip
    expected = list(payers_of_call(call).all())
    assert len(expected) == 6
    assert list(payers_of_run(end_of(call, 1)).all()) == expected
    assert list(payers_of_beginning(opened).all()) == expected


def test_the_end_user_that_an_application_names_pays_instead_of_the_keys_own(clock: FixedClock) -> None:
    call = make_call(clock, user="owner")
    call.notes["user"] = "alice"
    assert user_of(call) == "alice"


def test_odd_metadata_has_no_tags() -> None:
    for metadata in ({}, {"tags": []}, {"tags": {"a": 1}}, {"other": 1}):
        assert dict(run_tags(metadata)) == {}

"""Frames: what is written comes back as it was, and frames of an earlier version, with fewer fields, can still be read."""

from __future__ import annotations

import msgspec
import pytest

from headgate.call.frames import Closed, Event, Feedback, Frame, Late, Opened, decode_frame, encode_frame
from headgate.testing.frames import closed, opened

FRAMES: list[Frame] = [
    opened("run_1", hold_pico=7),
    closed("run_1", request=b"\x00\xff", metadata={"a": [1, None]}, cost_pico=None),
    Late("run_1", "ten_a", Event(5, "tool.called", {"n": 2**60})),
    Feedback("fb_1", "run_1", "ten_a", 5, "rating", -1, None, "", ""),
]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: type(frame).__name__)
def test_a_frame_comes_back_as_it_was(frame: Frame) -> None:
    assert decode_frame(encode_frame(frame)) == frame


@pytest.mark.parametrize(("kind", "made"), [(Opened, opened("run_1")), (Closed, closed("run_1"))])
def test_fields_with_a_default_may_be_missing(kind: type[msgspec.Struct], made: Frame) -> None:
    """A spool left behind by an earlier release is read by this one."""
    needed = sum(field.required for field in msgspec.structs.fields(kind))
    values = msgspec.msgpack.decode(encode_frame(made))

    old = decode_frame(msgspec.msgpack.encode(values[: needed + 1]))  # the tag stands first

    assert (old.run_id, getattr(old, "project")) == ("run_1", "default")  # noqa: B009 - not all frames have one


def test_fields_of_a_later_release_are_passed_over() -> None:
    values = [*msgspec.msgpack.decode(encode_frame(FRAMES[2])), "new"]

    assert decode_frame(msgspec.msgpack.encode(values)) == FRAMES[2]


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(msgspec.MsgspecError):
        decode_frame(msgspec.msgpack.encode(["z", 1]))

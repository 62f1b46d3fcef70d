"""The answer to an inner call names the run it made."""

from __future__ import annotations

from headgate.call.ports import Answer


def test_the_run_of_an_answer_is_that_of_its_header() -> None:
    assert Answer(200, b"", {"x-punk-run-id": "run_1"}).run_id == "run_1"


def test_an_answer_of_a_call_that_never_was_has_no_run() -> None:
    assert Answer(401, b"", {}).run_id == ""

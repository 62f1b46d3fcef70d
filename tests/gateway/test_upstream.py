"""What a caller is told of a network failure: each kind has its sentence, and a doubtful outcome is said to be so."""

from __future__ import annotations

from typing import get_args

import pytest

from headgate.gateway.upstream import FAILURES, provider_failure
from headgate.providers.upstream import FailureKind, UpstreamFailure

KINDS: tuple[FailureKind, ...] = get_args(FailureKind)


@pytest.mark.parametrize("kind", KINDS)
def test_each_failure_has_a_sentence_and_its_reason(kind: FailureKind) -> None:
    error = provider_failure("openai", UpstreamFailure(kind, "secret detail 10.0.0.7", sent=False))

    assert (error.status, error.message, error.detail) == (
        502,
        FAILURES[kind],
        {"provider": "openai", "reason": kind},
    )
    assert "10.0.0.7" not in str(error)


def test_a_request_that_may_have_arrived_has_an_unknown_outcome() -> None:
    error = provider_failure("openai", UpstreamFailure("reset", "", sent=True))

    assert error.detail["outcome"] == "unknown"

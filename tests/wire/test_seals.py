"""Seals come back as they went, and a text that is none is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.neutral import Maker
from headgate.wire.seals import Kind, Seal, sealed, sealed_bytes, unsealed, unsealed_bytes

MAKERS = st.sampled_from(("openai", "anthropic", "google", "bedrock"))
KINDS = st.sampled_from(("signature", "redacted", "call"))


@given(MAKERS, KINDS, st.text(), st.from_regex(r"[a-z_0-9]*", fullmatch=True))
def test_a_seal_comes_back_as_it_went(maker: Maker, kind: Kind, value: str, owner: str):
    seal = Seal(maker, kind, value.encode("utf-8", "ignore").decode(), owner)
    assert unsealed(sealed(seal)) == seal
    assert unsealed_bytes(sealed_bytes(seal)) == seal
    assert unsealed_bytes(sealed_bytes(seal).rstrip("=").replace("+", "-").replace("/", "_")) == seal


@pytest.mark.parametrize(
    "text", ["", "gAAAAB_x", "hg1", "hg1.nobody.s..x", "hg1.google.z..x", "hg2.google.s..x"]
)
def test_other_texts_are_no_seals(text: str):
    assert unsealed(text) is None
    assert unsealed_bytes(text) is None

"""A text is cut after a sentence, else after a word, else just there."""

from __future__ import annotations

import pytest

from headgate.wire.sentences import sentence_end


@pytest.mark.parametrize(
    ("text", "limit", "left"),
    [
        ("One. Two. Three.", 10, "One. Two."),
        ("One two three", 9, "One two"),
        ("abcdefgh", 3, "abc"),
        ("short", 10, "short"),
        ('He said "no." Then', 14, 'He said "no."'),
        ("Version 1.2 is out. Yes", 12, "Version 1.2"),
        ("Version 1.2 is out", 10, "Version"),
        ("日本。次の文", 4, "日本。"),
    ],
)
def test_where_a_text_is_cut(text: str, limit: int, left: str) -> None:
    assert text[: sentence_end(text, limit)].rstrip() == left

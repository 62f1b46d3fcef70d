"""Each word of a fate makes the kind it names."""

from headgate.wire.destiny import changed, dropped, refused, sent


def test_each_word_makes_its_kind():
    assert [(one.kind, one.how) for one in (sent("a"), changed("b"), dropped(), refused("d"))] == [
        ("sent", "a"), ("changed", "b"), ("dropped", ""), ("refused", "d"),
    ]  # fmt: skip

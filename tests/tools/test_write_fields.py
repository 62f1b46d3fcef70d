"""The page of fields names every field of every format, and what becomes of it."""

from headgate.wire.fates import READ, WRITE
from tools.write_docs import table
from tools.write_fields import fields


def test_every_field_of_every_format_stands_on_the_page():
    page = fields(table)
    for _, places in WRITE.values():
        assert all(f"`{name}`" in page for name in places)
    for wire, reading in READ.items():
        assert f"## From `{wire}`" in page
        for kind, known in reading.types.items():
            assert f"`{kind}`" in page
            assert all(f"`{name}`" in page for name in known if not isinstance(known, str))

"""Facets: the stretches of a batch hold every run of a value, and what is looked through does not overlap."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from headgate.record.runs.facets import FACETS, Stretch, facet, rows, union
from headgate.testing.frames import closed

STRETCHES = st.lists(
    st.tuples(st.integers(100, 999), st.integers(100, 999)).map(
        lambda ends: Stretch(str(min(ends)), str(max(ends)), 1)
    ),
    min_size=1,
    max_size=20,
)


def test_each_value_has_its_count_and_the_ids_it_lies_between() -> None:
    runs = [closed("run_1", app="a"), closed("run_3", app="b"), closed("run_2", app="a", status="failed")]

    found = {name: (low, high, count) for _, name, high, low, count in rows(runs)}

    assert found[facet("app", "a")] == ("run_1", "run_2", 2)
    assert found[facet("app", "b")] == ("run_3", "run_3", 1)
    assert found[facet("status", "completed")] == ("run_1", "run_3", 2)
    assert {name.partition("=")[0] for name in found} == set(FACETS)


def test_tenants_are_kept_apart() -> None:
    found = rows([closed("run_1", tenant="ten_a"), closed("run_2", tenant="ten_b")])

    assert [(tenant, count) for tenant, name, _, _, count in found if name == "app=default-app"] == [
        ("ten_a", 1),
        ("ten_b", 1),
    ]


def test_a_batch_without_runs_has_no_rows() -> None:
    assert rows([]) == []


@given(STRETCHES, st.integers(1, 5))
def test_the_union_covers_every_stretch_without_overlap_and_is_not_too_long(
    stretches: list[Stretch], most: int
) -> None:
    merged = union(stretches, most)

    assert len(merged) <= most
    assert all(later[1] < newer[0] for newer, later in pairwise(merged))
    assert all(any(low <= each.low and each.high <= high for low, high in merged) for each in stretches)

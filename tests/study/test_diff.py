"""Differences that are put into a table, and found again."""

import numpy as np
import pytest

from accelsim.base.errors import StudyError
from accelsim.study.diff import diff_tables
from accelsim.study.table import Table

ROWS = {
    "model": ["BERT", "BERT", "T5", "T5"],
    "seq_len": [1024, 4096, 1024, 4096],
    "latency_s": [1.0, 2.0, 3.0, None],
    "bound": ["DRAM", "DRAM", "compute", None],
}
BEFORE = Table.of(ROWS)


def changed(**columns):
    return Table.of({**ROWS, **columns})


def test_a_table_equals_itself_in_any_order():
    found = diff_tables(BEFORE, BEFORE.at(np.array([2, 0, 3, 1])))
    assert (found.is_empty, found.rows, found.key) == (True, 4, ("model", "seq_len"))


def test_the_largest_relative_change_goes_first():
    after = changed(latency_s=[1.5, 2.0, 6.0, None])
    assert diff_tables(BEFORE, after).changed.rows() == [
        {
            "model": "T5",
            "seq_len": 1024,
            "measure": "latency_s",
            "before": 3.0,
            "after": 6.0,
            "absolute": 3.0,
            "relative": 1.0,
        },
        {
            "model": "BERT",
            "seq_len": 1024,
            "measure": "latency_s",
            "before": 1.0,
            "after": 1.5,
            "absolute": 0.5,
            "relative": 0.5,
        },
    ]


def test_texts_and_gaps_differ_without_a_number():
    after = changed(latency_s=[1.0, 2.0, 3.0, 4.0], bound=["compute", "DRAM", "compute", None])
    rows = diff_tables(BEFORE, after).changed.rows()
    assert [(row["measure"], row["before"], row["after"]) for row in rows] == [
        ("latency_s", None, 4.0),
        ("bound", "DRAM", "compute"),
    ]
    assert [row["relative"] is None for row in rows] == [False, True]
    assert np.isnan(rows[0]["relative"])


def test_a_nan_is_a_gap():
    nan = changed(latency_s=[1.0, 2.0, 3.0, float("nan")])
    assert diff_tables(BEFORE, nan).is_empty


@pytest.mark.parametrize(("tolerance", "differ"), [(0, True), (1e-12, True), (1e-8, False)])
def test_numbers_may_differ_by_a_share(tolerance, differ):
    after = changed(latency_s=[1.0, 2.0, 3.0 * (1 + 1e-9), None])
    assert len(diff_tables(BEFORE, after, tolerance=tolerance).changed) == differ


def test_rows_of_one_table_only():
    after = changed(seq_len=[1024, 4096, 1024, 8192])
    found = diff_tables(BEFORE, after)
    assert [row["seq_len"] for row in found.only_before.rows()] == [4096]
    assert [row["seq_len"] for row in found.only_after.rows()] == [8192]
    assert (found.rows, len(found.changed), found.is_empty) == (3, 0, False)


def test_columns_of_one_table_only():
    found = diff_tables(BEFORE, changed(energy_pj=[1, 2, 3, 4]))
    assert (found.columns_before, found.columns_after) == ((), ("energy_pj",))
    assert not found.is_empty


def test_rows_may_be_known_by_what_is_named():
    found = diff_tables(BEFORE, changed(seq_len=[1, 2, 3, 4]), by=["latency_s"])
    assert [row["measure"] for row in found.changed.rows()] == ["seq_len"] * 4
    with pytest.raises(StudyError, match="no column 'modl'. Did you mean 'model'"):
        diff_tables(BEFORE, BEFORE, by=["modl"])


def test_rows_that_are_alike_are_matched_in_their_order():
    same = {"model": ["BERT", "BERT"], "latency_s": [1.0, 2.0]}
    after = Table.of({**same, "latency_s": [1.0, 3.0]})
    found = diff_tables(Table.of(same), after)
    assert [(row["before"], row["after"]) for row in found.changed.rows()] == [(2.0, 3.0)]


def test_the_address_of_a_row_is_no_part_of_it():
    addressed = [Table.of({"point": address, **ROWS}) for address in ([1, 2, 3, 4], [5, 6, 7, 8])]
    assert diff_tables(*addressed).is_empty


def test_single_rows_are_compared_whatever_they_are_of():
    one = Table.of({"machine": ["a"], "latency_s": [2.0]})
    found = diff_tables(one, Table.of({"machine": ["b"], "latency_s": [1.0]}))
    assert {row["measure"] for row in found.changed.rows()} == {"machine", "latency_s"}

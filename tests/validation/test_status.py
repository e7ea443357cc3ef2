"""The table of what was held against what; errors by hand."""

import pytest

from accelsim.study.table import Table
from accelsim.validation.gpu_compare import Statistics
from accelsim.validation.published import load_published
from accelsim.validation.status import (
    FILE,
    of_published,
    of_statistics,
    read_status,
    write_status,
)


def _comparison(*rows):
    names = ("name", "ours", "published", "verdict")
    return Table.of({name: [row[n] for row in rows] for n, name in enumerate(names)})


def test_errors_are_shares_of_what_was_published():
    comparison = _comparison(
        ("a", 1.1, 1.0, "agrees"), ("b", 0.7, 1.0, "differs"), ("c", float("nan"), 1.0, "not run")
    )
    (one, other) = of_published(["x", "y"], comparison, [load_published("fusemax")], "by hand")
    assert (one.machine, other.machine, one.rows, one.family) == ("x", "y", 2, "all")
    assert (one.mean_percent, one.bias_percent) == ("20.00", "-10.00")
    assert one.of == "published numbers (fusemax)"
    assert one.note.startswith("1 of 2 are within their tolerance. 16 constants were inferred")


def test_neither_a_price_nor_a_bound_makes_the_error_smaller():
    names = ("usd_per_hour_33b_apart", "bandwidth_needed_to_a_batch_of_300", "mean_gain_of_batch")
    comparison = _comparison(*((name, 0.9, 1.0, "agrees") for name in names))
    (row,) = of_published(["x"], comparison, [load_published("lamina")], "by hand")
    assert (row.rows, row.mean_percent) == (1, "10.00")
    assert row.note == "2 of 2 are within their tolerance."


def test_nothing_that_ran_is_no_row():
    comparison = _comparison(("c", float("nan"), 1.0, "not run"))
    assert of_published(["x"], comparison, [load_published("fusemax")], "by hand") == []


@pytest.fixture
def rows():
    found = [Statistics("GEMM", 3, 0.05, 0.04, 0.1, -0.02), Statistics("all", 4, 0.07, 0, 0.2, 0)]
    return of_statistics("h100", "calls", found, "accelsim validate gpu", "A note.")


def test_rows_are_renewed_and_others_stay(rows, tmp_path):
    others = [row._replace(machine="a100") for row in rows]
    write_status([*rows, *others], tmp_path)
    write_status([rows[1]._replace(mean_percent="1.00")], tmp_path)
    found = read_status(tmp_path / FILE)
    assert [(row[0], row[2], row[4]) for row in found] == [
        ("a100", "GEMM", "5.00"),
        ("a100", "all", "7.00"),
        ("h100", "all", "1.00"),
    ]
    head = (tmp_path / FILE).read_text(encoding="utf-8").splitlines()[0]
    assert head == (
        "machine,of,family,rows,mean_percent,p95_percent,bias_percent,note,command,date"
    )

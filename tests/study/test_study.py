"""What study.yaml may say."""

import pytest

from accelsim.base.errors import InputError
from accelsim.base.record import read_record
from accelsim.base.yamlfile import parse_yaml
from accelsim.study.axes import Axis
from accelsim.study.study import Study, axes_of, tables_of


def read(text: str) -> Study:
    return read_record(parse_yaml(f"question: Why?\n{text}", "study.yaml"), Study)


def test_a_study_of_one_workload_has_one_table_with_one_run() -> None:
    (table,) = tables_of(read("workload: w\narch: a\nvary: {workload.ranks.M: [1, 2]}"))
    (run,) = table.runs
    assert (table.name, run.parts[0].workload, run.parts[0].mapping) == ("results", "w", None)
    assert axes_of(table) == {
        "workload.ranks.M": Axis(set=("workload.ranks.M",), to=(1, 2)),
    }


def test_values_between_commas_are_several() -> None:
    assert read("workload: w\narch: a\nmodels: XLM, T5").models == ("XLM", "T5")
    assert Axis(to=("1",)).with_values("4, 8").to == ("4", "8")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("workload: w", "a 'workload' needs an 'arch'"),
        (
            "mapping: m\ntables: [{name: t, runs: [{parts: [{workload: w, arch: a}]}]}]",
            "'mapping': this stands in 'tables' where there are any",
        ),
        ("source: x", "either 'tables' or a 'workload' on an 'arch'"),
        (
            "workload: w\narch: a\nvery: {}",
            "study.yaml:4: Study has no 'very'. Did you mean 'vary'?",
        ),
        (
            "workload: w\narch: a\nsummary: [{title: t, over: {table: r, points: [a]}, of: x}]",
            "a digest has two columns of points",
        ),
    ],
)
def test_what_a_study_cannot_be(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        read(text)

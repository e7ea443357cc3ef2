"""What `vary`, `zip`, `where` and `sample` may say, and what a study says to the rest."""

from collections.abc import Callable
from pathlib import Path

import pytest

from accelsim.base.errors import InputError
from accelsim.study.axes import Axis, as_axis
from accelsim.study.table import Table

Run = Callable[..., Table]

AXES = "vary: {a: {set: workload.ranks.M, to: [8, 16]}, b: {to: [1, 2]}}\n"


def test_a_path_with_a_range_sets_itself() -> None:
    axis = as_axis("arch.clock", Axis(from_="1 GHz", to=("2 GHz",), steps=2))
    assert axis.set == ("arch.clock",)
    assert as_axis("share", Axis(to=(1,))).set == ()


def test_zipped_axes_advance_together_and_others_cross_them(run: Run) -> None:
    found = run(AXES.replace("}}", "}, c: {to: [5, 6]}}") + "zip: [[a, c]]")
    columns = [found[name].tolist() for name in ("a", "b", "c")]
    assert columns == [[8, 8, 16, 16], [1, 2, 1, 2], [5, 5, 6, 6]]


def test_a_condition_drops_points_by_numbers_in_house_units(run: Run) -> None:
    text = "vary: {arch.clock: [1 GHz, 2 GHz], workload.ranks.M: [8, 16]}\n"
    found = run(text + "where: arch.clock / 1e9 * 8 == workload.ranks.M")
    assert found["arch.clock"].tolist() == ["1 GHz", "2 GHz"]
    assert found["workload.ranks.M"].tolist() == [8, 16]


def test_a_range_is_a_column_of_numbers_and_means_its_unit(run: Run) -> None:
    """48 B at 4 and 8 B/cycle are 12 and 6 cycles."""
    path = "arch.memories.DRAM.bandwidth"
    found = run(f"vary: {{{path}: {{from: 4 B/cycle, to: 8 B/cycle, steps: 2}}}}")
    assert found[path].tolist() == [4, 8]
    assert found["cycles"].tolist() == [12, 6]


def test_a_file_lies_beside_the_study(run: Run, folder: Path) -> None:
    (folder / "sizes.csv").write_text("m\n8\n16\n", encoding="utf-8")
    found = run("vary: {m: {set: workload.ranks.M, file: sizes.csv}}")
    assert found["cycles"].tolist() == [12, 24]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("zip: [[a, c]]", "study.yaml:1: Study: zip: there is no axis 'c'. The axes are a, b"),
        ("zip: [[a, b], [b, a]]", "zip: the axis 'a' is zipped twice"),
        ("zip: [[a]]", "zip: a is zipped with nothing"),
        ("zip: [a, b]", "zip: a is zipped with nothing; write a list of lists, like [[a, b]]"),
        ("where: c > 2", "where: there is no axis 'c'. The axes are a, b"),
        ("where: a >", "where: 'a >' is not an expression"),
        ("where: a > 100", "no point of table results meets 'a > 100'. Vary more"),
        ("sample: {method: sobl, number: 4}", "'sobl' is none of 'grid'"),
        ("sample: {method: sobol, number: 1073741824}", "1,073,741,824 points are too many"),
        ("sample: {method: sobol, number: 5}", "powers of two; write 4 or 8"),
        ("sample: {method: sobol}", "a sample needs 'number'"),
        ("sample: {number: 4}", "a grid has all points; leave out 'number'"),
        ("sample: {method: adaptive, number: 4}", "'adaptive' needs 'minimise' or 'maximise'"),
        ("sample: {method: sobol, number: 4, batch: 2}", "only the method 'adaptive' has a"),
    ],
)
def test_what_a_study_cannot_ask(run: Run, text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        run(AXES + text)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        ("{set: workload.ranks.M}", "an axis needs values"),
        ("{set: workload.ranks.M, from: 1, to: [2, 3], steps: 2}", "a range has one end"),
        ("{set: workload.ranks.M, to: [2, 3], steps: 2}", "'steps' is for ranges"),
        ("{set: workload.ranks.M, from: 1, to: 3, steps: 2, step: 1}", "either 'steps'"),
        ("{set: workload.ranks.M, file: a.csv, to: [2, 3]}", "a 'file' has the values"),
        ("{set: workload.ranks.M, to: 3, column: a}", "a 'column' is of a 'file'"),
        ("{set: workload.ranks.M, form: 1, to: 3}", "Axis has no 'form'. Did you mean 'from'?"),
    ],
)
def test_what_an_axis_cannot_be(run: Run, axis: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        run(f"vary: {{m: {axis}}}")
    assert message in str(error.value)
    assert "study.yaml:5: " in str(error.value)


def test_zipped_axes_of_other_lengths_are_refused(run: Run) -> None:
    with pytest.raises(InputError, match="zipped axes need as many values each: a has 2, b has 3"):
        run(AXES.replace("[1, 2]", "[1, 2, 3]") + "zip: [[a, b]]")

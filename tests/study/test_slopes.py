"""Elasticities of a subject that is a formula: those of powers are their exponents."""

import numpy as np
import pytest

from accelsim.base.errors import StudyError
from accelsim.base.units import quantity
from accelsim.study.crossover import crossover_of
from accelsim.study.pointwise import Pointwise
from accelsim.study.quantities import Quantity
from accelsim.study.ranges import read_range
from accelsim.study.sensitivity import Sides, elasticities
from accelsim.study.slopes import elasticities_of, slopes
from accelsim.study.sobol import sobol_of_subject
from accelsim.study.subject import BOUND, ENERGY, LATENCY, ArraySubject

NUMBERS = {
    "rate": Quantity(4e9, "B/s"),
    "size": Quantity(6),
    "one": Quantity(1),
    "zero": Quantity(0.0),
}


def ask(settings):
    """size^2 / rate, bound by the wire below 10 GB/s. A size above 100 cannot run."""
    now = {path: each.value for path, each in NUMBERS.items()}
    now |= {path: quantity(text, NUMBERS[path].unit or "1") for path, text in settings.items()}
    if now["size"] > 100:
        raise StudyError(f"a size of {now['size']} is too large")
    bound = "the wire" if now["rate"] < 10e9 else "compute"
    return {LATENCY: now["size"] ** 2 / now["rate"], ENERGY: now["rate"] ** 0.5, BOUND: bound}


@pytest.fixture
def subject():
    return Pointwise("a formula", NUMBERS, (LATENCY, ENERGY), ask, explain=None, made_of={})


def sides(table):
    return {(r["parameter"], r["measure"]): (r["left"], r["right"]) for r in table.rows()}


def test_elasticities_of_powers_are_their_exponents(subject):
    table = elasticities_of(subject)
    found = sides(table)
    assert found["rate", LATENCY] == pytest.approx((-1, -1))
    assert found["rate", ENERGY] == pytest.approx((0.5, 0.5))
    assert found["size", LATENCY] == pytest.approx((2, 2))
    assert found["one", LATENCY] == (None, 0)
    assert found["zero", LATENCY] == (None, None)
    methods = {row["parameter"]: row["method"] for row in table.rows()}
    assert methods == {"rate": "difference", "size": "doubling", "one": "doubling", "zero": ""}


def test_measures_and_patterns_choose(subject):
    table = elasticities_of(subject, [ENERGY], ["r*", "rate"], step=0.5)
    assert sides(table) == {("rate", ENERGY): pytest.approx((0.5, 0.5))}


def test_a_side_that_cannot_run_is_none(subject):
    assert slopes(subject, ("size",), 60, True)[0][LATENCY] == Sides(pytest.approx(2), None)


def test_of_an_array_they_are_its_derivatives(design):
    array = ArraySubject(design(), "a toy")
    assert elasticities_of(array).rows() == elasticities(design()).rows()


@pytest.mark.parametrize(
    "asked, told",
    [
        ({"of": ["latency"]}, "Did you mean 'latency_s'"),
        ({"parameters": ["rat"]}, "Did you mean 'rate'"),
        ({"step": -1}, "a step of -1 is no step"),
    ],
)
def test_slips_are_told(subject, asked, told):
    with pytest.raises(StudyError, match=told):
        elasticities_of(subject, **asked)


def test_the_crossover_is_where_the_formula_has_it(subject):
    found = crossover_of(subject, read_range(subject, "rate=1 GB/s..1 TB/s log"))
    assert [each.bound for each in found.segments] == ["the wire", "compute"]
    assert found.boundaries == (pytest.approx(10e9, rel=subject.precision),)
    assert found.segments[1].high_latency_s == pytest.approx(36 / 1e12)
    assert found.grid["latency_s"] == pytest.approx(36 / found.grid["value"])


def test_whole_numbers_end_where_nothing_can_run(subject):
    found = crossover_of(subject, read_range(subject, "size=50..200"))
    assert [(s.bound, s.low, s.high) for s in found.segments] == [
        ("the wire", 50, 100),
        ("cannot run", 101, 200),
    ]
    with pytest.raises(StudyError, match="can run nowhere in that range: a size of 150"):
        crossover_of(subject, read_range(subject, "size=150..200"))


def test_sobol_indices_of_what_alone_changes_it(subject):
    found = sobol_of_subject(subject, [ENERGY], ["rate=1 GB/s..9 GB/s", "size=1..9"])
    first = {row["parameter"]: row["first"] for row in found.table.rows()}
    assert found.points == 64 * 4
    assert (first["rate"], first["size"]) == pytest.approx((1, 0), abs=0.05)
    with pytest.raises(StudyError, match="nothing can run: a size of"):
        sobol_of_subject(subject, [LATENCY], ["size=90..110"])


def test_what_is_asked_is_asked_once(subject):
    elasticities_of(subject, parameters=["rate"])
    before = len(subject.remembered)
    assert np.isfinite(elasticities_of(subject, parameters=["rate"])["left"].astype(float)).all()
    assert len(subject.remembered) == before == 3

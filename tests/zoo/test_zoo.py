"""Every form of every mechanism equals the paper's definition, or the form that it rewrites."""

import inspect
from typing import Any

import numpy as np
import pytest

from accelsim.workload.interpret import interpret
from accelsim.workload.passes import passes
from tests.zoo.rows import FORMS, ROWS, case, forms_of, reference

TOLERANCE = 1e-9


def largest_error(found: Any, expected: Any) -> float:
    """The largest difference, relative to the largest expected value."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    scale = max(1.0, float(np.abs(expected).max(initial=0.0)))
    return float(np.abs(found - expected).max(initial=0.0)) / scale


def definition(row: str, form: str, prefix: str = "") -> Any:
    return getattr(reference(row), prefix + form, None)


@pytest.mark.parametrize(("row", "form"), FORMS, ids=[f"{row}:{form}" for row, form in FORMS])
def test_every_form_equals_its_definition(row: str, form: str) -> None:
    other = forms_of(row).forms[form].equals
    for seed in (0, 1):
        each = case(row, form, seed)
        found = interpret(each.cascade, each.inputs)
        if other is None:
            function = definition(row, form)
            assert function is not None, f"tests/zoo/{row}.py defines no {form}(x, s)"
            expected = function(each.inputs, dict(each.cascade.ranks))
        else:
            # At the same sizes and inputs; ranks that only one of the two has are its own.
            plain = case(row, other, seed).cascade
            sizes = {r: n for r, n in each.cascade.ranks.items() if r in plain.ranks}
            shared = {r: n for r, n in sizes.items() if isinstance(plain.declared.get(r, n), int)}
            expected = interpret(plain.with_ranks(**shared), each.inputs)
        assert set(each.cascade.outputs) <= set(expected), "an output has no definition"
        for name in each.cascade.outputs:
            assert np.isfinite(found[name]).all() or not np.isfinite(expected[name]).all()
            assert largest_error(found[name], expected[name]) < TOLERANCE, name


SECOND = [(row, form) for row, form in FORMS if definition(row, form, "torch_")]


@pytest.mark.parametrize(("row", "form"), SECOND, ids=[f"{row}:{form}" for row, form in SECOND])
def test_torch_computes_the_same(row: str, form: str) -> None:
    pytest.importorskip("torch")
    each = case(row, form)
    found = interpret(each.cascade, each.inputs)
    expected = definition(row, form, "torch_")(each.inputs, dict(each.cascade.ranks))
    for name, array in expected.items():
        assert largest_error(found[name], array) < 1e-6, name


@pytest.mark.parametrize("row", ROWS)
def test_passes_are_those_of_the_literature(row: str) -> None:
    for form, ranks in getattr(reference(row), "PASSES", {}).items():
        counted = passes(case(row, form).cascade)
        for rank, (written, _) in ranks.items():
            assert counted[rank].passes == written, f"{form}, rank {rank}"


@pytest.mark.parametrize("row", ROWS)
def test_definitions_know_nothing_of_the_project(row: str) -> None:
    source = inspect.getsource(reference(row))
    assert "accelsim" not in source

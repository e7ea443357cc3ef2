"""Every form of every mechanism equals the paper's definition, or the form that it rewrites."""

import inspect
from typing import Any

import pytest

from accelsim.workload.interpret import interpret
from accelsim.workload.passes import passes
from tests.zoo.errors import errors, largest_error
from tests.zoo.rows import FORMS, ROWS, case, reference

TOLERANCE = 1e-9


def definition(row: str, form: str, prefix: str = "") -> Any:
    return getattr(reference(row), prefix + form, None)


@pytest.mark.parametrize(("row", "form"), FORMS, ids=[f"{row}:{form}" for row, form in FORMS])
def test_every_form_equals_its_definition(row: str, form: str) -> None:
    for seed in (0, 1):
        for name, error in errors(row, form, seed).items():
            assert error < TOLERANCE, name


SECOND = [(row, form) for row, form in FORMS if definition(row, form, "torch_")]


@pytest.mark.parametrize(("row", "form"), SECOND, ids=[f"{row}:{form}" for row, form in SECOND])
def test_torch_computes_the_same(row: str, form: str) -> None:
    attention = pytest.importorskip("torch.nn.attention")
    each = case(row, form)
    found = interpret(each.cascade, each.inputs)
    with attention.sdpa_kernel(attention.SDPBackend.MATH):
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

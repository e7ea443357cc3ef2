"""Pass reduction over the catalogue: the passes of the literature are found, by equal cascades."""

import numpy as np
import pytest

from accelsim.workload.interpret import interpret
from accelsim.workload.rewrite import reduce_passes
from tests.zoo.rows import FORMS, case, reference

TOLERANCE = 1e-9

#: Sums within sums that both wait for one maximum: not found.
OPEN = {("low_rank/tensor", "prefill", "J")}

FEWER = [
    (row, form, rank, least)
    for row, form in FORMS
    for rank, (written, least) in getattr(reference(row), "PASSES", {}).get(form, {}).items()
    if least < written and (row, form, rank) not in OPEN
]


@pytest.mark.parametrize(("row", "form", "rank", "least"), FEWER)
def test_the_passes_of_the_literature_are_found(row: str, form: str, rank: str, least: int) -> None:
    each = case(row, form)
    found = reduce_passes(each.cascade, rank, tile=3)
    assert found.after.passes <= least, found.obstacle
    expected = interpret(each.cascade, each.inputs)
    own = {name: each.inputs[name] for name in found.cascade.inputs}
    for name, array in interpret(found.cascade, own).items():
        finite = np.isfinite(expected[name])
        scale = np.max(np.abs(expected[name][finite]), initial=1.0)
        assert np.all(np.abs(array - expected[name])[finite] <= TOLERANCE * scale), name

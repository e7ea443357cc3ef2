"""Every operation of the language has a meaning."""

from accelsim.workload.meanings import MEANINGS, NEUTRAL, REDUCERS
from accelsim.workload.operations import OPERATIONS, REDUCTIONS


def test_every_operation_has_a_meaning() -> None:
    assert set(MEANINGS) == set(OPERATIONS)


def test_every_reduction_combines_and_starts() -> None:
    assert set(REDUCERS) == set(REDUCTIONS) == set(NEUTRAL) - {None}

"""Which Einsums are evaluated step by step."""

from collections.abc import Callable

from accelsim.workload.einsum import Cascade
from accelsim.workload.load import load_workload
from accelsim.workload.recurrence import Loop, Whole, einsums_of, ordered, strongly_connected


def test_three_pass_attention_is_evaluated_whole() -> None:
    cascade = load_workload("attention/three_pass")
    assert ordered(cascade) == tuple(Whole(einsum.name) for einsum in cascade.einsums)


def test_only_running_values_of_one_pass_attention_are_loops() -> None:
    parts = ordered(load_workload("attention/one_pass"))
    loops = {part.rank: [] for part in parts if isinstance(part, Loop)}
    for part in parts:
        if isinstance(part, Loop):
            loops[part.rank].append(einsums_of(part))
    assert loops == {"M1": [("RM",), ("SPD", "RD"), ("SPNV", "RNV")]}


def test_what_is_needed_comes_first() -> None:
    needs = {"C": ["B"], "A": [], "B": ["A", "B"]}
    assert strongly_connected(needs) == [["A"], ["B"], ["C"]]


def test_those_that_need_each_other_are_one_group() -> None:
    needs = {"A": ["C"], "B": ["A"], "C": ["B"], "D": ["A"]}
    assert strongly_connected(needs) == [["A", "B", "C"], ["D"]]


def test_a_running_value_within_a_step_is_a_loop_in_a_loop(
    cascade_of: Callable[..., Cascade],
) -> None:
    text = """H[0] = 1
    C[i,0] = 0
    C[i,j+1] = C[i,j] + H[i] * X[j]
    H[i+1] = H[i] + C[i,J]"""
    (loop,) = ordered(cascade_of(text, "{I: 2, J: 2}", "{X: [J]}"))
    assert loop == Loop("I", (Loop("J", (Whole("C"),)), Whole("H")))

"""Results that are not complete, or not there any more, when they are read."""

import pytest

from accelsim.arch.load import load_arch, read_arch
from accelsim.base.catalogue import find
from accelsim.base.yamlfile import parse_yaml
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.load import mapping_from_yaml
from accelsim.mapping.mapping import Mapping
from accelsim.mapping.occupancy import occupancy_bytes
from accelsim.workload.load import load_workload, read_workload

MACHINE = """
about: One array under a buffer.
clock: 1 GHz
memories:
- {name: DRAM, bandwidth: 16 B/cycle, read: 1 pJ/B, write: 1 pJ/B}
- {name: Buffer, capacity: CAPACITY, read: 1 pJ/B, write: 1 pJ/B}
compute:
- {name: Array, columns: 1, operations: {max: {energy: 1 pJ}, sub: {energy: 1 pJ}}}
"""
WORKLOAD = """
word: 2 B
ranks: {P: 8, M: 16}
inputs: {X: [P, M]}
cascade: |
  G[p] max= X[p,m]
  Y[p,m] = X[p,m] - G[p]
"""
NEST = """
- einsums: [G, Y]
  array: Array
  levels:
  - {memory: DRAM, keep: [X, Y], loops: {OUTER}}
  - {memory: Buffer, keep: [X, G, Y], loops: {INNER}}
"""
TOGETHER = "- {name: both, phases: [{run: {Array: [G, Y]}}]}"
APART = """
- {name: first, phases: [{run: {Array: [G]}}]}
- {name: second, phases: [{run: {Array: [Y]}}]}
"""


def bound(outer: str, inner: str, schedule: str, capacity: str = "1 KiB"):
    nest = NEST.replace("OUTER", outer).replace("INNER", inner)
    text = (
        f"about: a\nsource: b\nworkload: w\nmachine: spatial\nnests:{nest}schedule:\n{schedule}\n"
    )
    mapping = mapping_from_yaml(parse_yaml(text))
    assert isinstance(mapping, Mapping)
    arch = read_arch(parse_yaml(MACHINE.replace("CAPACITY", capacity)))
    return bind(mapping, read_workload(parse_yaml(WORKLOAD), "w"), arch)


def test_a_maximum_is_complete_when_its_rank_runs_inside() -> None:
    assert check(bound("P: 8", "M: 16", TOGETHER)) == ()


def test_a_maximum_over_tiles_that_come_back_is_not_complete_when_it_is_read() -> None:
    (violation,) = check(bound("M: 4, P: 8", "M: 4", TOGETHER))
    assert str(violation) == (
        "G: its sums over M are not complete when its tile leaves Buffer: "
        "the loop over P runs inside the loop over M"
    )


def test_a_tile_that_moved_on_is_not_there_for_a_later_step() -> None:
    (violation,) = check(bound("P: 8", "M: 16", APART))
    fact = "Buffer no longer has all of it when Y reads it in a later step"
    assert str(violation) == f"G: {fact}"


def test_what_is_kept_whole_may_be_read_in_a_later_step_and_takes_room_till_then() -> None:
    whole = bound("", "P: 8, M: 16", APART)
    assert check(whole) == ()
    assert occupancy_bytes(whole)["Buffer"] == (8 * 16 + 8 * 16 + 8) * 2


def test_a_running_value_lies_where_it_is_until_the_next_step() -> None:
    text = find("fusemax_binding", "mappings").read_text()
    assert "keep: [RM, RD, RNV]" in text
    mapping = mapping_from_yaml(parse_yaml(text.replace("keep: [RM, RD, RNV]", "keep: [RM, RD]")))
    assert isinstance(mapping, Mapping)
    attention, machine = load_workload("attention/one_pass"), load_arch("fusemax_cloud")
    (violation,) = check(bind(mapping, attention, machine))
    assert str(violation) == (
        "RNV: RegisterFile1D no longer has it at the next step of M1: "
        "the loop over F runs inside the loop over M1"
    )


def test_keep_without_a_memory_is_refused() -> None:
    text = (
        "about: a\nsource: b\nnests:\n- {einsums: G, array: A, levels: [{keep: X}]}\nschedule: []\n"
    )
    with pytest.raises(Exception, match="'keep' needs a 'memory' to keep it in"):
        mapping_from_yaml(parse_yaml(text))

"""Shapes of fused steps: what every one of them must keep to."""

import numpy as np
import pytest

from accelsim.arch.load import load_arch
from accelsim.mapper.bound import least_figures
from accelsim.mapper.fused.group import fused_groups
from accelsim.mapper.question import Question, quiet
from accelsim.mapper.tilewise.choices import Choices
from accelsim.mapper.tilewise.nests import mapping_of
from accelsim.mapper.tilewise.numbers import numbers_of
from accelsim.mapping.binding import bind
from accelsim.mapping.dataflow import lost_results
from accelsim.mapping.fusion import units
from accelsim.mapping.partial_sums import partial_sums
from accelsim.workload.load import load_workload


def asked(cascade, arch):
    return Question(cascade, arch, "energy", least_figures(cascade, arch), quiet)


def walk(cascade, arch, number):
    """So many shapes, each a neighbour of the one before."""
    group = fused_groups(cascade, units(cascade))[0]
    choices = Choices(group, asked(cascade, arch), np.random.default_rng(1))
    shape = choices.firsts()[0]
    for _ in range(number):
        shape = choices.neighbour(shape, ())
        yield group, shape


@pytest.mark.parametrize("machine", ["flat_cloud", "tpu_v4i"])
def test_nobody_reads_a_sum_in_the_loops_that_add_it_up(machine):
    cascade, arch = load_workload("attention/three_pass"), load_arch(machine)
    followers = set()
    for group, shape in walk(cascade, arch, 3000):
        for einsum in group.einsums:
            streamed = shape.streams(einsum)
            followers |= {(einsum.name, name) for name in streamed}
            # By hand: of what softmax makes, only the numerators are no sums or maxima.
            assert streamed <= {"SN", "A"}
    assert ("SD", "SN") in followers


def test_numbers_of_all_shapes_make_whole_tiles_exactly():
    cascade, arch = load_workload("attention/three_pass"), load_arch("flat_cloud")
    rng = np.random.default_rng(0)
    for group, shape in walk(cascade, arch, 100):
        numbers = numbers_of(shape, group, asked(cascade, arch))
        columns = numbers.drawn(64, rng)
        assert set(columns) == set(mapping_of(shape, group, arch).tiles)
        for each in numbers.chains:
            made = np.prod([columns[name] for name in each.names], axis=0)
            if each.rank in numbers.cut:
                tile = columns[f"{each.rank}_tile"]
                is_cut = tile < numbers.sizes[each.rank]
                assert not np.any((tile % made)[is_cut])


@pytest.mark.parametrize("workload", ["attention/three_pass", "attention/one_pass"])
def test_no_shape_with_any_numbers_reads_a_sum_early(workload):
    cascade, arch = load_workload(workload), load_arch("tpu_v4i")
    rng = np.random.default_rng(0)
    for group, shape in walk(cascade, arch, 60):
        mapping = mapping_of(shape, group, arch)
        columns = numbers_of(shape, group, asked(cascade, arch)).drawn(1, rng)
        bound = bind(mapping, group.cascade, arch, {name: int(c[0]) for name, c in columns.items()})
        assert list(partial_sums(bound)) == []


NO_NUMBERS = """
about: The largest of all scores; what comes from outside may pass by, and then nothing is cut.
source: made up
word: 1 B
ranks: {M: 8, M0: 8, I: 4, J: 4}
inputs: {A: [M, I], B: [M, J]}
cascade: |
  m -> m1, m0
  C[m1,i,j] += A[m1,m0,i] * B[m1,m0,j]
  D[] max= C[m1,i,j]
"""
ONE_PE = """
about: One PE.
source: made up
clock: 1 GHz
memories:
- {name: DRAM, bandwidth: 8 B/cycle, read: 30 pJ/B, write: 30 pJ/B}
- {name: Buffer, capacity: 128 B, bandwidth: 64 B/cycle, read: 1 pJ/B, write: 1 pJ/B}
compute:
- {name: Array, rows: 1, columns: 1, operations: {mac: {energy: 1 pJ}, max: {energy: 1 pJ}}}
"""


def test_every_shape_has_numbers_to_choose(tmp_path):
    for name, text in (("work", NO_NUMBERS), ("pe", ONE_PE)):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    cascade, arch = (
        load_workload(str(tmp_path / "work.yaml")),
        load_arch(str(tmp_path / "pe.yaml")),
    )
    question = asked(cascade, arch)
    for group in fused_groups(cascade, units(cascade)):
        choices = Choices(group, question, np.random.default_rng(0))
        assert all(numbers_of(shape, group, question).most for shape in choices.firsts())


CHAIN = """
about: Three products; what the second one sums up stays on chip for the third.
source: made up
word: 2 B
ranks: {I: 17, J: 3, K: 24, L: 3, N: 17}
inputs: {A: [I, J], B: [J, K], C: [K, L], D: [L, N]}
cascade: |
  X[i,k] += A[i,j] * B[j,k]
  Y[i,l] += X[i,k] * C[k,l]
  Z[i,n] += Y[i,l] * D[l,n]
"""


def test_no_sum_leaves_the_chip_before_it_is_complete(tmp_path):
    file = tmp_path / "chain.yaml"
    file.write_text(CHAIN)
    cascade, arch = load_workload(file), load_arch("tpu_v4i")
    rng = np.random.default_rng(0)
    for group, shape in walk(cascade, arch, 300):
        columns = numbers_of(shape, group, asked(cascade, arch)).drawn(1, rng)
        numbers = {name: int(column[0]) for name, column in columns.items()}
        bound = bind(mapping_of(shape, group, arch), group.cascade, arch, numbers)
        assert list(lost_results(bound)) == []

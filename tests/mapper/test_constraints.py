"""Constraints: what is found keeps to them, and costs no less than without."""

import pytest

from accelsim.arch.load import load_arch
from accelsim.base.errors import AccelsimError, MapperError
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.constraints import load_constraints
from accelsim.mapper.find import find_mapping
from accelsim.mapping.binding import bind
from accelsim.workload.load import load_workload

PRODUCT = """
about: A matrix product.
source: made up
word: 2 B
ranks: {M: 64, N: 48, K: 40}
inputs: {A: [M, K], B: [K, N]}
cascade: |
  C[m,n] += A[m,k] * B[k,n]
"""

MACHINE = """
about: Two levels.
clock: 1 GHz
memories:
- {name: DRAM, bandwidth: 2 B/cycle, read: 31 pJ/B, write: 31 pJ/B}
- {name: Buffer, capacity: 16 KiB, bandwidth: 64 B/cycle, read: 1 pJ/B, write: 1 pJ/B}
compute:
- {name: Array, rows: 16, columns: 32, operations: {mac: {energy: 0.6 pJ}}}
"""


@pytest.fixture
def case(tmp_path):
    (tmp_path / "product.yaml").write_text(PRODUCT)
    (tmp_path / "machine.yaml").write_text(MACHINE)
    cascade = load_workload(str(tmp_path / "product.yaml"))
    return cascade, load_arch(str(tmp_path / "machine.yaml"))


def _limits(tmp_path, text):
    (tmp_path / "limits.yaml").write_text("about: made up\n" + text)
    return load_constraints(tmp_path / "limits.yaml")


def _found(case, minimise="energy", constraints=None):
    return find_mapping(*case, minimise, strategies=["exact"], constraints=constraints)


def test_fixed_loops(case, tmp_path):
    text = (
        "loops:\n  C: {array: Array, rows: {M: 16}, columns: {N: 24}, "
        "memories: {DRAM: {M: 2}, Buffer: {K: 5}}}\n"
    )
    found = _found(case, constraints=_limits(tmp_path, text))
    nest = bind(found.mapping, *case).nests["C"]
    loops = [(loop.rank, loop.factor, loop.axis) for loop in nest.loops]
    for wanted in (("M", 16, "rows"), ("N", 24, "columns"), ("M", 2, None), ("K", 5, None)):
        assert wanted in loops
    assert nest.array == "Array"
    assert found.optimal
    assert found.value >= _found(case).value


def test_a_share_of_capacity(case, tmp_path):
    """An eighth of 16 KiB: 2 KiB."""
    found = _found(case, constraints=_limits(tmp_path, "capacity: {Buffer: 0.125}"))
    cost = evaluate(*case, found.mapping)
    assert cost.occupancy_bytes["Buffer"] <= 2048
    free = _found(case)
    assert evaluate(*case, free.mapping).occupancy_bytes["Buffer"] > 2048
    assert found.value >= free.value


def test_the_most_traffic(case, tmp_path):
    free = _found(case)
    moved = evaluate(*case, free.mapping).traffic_bytes["Buffer"]
    limits = _limits(tmp_path, f"traffic: {{Buffer: {int(moved) - 1} B}}")
    found = _found(case, constraints=limits)
    assert evaluate(*case, found.mapping).traffic_bytes["Buffer"] < moved
    assert found.value > free.value


def test_no_less_than_inputs_and_results_can_move(case, tmp_path):
    limits = _limits(tmp_path, "traffic: {DRAM: 1 kB}")
    # 64 x 40, 40 x 48 and 64 x 48 elements of 2 B.
    with pytest.raises(MapperError, match=r"let DRAM move 1,000 B, but .* are 15,104 B"):
        _found(case, constraints=limits)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("capacity: {Bufer: 0.5}", "'Bufer', which is no memory here. Did you mean 'Buffer'"),
        ("capacity: {Buffer: 50}", "Buffer"),
        ("loops: {D: {}}", "'D', which is no Einsum here"),
        ("loops: {C: {rows: {Q: 2}}}", "'Q', which is no rank here"),
        ("loops: {C: {row: {M: 2}}}", "Did you mean 'rows'"),
        ("capacity: {DRAM: 0.5}", "share out DRAM, which has no capacity"),
        ("einsum_traffic: {D: {DRAM: 1 MB}}", "'D', which is no Einsum here"),
        ("tensor_traffic: {D: {DRAM: 1 MB}}", "'D', which is no tensor here"),
        (
            "tensor_traffic: {A: {Bufer: 1 MB}}",
            "'Bufer', which is no memory here. Did you mean 'Buffer'",
        ),
        ("tensor_traffic: {A: {Buffer: 1}}", "not a quantity in B"),
        ("loops: {C: {rows: {M: 17}}}", "no array has .* Array has 16 x 32"),
    ],
)
def test_slips(case, tmp_path, text, message):
    with pytest.raises(AccelsimError, match=message):
        _found(case, constraints=_limits(tmp_path, text))


def test_a_file_without_a_key_of_theirs_is_told_all(tmp_path):
    (tmp_path / "limits.yaml").write_text("width: {DRAM: 1 MB}\n")
    with pytest.raises(AccelsimError, match="has no 'width'. It knows about, capacity, traffic"):
        load_constraints(tmp_path / "limits.yaml")

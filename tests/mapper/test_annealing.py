"""Annealing and sampling of tile-wise fused steps: legal, repeatable, and near a brute force."""

from math import ceil, gcd
from pathlib import Path

import pytest

from accelsim.arch.load import load_arch
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.find import find_mapping
from accelsim.mapper.found import figures_of
from accelsim.mapper.objective import value_of
from accelsim.mapper.question import Budget
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.load import load_mapping
from accelsim.mapping.mapping import Level, Mapping, Nest, Phase, Step
from accelsim.workload.load import load_workload

TWO = """
about: Two products in a row.
source: made up
word: 2 B
ranks: {P: 12, M: 20, E: 6, F: 5}
inputs: {A: [P, E], B: [M, E], C: [M, F]}
cascade: |
  X[p,m] += A[p,e] * B[m,e]
  Y[p,f] += X[p,m] * C[m,f]
"""

SMALL = """
about: Four by four under 256 B.
source: made up
clock: 1 GHz
memories:
- {name: DRAM, bandwidth: 4 B/cycle, read: 30 pJ/B, write: 30 pJ/B}
- {name: Buffer, capacity: 256 B, bandwidth: 64 B/cycle, read: 1 pJ/B, write: 1 pJ/B}
- {name: Register, per: Array, capacity: 6 B, read: 0 pJ/B, write: 0 pJ/B}
compute:
- {name: Array, rows: 4, columns: 4, operations: {mac: {energy: 1 pJ}}}
"""

BUDGET = Budget(seed=3, candidates=60_000)


@pytest.fixture
def small(tmp_path):
    (tmp_path / "two.yaml").write_text(TWO)
    (tmp_path / "small.yaml").write_text(SMALL)
    return load_workload(str(tmp_path / "two.yaml")), load_arch(str(tmp_path / "small.yaml"))


def found(cascade, arch, minimise="energy", strategy="annealing", budget=BUDGET):
    return find_mapping(cascade, arch, minimise, strategies=[strategy], budget=budget)


@pytest.mark.parametrize("strategy", ["annealing", "sampling"])
@pytest.mark.parametrize("minimise", ["latency", "energy", "energy_delay", "traffic.DRAM"])
def test_what_is_found_is_legal_and_not_below_the_bound(small, strategy, minimise):
    answer = found(*small, minimise, strategy)
    assert not check(bind(answer.mapping, *small))
    assert answer.cost.energy_pj == evaluate(*small, answer.mapping).energy_pj
    least = value_of(minimise, answer.bound)
    assert answer.value >= least * (1 - 1e-12)
    assert answer.optimal == (answer.value <= least)
    assert answer.candidates < 1.1 * BUDGET.candidates


def test_a_memory_that_everything_may_pass_moves_nothing(tmp_path, small):
    near = "- {name: Near, capacity: 128 B, read: 1 pJ/B, write: 1 pJ/B}\n- {name: Register"
    (tmp_path / "three.yaml").write_text(SMALL.replace("- {name: Register", near))
    assert found(small[0], load_arch(str(tmp_path / "three.yaml")), "traffic.Near").value == 0


@pytest.mark.parametrize("strategy", ["annealing", "sampling"])
def test_the_same_seed_gives_the_same_mapping(small, strategy):
    budget = Budget(seed=5, candidates=10_000)
    one, other = (found(*small, strategy=strategy, budget=budget) for _ in range(2))
    assert (one.mapping, one.candidates) == (other.mapping, other.candidates)


def _of_tile(p, m, outer):
    """Tiles of p x m in a buffer; sums inside a processing element; loops over tiles as `outer`."""
    sizes, tile = {"P": 12, "M": 20}, {"P": p, "M": m}
    rows, columns = gcd(p, 4), gcd(m, 4)
    trips = {rank: ceil(sizes[rank] / tile[rank]) for rank in outer}

    def nest(einsum, outside, inside, spatial, loops):
        levels = (
            Level(memory="DRAM", keep=outside, loops=trips),
            Level(memory="Buffer", keep=(*outside, inside), loops=loops),
            Level(array="Array", spatial=spatial),
            Level(memory="Register", keep=("A", "B", "C", "X", "Y")),
        )
        return Nest(einsums=(einsum,), array="Array", levels=levels)

    x_axes = {"rows": {"P": rows}, "columns": {"M": columns}}
    y_axes = {"rows": {"P": rows}, "columns": {"F": 4}}
    x_loops = {"P": p // rows, "M": m // columns, "E": 6}
    y_loops = {"P": p // rows, "F": 2, "M": m}
    return Mapping(
        about="By hand.",
        source="made up",
        nests=(
            nest("X", ("A", "B"), "X", x_axes, x_loops),
            nest("Y", ("C", "Y"), "X", y_axes, y_loops),
        ),
        schedule=(Step(name="both", tile=tile, phases=(Phase(run={"Array": ("X", "Y")}),)),),
    )


@pytest.mark.parametrize("minimise", ["latency", "energy"])
def test_no_tile_of_a_plain_loop_nest_is_better(small, minimise):
    cascade, arch = small
    nests = (_of_tile(p, m, o) for p in range(1, 13) for m in range(1, 21) for o in ("PM", "MP"))
    legal = [nest for nest in nests if not check(bind(nest, cascade, arch))]
    values = [float(value_of(minimise, figures_of(evaluate(*small, nest)))) for nest in legal]
    assert len(values) > 20
    assert found(*small, minimise).value <= min(values)


@pytest.mark.parametrize("minimise", ["latency", "energy"])
def test_it_finds_what_accelforge_finds(minimise):
    # AccelForge 1.0.467's best fused mapping under our model: benchmarks/peers/results.csv.
    peers = Path("benchmarks/peers")
    cascade = load_workload(str(peers / "qk_softmax_av.yaml"))
    arch = load_arch(str(peers / "two_level.yaml"))
    cost = found(cascade, arch, minimise).cost
    assert {"latency": cost.latency_s <= 38.3e-3, "energy": cost.energy_pj <= 50.1e9}[minimise]


@pytest.mark.parametrize("minimise", ["latency", "energy"])
def test_no_mapping_of_flat_is_better_on_its_machine(minimise):
    cascade, arch = load_workload("attention/three_pass"), load_arch("flat_cloud")
    names = ("flat_head", "flat_head_resident", "flat_row", "flat_row_resident")
    by_hand = [evaluate(cascade, arch, load_mapping(name)) for name in names]
    answer = found(cascade, arch, minimise, budget=Budget(seed=0, candidates=100_000))
    assert answer.value <= min(value_of(minimise, figures_of(cost)) for cost in by_hand)


def test_by_itself_it_is_asked_where_much_is_left_to_win(small):
    answer = find_mapping(*small, "energy")
    assert answer.strategy == "annealing"
    assert not answer.optimal
    assert answer.value < find_mapping(*small, "energy", strategies=["exact"]).value


def test_of_masked_cascades_it_is_asked_too(tmp_path):
    """Which the exact search is not for, nor, without register files, the fused one."""
    masked = TWO.replace("B[m,e]\n", "B[m,e] where m <= p + 3\n").replace(
        "C[m,f]\n", "C[m,f] where m <= p + 3\n"
    )
    (tmp_path / "two.yaml").write_text(masked)
    registers = next(line for line in SMALL.splitlines() if "Register" in line)
    (tmp_path / "small.yaml").write_text(SMALL.replace(registers + "\n", ""))
    asked = load_workload(str(tmp_path / "two.yaml")), load_arch(str(tmp_path / "small.yaml"))
    answer = find_mapping(*asked, "energy", budget=Budget(candidates=2000))
    assert answer.strategy == "annealing"
    assert not check(bind(answer.mapping, *asked))
    assert answer.value < find_mapping(*asked, "energy", strategies=["rules"]).value


def test_interrupted_it_keeps_the_best(small):
    def interrupt(strategy, value, candidates):
        raise KeyboardInterrupt

    answer = find_mapping(*small, strategies=["annealing", "sampling"], progress=interrupt)
    assert (answer.strategy, answer.is_cut_short) == ("annealing", True)
    assert not check(bind(answer.mapping, *small))

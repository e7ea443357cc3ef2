"""A bound mapping as text."""

from accelsim.arch.load import load_arch
from accelsim.mapping.binding import bind
from accelsim.mapping.load import load_mapping
from accelsim.mapping.loops import Loop, LoopNest, Storage
from accelsim.mapping.render import render, render_nest
from accelsim.workload.load import load_workload


def test_a_mapping_reads_from_its_tiles_over_its_loops_to_its_steps(mapping_of, product, toy):
    assert render(bind(mapping_of(), product(m=10, n=20, k=5), toy())) == (
        "N0 = 8\n"
        "N1 = 3\n"
        "\n"
        "Z on Array\n"
        "  DRAM keeps X, Y, Z\n"
        "  for M in 5\n"
        "    for N in 3\n"
        "      Buffer keeps X, Y, Z\n"
        "      for K in 5\n"
        "        spatial N in 8 over columns\n"
        "          spatial M in 2 over rows\n"
        "            Registers keeps X, Y, Z\n"
        "            Z at one point\n"
        "\n"
        "step product, once\n"
        "  1. Array: Z\n"
    )


def test_a_mapping_without_tiles_begins_with_its_first_nest(mapping_of, product, toy):
    plain = mapping_of(
        ("tiles: {N0: Array.columns, N1: ceil(N / N0)}\n", ""), ("N1", "3"), ("N0", "8")
    )
    assert render(bind(plain, product(), toy())).startswith("Z on Array\n")


def test_memories_that_keep_tensors_at_one_depth_stand_in_order():
    both = (Storage("DRAM", frozenset("BA"), 0), Storage("Buffer", frozenset("A"), 0))
    assert list(render_nest(LoopNest("Z", "Array", (Loop("M", 2),), both))) == [
        "Z on Array",
        "  DRAM keeps A, B",
        "  Buffer keeps A",
        "  for M in 2",
        "    Z at one point",
    ]


def test_a_schedule_says_tiles_phases_lags_and_what_is_waited_for():
    cascade = load_workload("attention/one_pass")
    bound = bind(load_mapping("fusemax_architecture"), cascade, load_arch("fusemax_cloud"))
    assert render(bound).partition("\n\nstep ")[2] == (
        "attention, for every tile of 1 of B, 1 of H, 256 of P, 1 of M1\n"
        "  1. Array2D: BQK, LM | Array1D: RD (tile - 1), AV (tile - 1) | then wait for LM\n"
        "  2. Array1D: RM\n"
        "  3. Array2D: SLN, SLD | Array1D: PRM, SPD\n"
        "  4. Array2D: SLNV | Array1D: SPNV, RNV\n"
    )

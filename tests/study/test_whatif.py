"""What-ifs done on paper: the machine of conftest.py moves 48 B over DRAM (12 cycles at 4 B/cycle)
and needs 4 cycles on two PEs, 8 points one after the other on one."""

import numpy as np
import pytest

from accelsim.base.errors import AccelsimError, StudyError
from accelsim.cost.evaluate import evaluate
from accelsim.study.subject import ArraySubject
from accelsim.study.whatif import array_subject, as_plain, what_if, what_if_of

DRAM = "memories.DRAM.bandwidth"
COLUMNS = "compute.Array.columns"


@pytest.fixture
def subject(design):
    return lambda **settings: ArraySubject(design(**settings), "a toy")


def test_latency_is_bytes_over_bandwidth_until_the_arrays_bind(subject):
    found = what_if_of(subject(), [f"{DRAM}=1 B/cycle:100 B/cycle:log:9"])
    for row in found.table.rows():
        cycles = max(48 / row[DRAM], 4)
        assert row["latency_s"] == pytest.approx(cycles * 1e-9)
        assert row["speedup"] == pytest.approx(12 / cycles)
        assert row["bound"] == ("DRAM" if row[DRAM] < 12 else "compute")


def test_the_elasticity_is_minus_one_and_the_crossover_bytes_over_cycles(subject):
    along = what_if_of(subject(), [f"{DRAM}=0.25x:25x"]).along[0]
    assert along.method == "derivative"
    assert along.slopes["latency_s"] == pytest.approx((-1, -1))
    assert along.boundaries == pytest.approx((12,), rel=1e-8)
    assert [segment.bound for segment in along.segments] == ["DRAM", "compute"]


def test_several_paths_move_together(subject):
    # 16 B of Z, and 8 B of each of A and B for every byte of their words, 4 B a cycle.
    found = what_if_of(subject(), ["words.A,words.B=1 B,2 B,4 B"])
    assert found.table["latency_s"] == pytest.approx(np.array([8, 12, 20]) * 1e-9)
    assert found.along[0].varied.name == "words.A,words.B"


def test_two_numbers_are_a_mesh(subject):
    found = what_if_of(subject(), [f"{COLUMNS}=1,2,4", f"{DRAM}=4 B/cycle,20 B/cycle"])
    seconds = found.table["latency_s"].reshape(3, 2) * 1e9
    assert seconds == pytest.approx(np.array([[12, 8], [12, 4], [12, 2.4]]))
    assert found.table["bound"].reshape(3, 2).tolist() == [
        ["DRAM", "compute"],
        ["DRAM", "compute"],
        ["DRAM", "DRAM"],
    ]


def test_whole_numbers_stay_whole(subject):
    found = what_if_of(subject(memories__DRAM__bandwidth="10 B/cycle"), [f"{COLUMNS}=1:8"])
    (varied,) = found.varied
    assert varied.values == (1, 2, 3, 4, 5, 6, 7, 8)
    # 4.8 cycles on DRAM: one PE needs 8, two need 4.
    assert [(s.bound, s.low, s.high) for s in found.along[0].segments] == [
        ("compute", 1, 1),
        ("DRAM", 2, 8),
    ]


def test_points_that_cannot_run_are_rows_with_their_error(subject):
    found = what_if_of(subject(), ["memories.Registers.capacity=2 B,4 B,6 B,64 B"])
    assert found.table["error"].tolist() == [
        "Registers needs 6 B but holds 2 B",
        "Registers needs 6 B but holds 4 B",
        "",
        "",
    ]
    assert np.isnan(found.table["latency_s"]).tolist() == [True, True, False, False]
    assert [s.bound for s in found.along[0].segments] == ["cannot run", "DRAM"]
    assert found.along[0].boundaries == (6,)


def test_a_target_is_solved_for(subject):
    half = what_if_of(subject(), [f"{DRAM}=0.5x:2x"], ["latency=2x", "latency=6 ns"]).solved
    assert [each.value for each in half] == pytest.approx([8, 8])
    assert half[0].text.startswith(f"{DRAM} = 8 B/cycle (2x) gives 6 ns (2x), bound by DRAM")
    (columns,) = what_if_of(
        subject(memories__DRAM__bandwidth="100 B/cycle"), [f"{COLUMNS}=1:4"], ["latency=3x"]
    ).solved
    # 8 points on 6 PEs take 2 cycles, on 7 too, on 8 one: a third of 4 cycles is 1.33.
    assert columns.value == 8


def test_a_target_that_nothing_reaches_says_what_bounds(subject):
    (found,) = what_if_of(subject(), [f"{DRAM}=0.5x:2x"], ["latency=4x"]).solved
    assert found.value is None
    assert found.reached == pytest.approx(4e-9)
    assert f"no {DRAM} does" in found.text
    assert found.text.endswith("latency is at best 4 ns (3x), bound by compute")


def test_energy_targets_are_factors_of_energy(subject):
    # 800 pJ, of which 320 are reads of DRAM at 10 pJ/B: without them 480 are left.
    path = "memories.DRAM.read"
    (found,) = what_if_of(subject(), [f"{path}=0.1x:1x"], ["energy=0.8x"]).solved
    assert found.value == pytest.approx(5, rel=1e-6)
    (none,) = what_if_of(subject(), [f"{path}=0.1x:1x"], ["energy=0.5x"]).solved
    assert none.value is None


def test_the_sentence_names_bound_and_remedy(subject):
    found = what_if_of(subject(), [f"{DRAM}=0.25x:25x"])
    assert found.sentence.startswith("DRAM-bound (100% of the time its bandwidth is taken); ")
    assert f"{DRAM}: DRAM-bound below 12 B/cycle, compute-bound above" in found.sentence
    assert "3.00x" in found.sentence
    bound = subject(memories__DRAM__bandwidth="100 B/cycle")
    assert f"more {DRAM} changes nothing" in what_if_of(bound, [f"{DRAM}=0.01x:25x"]).sentence


@pytest.mark.parametrize(
    "vary, told",
    [
        (["memories.DRM.bandwidth=1x:2x"], "Did you mean 'DRAM'"),
        (["memories.DRAM.bandwith=1x:2x"], "Did you mean 'bandwidth'"),
        (["bandwidth=1x:2x"], "There are memories.DRAM.bandwidth"),
        (["memories.DRAM.capacity=1x:2x"], "is not written in the file"),
        ([f"{DRAM}=2x:1x"], "is empty"),
        ([f"{DRAM}=0x:1x"], "must be above 0"),
        ([f"{DRAM}"], "is no range"),
        ([f"{DRAM}=1x:2x:logg"], "is no spacing"),
        ([f"{DRAM}=1 GB/s:2 B/cycle"], "are mixed"),
        ([f"{DRAM}=1x:2x", f"{DRAM}=1x:2x"], "varied twice"),
        (["clock=1x:2x"] * 3, "Vary one or two"),
        ([f"{COLUMNS}=0.5,1"], "0.5"),
    ],
)
def test_slips_say_what_is_meant(subject, vary, told):
    with pytest.raises(AccelsimError, match=told.replace("(", "\\(")):
        what_if_of(subject(), vary)


@pytest.mark.parametrize("target", ["latncy=2x", "latency", "latency=fast", "latency=0x"])
def test_targets_that_are_none_are_refused(subject, target):
    with pytest.raises(StudyError):
        what_if_of(subject(), [f"{DRAM}=1x:2x"], [target])


def test_by_names_it_says_what_evaluate_says_at_each_point():
    path = "memories.GlobalBuffer.capacity"
    found = what_if("attention/one_pass", "fusemax_cloud", [f"{path}=1MiB:64MiB:log:4"])
    design = array_subject("attention/one_pass", "fusemax_cloud").design
    for row in found.table.rows():
        at = design.at({path: row[path]})
        cost = evaluate(at.cascade, at.arch, at.alternative())
        assert (row["latency_s"], row["bound"]) == (pytest.approx(cost.latency_s), cost.bound)
    assert list(found.table.frame().columns) == list(found.table.columns)
    assert as_plain(found)["vary"][0]["path"] == path


def test_numbers_of_other_units_are_not_given_one_value(subject):
    with pytest.raises(StudyError, match="have other units, 'B/cycle' and 'B'"):
        what_if_of(subject(), [f"{DRAM},memories.Registers.capacity=1GB/s:2GB/s"], [])


def test_rates_that_are_compared_have_one_base():
    subject = array_subject("attention/one_pass", "fusemax_cloud")
    (spread,) = what_if_of(subject, [f"{DRAM}=0.1x:10x"]).varied
    assert spread.today_text == "400 GiB/s (429.5 GB/s)"
    assert [spread.text(value * 2**30) for value in (40, 400)] == ["42.95 GB/s", "429.5 GB/s"]
    (listed,) = what_if_of(subject, [f"{DRAM}=100 GiB/s,200 GiB/s"]).varied
    assert [*map(listed.text, listed.values)] == ["100 GiB/s", "200 GiB/s"]
    assert listed.today_text == "400 GiB/s"


def test_what_takes_less_energy_and_no_less_time_is_no_nothing():
    """Macs take 81.4 % of the energy (the elasticity of `sensitivity`): half of it goes by half."""
    subject = array_subject("attention/one_pass", "fusemax_cloud")
    mac = "compute.Array2D.operations.mac.energy"
    found = what_if_of(subject, [f"{mac}=0.5x:2x"]).sentence
    assert "changes nothing" not in found
    assert f"nothing in that range is faster; least energy at {mac} = 8.582 pJ: 0.593x" in found
    dearer = what_if_of(subject, [f"{mac}=1x:2x"]).sentence
    assert "nothing in that range is faster; 2x clock" in dearer

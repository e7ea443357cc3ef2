import json
import re

import pytest

from accelsim.base.units import quantity

WANTED = {
    "latency_s",
    "cycles",
    "energy_pj",
    "area_um2",
    "bound",
    "traffic_bytes",
    "occupancy_bytes",
    "utilization",
}


@pytest.fixture
def evaluated(run):
    def evaluate(*arguments):
        ended = run("evaluate", "attention/one_pass", "fusemax_cloud", *arguments, "--json")
        assert ended.status == 0, ended.err
        return json.loads(ended.out)

    return evaluate


def test_the_default_mapping_is_taken_and_every_total_is_there(evaluated):
    found = evaluated()
    assert found["mapping"] == "fusemax_binding"
    assert found.keys() >= WANTED
    assert found["traffic_bytes"].keys() >= {"DRAM", "GlobalBuffer"}
    assert found["utilization"].keys() == {"Array2D", "Array1D"}


def test_seconds_are_cycles_by_the_clock_of_940_mhz(evaluated):
    found = evaluated()
    assert found["latency_s"] == pytest.approx(found["cycles"] / 940e6, rel=1e-12)


def test_the_breakdown_adds_up(evaluated):
    found = evaluated("--rows")
    assert sum(row["energy_pj"] for row in found["rows"]) == pytest.approx(found["energy_pj"])
    assert sum(found["energy_by_part_pj"].values()) == pytest.approx(found["energy_pj"])
    assert sum(found["area_by_part_um2"].values()) == pytest.approx(found["area_um2"])


def test_a_thousandth_of_the_bandwidth_makes_dram_the_bound(evaluated):
    found = evaluated("--set", "memories.DRAM.bandwidth=400 MB/s")
    assert found["bound"] == "DRAM"
    assert found["latency_s"] == pytest.approx(found["traffic_bytes"]["DRAM"] / 400e6, rel=1e-2)


def test_settings_reach_workload_and_arch_with_and_without_prefix(evaluated):
    bare = evaluated("--set", "ranks.P=1024", "--set", "clock=470 MHz")
    prefixed = evaluated("--set", "workload.ranks.P=1024", "--set", "arch.clock=470 MHz")
    assert bare == prefixed


def test_the_text_says_what_the_json_says(run):
    out = run("evaluate", "attention/one_pass", "fusemax_cloud").out
    assert out.startswith("attention/one_pass on fusemax_cloud under fusemax_binding\n")
    assert "\nArray2D " in out and "\nGlobalBuffer " in out


def test_a_mapping_for_another_workload_is_refused(run):
    ended = run("evaluate", "attention/three_pass", "fusemax_cloud", "fusemax_binding")
    assert (ended.status, ended.out) == (2, "")
    assert "attention/three_pass" in ended.err


def test_a_buffer_that_is_too_small_is_refused_with_numbers(run):
    setting = "memories.GlobalBuffer.capacity=64 KiB"
    names = ("attention/one_pass", "fusemax_cloud", "fusemax_binding")
    ended = run("evaluate", *names, "--set", setting)
    assert ended.status == 2


def test_a_tile_that_is_set_wins_over_the_mapping(run):
    # One query tile and head: 138 cycles for each of 4096 / 128 key tiles, 64 for the division.
    sizes = ("ranks.M0=128", "ranks.P=256", "ranks.H=1")
    settings = [word for size in sizes for word in ("--set", size)]
    found = run("evaluate", "attention/one_pass", "fusemax_cloud", "fusemax_binding", *settings)
    assert f"({32 * 138 + 64:,} cycles)" in found.out


def test_a_tile_that_is_set_and_does_not_fit_the_mapping_is_refused(run):
    names = ("attention/one_pass", "fusemax_cloud", "fusemax_binding")
    ended = run("evaluate", *names, "--set", "ranks.M0=512")
    assert ended.status == 2
    assert "BQK: 512 tiles side by side on the 256 rows of Array2D" in ended.err


@pytest.mark.parametrize("size", ["0", "-4", "1e30"])
def test_a_rank_of_nothing_less_or_far_too_much_is_refused(run, size):
    ended = run("evaluate", "attention/one_pass", "fusemax_cloud", "--set", f"ranks.P={size}")
    assert (ended.status, ended.out) == (2, "")
    assert "rank P is" in ended.err


def test_an_area_of_no_part_is_not_given(run):
    assert "area     not given" in run("evaluate", "linear_layers", "eyeriss").out


def test_settings_reach_keys_that_no_file_writes(evaluated):
    leaking, lean = (
        evaluated("--set", "memories.GlobalBuffer.leakage=3 W"),
        evaluated("--set", "memories.GlobalBuffer.leakage=0 W"),
    )
    more_pj = leaking["energy_pj"] - lean["energy_pj"]
    assert more_pj == pytest.approx(3 * lean["latency_s"] * 1e12, rel=1e-6)


def test_a_setting_that_no_record_knows_is_refused_with_the_nearest(run):
    ended = run(
        "evaluate", "attention/one_pass", "fusemax_cloud", "--set", "memories.DRAM.capasity=1 B"
    )
    assert ended.status == 2
    assert "Memory has no 'capasity'. Did you mean 'capacity'?" in ended.err


def test_what_lies_beyond_the_parts_tables_is_said_beside_it(run, evaluated):
    larger = ("--set", "memories.GlobalBuffer.capacity=64 MiB")
    ((name, laws),) = evaluated(*larger)["extrapolated"].items()
    assert name == "GlobalBuffer area"
    assert laws[0].startswith("extrapolated from 32 MiB, area ~ capacity above it [assumed")
    shown = run("evaluate", "attention/one_pass", "fusemax_cloud", *larger).out
    assert f"{name}: {laws[0]}\n" in shown
    assert evaluated()["extrapolated"] == {}


def test_energies_of_the_printed_parts_add_up_to_the_printed_total(run):
    """Also with what the units of an array leak, 0.9 % here."""
    out = run("evaluate", "attention/one_pass", "fusemax_cloud").out
    (total,) = re.findall(r"^energy +(.+)$", out, re.MULTILINE)
    names = "DRAM|GlobalBuffer|RegisterFile|Array"
    parts = re.findall(rf"^(?:{names}).* ([\d.]+ [um]?J)$", out, re.MULTILINE)
    assert len(parts) == 6
    joules = [quantity(part, "J") for part in (total, *parts)]
    assert sum(joules[1:]) == pytest.approx(joules[0], rel=1e-3)

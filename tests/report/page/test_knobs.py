"""What of a machine may be moved, and what its sliders say."""

import pytest

from accelsim.arch.load import is_gpu, load_arch
from accelsim.arch.load_gpu import load_gpu
from accelsim.arch.load_system import load_system, machines_of
from accelsim.base.catalogue import names
from accelsim.base.units import quantity
from accelsim.report.page.knobs import knob_named, knobs_of


@pytest.mark.parametrize("machine", names("machines"))
def test_every_knob_sets_a_number_that_the_machine_has(machine):
    load = load_gpu if is_gpu(machine) else load_arch
    for knob in knobs_of(machine):
        assert load(machine, knob.settings(knob.at(1))) != load(machine)
        assert load(machine, knob.settings(knob.at(0))) == load(machine)


@pytest.mark.parametrize("system", names("systems"))
def test_every_knob_of_a_system_sets_a_number_that_it_has(system):
    before = load_system(system)
    machines = machines_of(before)
    for knob in knobs_of(system):
        after = load_system(system, knob.settings(knob.at(1)))
        assert after != before and knob.text(knob.base)
        kind = knob.key.partition(".")[0]
        if kind in machines and not knob.key.endswith((".count", ".price")):
            assert machines_of(after)[kind] != machines[kind]


def test_a_gpu_has_sms_and_no_rows_of_pes():
    knobs = {knob.key: knob.label for knob in knobs_of("h100_sxm")}
    assert knobs == {
        "bandwidth": "HBM bandwidth",
        "buffer": "L2 capacity",
        "array": "SMs",
        "clock": "Clock",
    }
    assert knob_named("fusemax_cloud", "array").label == "Array2D columns"


def test_arrays_of_a_machine_grow_alike():
    assert knob_named("tpu_v4i", "array").settings(256) == {
        "compute.Array2D.columns": "256",
        "compute.Array2D.rows": "64",
        "compute.Array1D.columns": "512",
    }


def test_positions_double_and_halve():
    buffer = knob_named("fusemax_cloud", "buffer")
    assert buffer.text(buffer.at(0)) == "16 MiB"
    assert buffer.at(2) / buffer.at(0) == pytest.approx(2, rel=5e-3)
    assert buffer.position(2 * buffer.base) == 2
    assert buffer.position(1e-9 * buffer.base) == -buffer.reach


def test_texts_are_exact():
    bandwidth = knob_named("fusemax_cloud", "bandwidth")
    for number in (429496729600.0, 812_345_678_901.0, 1 / 3 * 1e12):
        assert quantity(bandwidth.text(number), "B/s") == number

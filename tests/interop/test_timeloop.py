"""Machines in the formats of Timeloop v4 and AccelForge, made up here; expected values on paper."""

import pytest

from accelsim.arch.spatial import instances, parent, point_cost
from accelsim.base.errors import InputError
from accelsim.interop.timeloop import from_timeloop

TIMELOOP = """\
architecture:
  version: 0.4
  nodes:
  - !Container
    name: system
    attributes: {global_cycle_seconds: 2e-9, technology: "45nm"}
  - !Component
    name: DRAM
    class: DRAM
    attributes: {type: HBM2, width: 64, datawidth: 16, shared_bandwidth: 100}
  - !Component
    name: Buffer
    class: smartbuffer_SRAM
    attributes:
      depth: 1024
      width: 512
      n_banks: 4
  - !Container
    name: column
    spatial: {meshX: 8}
  - !Container
    name: PE
    spatial: {meshY: 4}
  - !Parallel
    nodes:
    - !Component {name: a, class: storage, subclass: regfile, attributes: {depth: 2, width: 16}}
    - !Component {name: b, class: storage, subclass: regfile, attributes: {depth: 6, width: 16}}
  - !Component
    name: adder
    class: fpadd
  - !Component
    name: mac
    class: intmac
mapper: {timeout: 1}
"""
ERT = """\
ERT:
  version: '0.4'
  tables:
  - name: system.Buffer[1..1]
    actions: [{name: read, energy: 128}, {name: update, energy: 64}]
  - name: system.mac[1..32]
    actions: [{name: compute, energy: 2.5}]
"""
ACCELFORGE = """\
arch:
  nodes:
  - !Memory
    name: Main
    size: inf
    actions:
    - {name: read, energy: 4e-12, throughput: 8 * 300e9}
    - {name: write, energy: 5e-12, throughput: 8 * 200e9}
    tensors: {keep: All}
  - !Memory
    name: Local
    spatial: [{name: Z, fanout: 2}]
    size: 1024*8 * 64
    area: 3e-6
    actions:
    - {name: read, energy: 64e-12, bits_per_action: 32}
    - {name: write, energy: 1e-12}
  - !Compute
    name: Exp unit
    actions: [{name: compute, energy: 3e-12, throughput: 16e9}]
  - !Container
    name: PE
    spatial: [{name: x, fanout: 16}, {name: y, fanout: 32}]
  - !Memory
    name: Register
    size: weight.bits
    leak_power: 1e-6
    actions: [{name: read, energy: 0}, {name: write, energy: 0}]
  - !Compute
    name: MAC
    actions: [{name: compute, energy: 0.5e-12, throughput: 2e9}]
"""


@pytest.fixture
def written(tmp_path):
    def write(text, name="arch.yaml"):
        file = tmp_path / name
        file.write_text(text)
        return file

    return write


def remarks(found):
    return [(remark.at.line, remark.text) for remark in found.remarks]


def test_timeloop_depths_widths_and_meshes(written):
    machine = from_timeloop(written(TIMELOOP)).machine
    assert (machine.clock_hz, machine.technology_nm) == (500e6, 45)
    dram, buffer, registers = machine.memories
    assert dram.capacity_bytes is None
    assert dram.bandwidth.bytes_per_cycle == 100 * 16 / 8
    assert dram.read_pj_per_byte == 3.9 * 8, "HBM2 of the parts catalogue"
    assert buffer.capacity_bytes == 1024 * 512 / 8
    assert registers.capacity_bytes == (2 + 6) * 16 / 8
    (array,) = machine.compute
    assert (array.rows, array.columns, sorted(array.operations)) == (4, 8, ["add", "mac"])
    assert instances(machine, registers.name) == 32
    assert [parent(machine, name) for name in ("Buffer", registers.name, array.name)] == [
        "DRAM",
        "Buffer",
        registers.name,
    ]


def test_timeloop_names_what_it_leaves_out(written):
    found = from_timeloop(written(TIMELOOP))
    assert {
        (34, "'mapper' is not read"),
        (17, "Buffer: 'n_banks' is left out"),
        (26, "a, b lie side by side; here they are one memory of their room together"),
        (31, "mac: no energy is given for it, and 0 pJ stands there"),
    } <= set(remarks(found))


def test_energies_of_an_accelergy_table_are_per_row(written):
    machine = from_timeloop(written(TIMELOOP), written(ERT, "ert.yaml")).machine
    buffer = machine.memory("Buffer")
    assert (buffer.read_pj_per_byte, buffer.write_pj_per_byte) == (128 / 64, 64 / 64)
    assert point_cost(machine, "Array", {"mac": 1}).energy_pj == 2.5


def test_accelforge_in_si_units(written):
    found = from_timeloop(written(ACCELFORGE))
    machine = found.machine
    assert machine.clock_hz == 2e9, "of the compute unit of which there are most"
    main, local, register = machine.memories
    assert (main.read_pj_per_byte, main.write_pj_per_byte) == (32, 40)
    assert main.bandwidth.bytes_per_s == 200e9, "the slower of the two"
    assert local.capacity_bytes == 2 * 1024 * 64, "two of them together"
    assert (local.read_pj_per_byte, local.area_um2) == (16, 6e6)
    assert (register.capacity_bytes, register.leakage_w) == (None, 1e-6)
    assert (register.per, instances(machine, "Register")) == ("MACArray", 2 * 16 * 32)
    scalar, mac = machine.compute
    assert (scalar.rows, scalar.columns) == (1, 2 * 16e9 / 2e9), "lanes of two units"
    assert (scalar.under, list(scalar.operations)) == ("Local", ["exp"])
    assert (mac.rows, mac.columns) == (32, 2 * 16)
    assert {
        (9, "Main: 'tensors' is left out"),
        (26, "Register: 'size' is no number here, and is left out"),
        (10, "Local: 2 of them become one of their room and bandwidth together"),
    } <= set(remarks(found))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("!Memory", "!Nemory"), "the tag '!Nemory' is not read"),
        (("throughput: 2e9", ""), "the file says no clock. Add 'variables"),
        (("fanout: 16", "fanout: many"), "a fan-out of 'many' is no whole number"),
        (("arch:", "arches:"), "no architecture is in this file. Timeloop v4 has"),
        (("name: Main", "neme: Main"), "a !Memory has no name"),
        (("name: Main", "name: [Main]"), "a !Memory has a name that is no text"),
        (("name: Local", "name: Main"), "'Main' is there twice, first on line 3. Give each"),
        (("size: 1024*8 * 64", "size: -8"), "capacity: '-2 B' must be above 0"),
    ],
)
def test_what_is_no_machine_is_refused_with_its_line(written, change, complaint):
    with pytest.raises(InputError, match=rf"arch\.yaml:\d+: {complaint}"):
        from_timeloop(written(ACCELFORGE.replace(*change, 1)))


def test_a_misspelled_key_is_left_out_with_what_is_near(written):
    found = from_timeloop(written(ACCELFORGE.replace("size: 1024*8 * 64", "sise: 8")))
    assert (13, "Local: 'sise' is left out. Did you mean 'size'?") in remarks(found)


def test_what_is_no_machine_of_ours_stands_at_the_unit_of_the_file(written):
    with pytest.raises(InputError, match=r"arch\.yaml:10: capacity"):
        from_timeloop(written(ACCELFORGE.replace("size: 1024*8 * 64", "size: -8")))


def test_a_clock_that_the_file_does_not_say_can_be_given(written):
    silent = written(ACCELFORGE.replace(", throughput: 2e9", ""))
    assert from_timeloop(silent, clock_hz=1e9).machine.clock_hz == 1e9


def test_the_yaml_is_a_machine_that_evaluates(written):
    """A matrix product on it takes the cycles that its PEs need."""
    from accelsim import default_mapping, evaluate, load_arch, load_workload

    found = from_timeloop(written(TIMELOOP))
    file = written(found.text, "machine.yaml")
    assert load_arch(file) == found.machine
    cascade = load_workload(
        written(
            "word: 2 B\nranks: {M: 64, N: 64, K: 64}\n"
            "inputs: {A: [M, K], B: [K, N]}\ncascade: |\n  Z[m,n] += A[m,k] * B[k,n]\n",
            "product.yaml",
        )
    )
    cost = evaluate(
        cascade, found.machine, default_mapping(cascade, found.machine, str(file)).mapping
    )
    assert cost.cycles >= 64**3 / 32

import pytest

from accelsim.arch.load import is_gpu, load_arch, read_arch
from accelsim.arch.load_gpu import load_gpu
from accelsim.arch.load_system import load_system, machines_of
from accelsim.arch.spatial import area_um2, names, operation_cost, parents, point_cost
from accelsim.base import units
from accelsim.base.catalogue import names as shipped
from accelsim.base.errors import ArchError, InputError
from accelsim.base.yamlfile import parse_yaml

TOY = """\
about: toy
clock: 1 GHz
memories:
- {name: DRAM, bandwidth: 128 B/cycle, read: 4 pJ/bit, write: 32 pJ/B}
- {name: Buffer, capacity: 512 KiB, row: 64 B, read: 64 pJ/row, write: 128 pJ/row}
- {name: File, per: Array, capacity: 8 B, read: 1 pJ/B, write: 1 pJ/B}
compute:
- name: Array
  rows: 4
  columns: 8
  operations:
    mac: {energy: 2 pJ}
    exp: {as: {mac: 6}}
"""
EXP_MINUS = {"sub": 1, "exp": 1}
SPATIAL = [name for name in shipped("machines") if not is_gpu(name)]


def toy(*changes):
    text = TOY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return read_arch(parse_yaml(text, "m.yaml"))


def test_a_toy_machine_is_read_in_house_units():
    arch = toy()
    buffer = arch.memory("Buffer")
    assert (buffer.capacity_bytes, buffer.read_pj_per_byte, buffer.write_pj_per_byte) == (
        524288,
        1,
        2,
    )
    assert parents(arch, "Array") == ("File", "Buffer", "DRAM")
    assert operation_cost(arch, "Array", "exp") == (6, 12)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("capacity: 512", "capasity: 512", "5: Memory has no 'capasity'. Did you mean 'capacity'?"),
        (
            "512 KiB",
            "512",
            "5: capacity: '512' is not a quantity in B; write it like '64 B' or '2 kB'",
        ),
        ("rows: 4", "rows: 0", "9: rows: '0' must be above 0"),
        ("rows: 4", "rows: -4", "9: rows: '-4' must be above 0"),
        ("rows: 4", "rows: 1e30", "9: rows: '1e30' is beyond anything sensible"),
        (
            "per: Array",
            "per: Aray",
            "6: File is per 'Aray', which is no compute array. Did you mean 'Array'?",
        ),
        (
            "mac: 6",
            "mak: 6",
            "13: Array: 'exp' is made of 'mak', which the array cannot do. Did you mean 'mac'?",
        ),
        (
            "read: 1 pJ/B, ",
            "",
            "6: File has no read energy. Add a line like 'read: 1.2 pJ/B', or 'part: sram' for "
            "the catalogue's",
        ),
        (
            "write: 1 pJ/B",
            "part: sram",
            "6: File: the part 'sram' has no write energy for 8 B. "
            "Add a line like 'technology: 45 nm' to the machine",
        ),
        (
            "energy: 2 pJ",
            "part: units/mac_f16",
            "8: Array: the parts catalogue has no 'mac_f16' in 'units'. Did you mean 'mac_fp16'?",
        ),
    ],
)
def test_a_wrong_machine_gets_one_sentence_with_its_line(old, new, text):
    with pytest.raises(InputError) as error:
        toy((old, new))
    assert str(error.value) == f"m.yaml:{text}"


def test_a_file_that_is_no_machine_is_told_what_one_has():
    with pytest.raises(ArchError) as error:
        read_arch(parse_yaml("ranks: {M: 4}\nword: 2 B", "w.yaml"))
    assert str(error.value) == (
        "w.yaml:1: this is no machine; it has the keys ranks, word. "
        "A spatial array has 'memories' and 'compute', a GPU has 'sms'"
    )


def test_an_override_takes_the_place_of_what_the_file_says():
    arch = load_arch("fusemax_cloud", {"memories.DRAM.bandwidth": "800 GB/s"})
    assert names(arch)["DRAM.bandwidth"] == 800e9


def test_an_override_of_a_misspelt_key_names_the_nearest():
    with pytest.raises(InputError, match=r"has no 'bandwidht'\. Did you mean 'bandwidth'\?"):
        load_arch("fusemax_cloud", {"memories.DRAM.bandwidht": "800 GB/s"})


# --- the machines that are shipped ---------------------------------------------------------------


def test_the_seven_machines_and_the_ablation_are_shipped():
    machines = (
        "cascade_cloud eyeriss flat_cloud flat_edge fusemax_cloud tpu_v3 tpu_v4i unfused_cloud"
    )
    assert set(machines.split()) <= set(shipped("machines"))


@pytest.mark.parametrize("name", SPATIAL)
def test_every_part_of_a_shipped_machine_names_its_source(name):
    arch = load_arch(name)
    assert arch.source and all(part.source for part in (*arch.memories, *arch.compute))


@pytest.mark.parametrize("name", SPATIAL)
def test_every_shipped_machine_has_dram_and_global_buffer_and_can_multiply(name):
    arch = load_arch(name)
    assert parents(arch, "Array2D") == ("RegisterFile2D", "GlobalBuffer", "DRAM")
    assert operation_cost(arch, "Array2D", "mac")[0] == 1


def test_fusemax_reads_400_gib_per_second_and_has_65536_pes():
    values = names(load_arch("fusemax_cloud"))
    assert values["DRAM.bandwidth"] == 400 * 2**30
    assert (values["Array2D.pes"], values["Array1D.pes"], values["clock"]) == (65536, 256, 940e6)
    assert values["GlobalBuffer.capacity"] == 16 * 2**20


@pytest.mark.parametrize("array", ["Array2D", "Array1D"])
def test_on_fusemax_exp_of_a_difference_takes_7_cycles_and_111_pj(array):
    cost = point_cost(load_arch("fusemax_cloud"), array, EXP_MINUS)
    assert (cost.cycles, cost.energy_pj) == (7, pytest.approx(8.3395 + 6 * 17.1645))


@pytest.mark.parametrize(
    ("name", "cycles"),
    [("flat_cloud", 1), ("unfused_cloud", 1), ("flat_edge", 1), ("cascade_cloud", 2)],
)
def test_exp_of_a_difference_takes_1_cycle_on_flat_and_2_on_cascade(name, cycles):
    cost = point_cost(load_arch(name), "Array1D", EXP_MINUS)
    assert (cost.cycles, cost.energy_pj) == (cycles, pytest.approx(8.3395 + 94.6475))


def test_the_2d_array_of_flat_cannot_do_exp():
    with pytest.raises(ArchError) as error:
        point_cost(load_arch("flat_cloud"), "Array2D", {"exp": 1})
    assert str(error.value) == "Array2D cannot do 'exp'. Its operations are mac, add, mul"


def test_seven_accesses_of_16_bit_cost_690_pj_in_the_buffer_of_flat():
    buffer = load_arch("flat_cloud").memory("GlobalBuffer")
    assert 7 * 2 * buffer.read_pj_per_byte == pytest.approx(690.5)


def test_cascade_counts_16_mib_and_pays_for_32():
    cascade, flat = (load_arch(n).memory("GlobalBuffer") for n in ("cascade_cloud", "flat_cloud"))
    assert (cascade.capacity_bytes, flat.capacity_bytes) == (16 * 2**20, 32 * 2**20)
    assert cascade.read_pj_per_byte == flat.read_pj_per_byte


def test_the_cloud_fusemax_is_3_percent_smaller_than_flat():
    # The paper says 6.4 %: its buffers have 4096-bit rows, ours the area of one with 64-bit rows.
    ratio = area_um2(load_arch("fusemax_cloud")) / area_um2(load_arch("flat_cloud"))
    assert ratio == pytest.approx(0.967, abs=0.001)


def test_two_cores_of_tpu_v3_make_123_tflops():
    arch = load_arch("tpu_v3")
    assert 2 * 2 * names(arch)["Array2D.pes"] * arch.clock_hz == pytest.approx(123e12, rel=0.01)


def test_tpu_v4i_makes_138_tflops():
    arch = load_arch("tpu_v4i")
    assert 2 * names(arch)["Array2D.pes"] * arch.clock_hz == pytest.approx(138e12, rel=0.01)


def test_eyeriss_has_168_pes_and_a_dram_access_costs_200_macs():
    arch = load_arch("eyeriss")
    mac = operation_cost(arch, "Array2D", "mac")[1]
    assert names(arch)["Array2D.pes"] == 168
    assert 2 * arch.memory("DRAM").read_pj_per_byte == 200 * mac


def test_an_override_reaches_a_key_that_the_file_leaves_out():
    wider = {"memories.DRAM.capacity": "80 GiB", "memories.GlobalBuffer.leakage": "3 W"}
    arch = load_arch("fusemax_cloud", wider)
    assert arch.memory("DRAM").capacity_bytes == 80 * 2**30
    assert arch.memory("GlobalBuffer").leakage_w == 3


def test_a_cpu_multiplies_and_reads_what_its_datasheet_says():
    # 64 cores x 2 pipes x 8 lanes x 2 FLOP x 2.45 GHz; 8 channels x 8 B x 3.2 GT/s.
    arch = load_arch("cpu_epyc_7763")
    assert 2 * names(arch)["Array2D.pes"] * arch.clock_hz == pytest.approx(5.0176e12)
    assert names(arch)["DRAM.bandwidth"] == 8 * 8 * 3.2e9


def test_attacc_reads_three_times_what_its_stacks_send_outwards():
    # Four stacks x 670.4 GB/s x 3; 10.9 FLOP a byte are enough for groups of eight queries.
    arch = load_arch("attacc_bg")
    assert names(arch)["DRAM.bandwidth"] == pytest.approx(4 * 670.4e9 * 3)
    flop = 2 * names(arch)["Array2D.pes"] * arch.clock_hz
    assert flop / names(arch)["DRAM.bandwidth"] == pytest.approx(10.9, abs=0.1)


def test_a_system_is_no_machine():
    with pytest.raises(ArchError, match="not a machine. A system serves models"):
        load_arch("vllm_2h100")


def test_what_is_shipped_is_read_without_loading_pint(monkeypatch):
    def refuse():
        raise AssertionError("a unit is not in factors.csv")

    monkeypatch.setattr(units, "_registry", refuse)
    units._factor.cache_clear()
    for name in shipped("machines"):
        assert load_gpu(name) if is_gpu(name) else load_arch(name)
    for name in shipped("systems"):
        assert machines_of(load_system(name))

import pytest

from accelsim.arch.parts import ComputeArray, Memory, Operation
from accelsim.arch.supply import of_memory, of_operation, supplied_array, supplied_memory
from accelsim.base.errors import ArchError

SRAM = Memory(name="Buffer", part="sram", capacity_bytes=128 * 1024, row_bytes=8)


def test_a_memory_of_128_kib_at_45_nm_reads_8_bytes_for_32_pj():
    assert supplied_memory(SRAM, 45).read_pj_per_byte * 8 == pytest.approx(32.342452)


def test_what_the_author_wrote_stays_and_the_rest_is_filled():
    own = SRAM.model_copy(update={"read_pj_per_byte": 1})
    filled = supplied_memory(own, 45)
    assert filled.read_pj_per_byte == 1
    assert filled.write_pj_per_byte * 8 == pytest.approx(26.121552)
    assert filled.area_um2 == pytest.approx(429751.88776)


def test_filling_twice_changes_nothing():
    once = supplied_memory(SRAM, 45)
    assert supplied_memory(once, 45) == once


def test_filled_again_with_another_capacity_it_has_the_new_area():
    grown = supplied_memory(SRAM, 45).model_copy(update={"capacity_bytes": 32 * 2**20})
    assert supplied_memory(grown, 45).area_um2 == pytest.approx(94176255.9664)


def test_a_memory_without_part_is_left_alone():
    memory = Memory(name="Buffer", capacity_bytes=64)
    assert supplied_memory(memory, 45) is memory


def test_a_dram_gets_energies_and_keeps_an_area_of_nothing():
    dram = supplied_memory(Memory(name="DRAM", part="dram/LPDDR4"), 45)
    assert (dram.read_pj_per_byte, dram.area_um2) == (64, 0)


def test_an_fp16_mac_at_45_nm_costs_17_pj_and_1545_um2():
    mac = Operation(part="units/mac_fp16")
    array = ComputeArray(name="A", columns=2, operations={"mac": mac})
    filled = supplied_array(array, 45).operations["mac"]
    assert (filled.energy_pj, filled.area_um2) == pytest.approx((17.1645, 1545))


def test_a_unit_whose_energy_is_written_gets_only_its_area():
    mac = Operation(part="units/mac_fp16", energy_pj=1)
    assert [found.quantity for found in of_operation(mac, 45)] == ["area_um2"]


def test_a_memory_is_told_three_things():
    assert [found.quantity for found in of_memory(SRAM, 45)] == [
        "read_pj_per_byte",
        "write_pj_per_byte",
        "area_um2",
    ]


def test_a_buffer_of_1_gib_has_32_times_the_area_of_32_mib():
    vast = supplied_memory(SRAM.model_copy(update={"capacity_bytes": 2**30}), 45)
    assert vast.area_um2 == pytest.approx(32 * 94176255.9664)


def test_a_technology_outside_the_table_is_refused():
    with pytest.raises(ArchError, match="has no read energy for 128 KiB at 65 nm"):
        supplied_memory(SRAM, 65)

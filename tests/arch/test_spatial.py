import csv
from pathlib import Path

import numpy as np
import pytest

from accelsim.arch.catalogued import from_catalogue
from accelsim.arch.load import load_arch
from accelsim.arch.parts import ComputeArray, Memory, Operation
from accelsim.arch.spatial import (
    Spatial,
    area_rows,
    area_um2,
    instances,
    missing_operations,
    names,
    operation_cost,
    parent,
    parents,
    point_cost,
    with_values,
)
from accelsim.base.errors import ArchError
from accelsim.base.record import Rate

MAC = Operation(energy_pj=2, area_um2=10, leakage_w=0.5)
DRAM = Memory(name="DRAM", bandwidth=Rate(bytes_per_cycle=64))
BUFFER = Memory(name="Buffer", capacity_bytes=1024, row_bytes=16, area_um2=1000, leakage_w=3)
FILE = Memory(name="File", per="Grid", capacity_bytes=8, area_um2=5)
LINE_FILE = Memory(name="LineFile", per="Line", capacity_bytes=8, area_um2=7)
GRID = ComputeArray(name="Grid", rows=2, columns=3, operations={"mac": MAC}, area_um2=1)
LINE = ComputeArray(name="Line", columns=4, operations={"mac": MAC})
TOY = Spatial(
    about="toy",
    clock_hz=1e9,
    memories=(DRAM, BUFFER, FILE, LINE_FILE),
    compute=(GRID, LINE),
)

PARETO = Path(__file__).parents[2].parent / "shared/reference/fusemax/results/pareto.csv"
# As the artifact sizes it: PE_dim * 64 * 16 B, doubled at 512, where DRAM would be the slower.
PARETO_BUFFER_KIB = {16: 16, 32: 32, 64: 64, 128: 128, 256: 256, 512: 1024}


def fusemax_of(side):
    return with_values(
        load_arch("fusemax_cloud"),
        {
            "compute.Array2D.rows": side,
            "compute.Array2D.columns": side,
            "compute.Array1D.columns": side,
            "memories.GlobalBuffer.capacity": PARETO_BUFFER_KIB[side] * 1024,
        },
    )


def test_register_files_hang_side_by_side_under_the_last_shared_memory():
    assert [parent(TOY, name) for name in ("File", "LineFile")] == ["Buffer", "Buffer"]


def test_an_array_is_fed_by_its_own_register_file():
    assert parents(TOY, "Line") == ("LineFile", "Buffer", "DRAM")


def test_the_outermost_memory_is_under_nothing():
    assert (parent(TOY, "DRAM"), parents(TOY, "DRAM")) == (None, ())


def test_an_array_without_register_file_hangs_under_the_last_shared_memory():
    toy = TOY.model_copy(update={"memories": (DRAM, BUFFER, FILE)})
    assert parents(toy, "Line") == ("Buffer", "DRAM")


def test_under_overrules_the_order_of_the_list():
    side = Memory(name="Side", under="DRAM")
    toy = TOY.model_copy(update={"memories": (DRAM, BUFFER, side)})
    assert parents(toy, "Side") == ("DRAM",)


def test_there_is_one_register_file_in_each_of_6_pes():
    assert (instances(TOY, "File"), instances(TOY, "Buffer")) == (6, 1)


def test_the_area_is_the_sum_of_all_instances():
    assert dict(area_rows(TOY)) == {
        "Buffer": 1000,
        "File": 6 * 5,
        "LineFile": 4 * 7,
        "Grid.mac": 6 * 10,
        "Grid": 6 * 1,
        "Line.mac": 4 * 10,
    }
    assert area_um2(TOY) == 1000 + 30 + 28 + 60 + 6 + 40


def test_ten_macs_of_half_a_watt_and_a_buffer_of_3_leak_8_watts():
    assert TOY.leakage_w == {"Buffer": 3, "Grid.mac": 3, "Line.mac": 2}


def test_expressions_see_bytes_bytes_per_second_and_hertz():
    assert names(TOY) == {
        "clock": 1e9,
        "DRAM.bandwidth": 64e9,
        "Buffer.capacity": 1024,
        "Buffer.row": 16,
        "File.capacity": 8,
        "LineFile.capacity": 8,
        "Grid.rows": 2,
        "Grid.columns": 3,
        "Grid.pes": 6,
        "Line.rows": 1,
        "Line.columns": 4,
        "Line.pes": 4,
    }


def test_twice_the_clock_is_twice_the_bandwidth_of_a_memory_on_the_clock():
    assert names(with_values(TOY, {"clock": 2e9}))["DRAM.bandwidth"] == 128e9


def test_a_bandwidth_in_bytes_per_second_stays_when_the_clock_varies():
    toy = with_values(TOY, {"memories.DRAM.bandwidth": 5e9, "clock": np.array([1e9, 5e9])})
    assert toy.memory("DRAM").bandwidth.per_cycle(toy.clock_hz).tolist() == [5, 1]


def test_an_array_of_sizes_gives_an_array_of_areas():
    toy = with_values(TOY, {"compute.Grid.rows": np.array([1, 2])})
    assert area_um2(toy).tolist() == [1164 - 3 * 16, 1164]


def test_an_unknown_memory_is_answered_with_the_nearest_name():
    with pytest.raises(ArchError) as error:
        TOY.memory("Bufer")
    assert str(error.value) == "the machine has no memory 'Bufer'. Did you mean 'Buffer'?"


def test_an_unknown_array_is_answered_with_those_there_are():
    with pytest.raises(ArchError) as error:
        TOY.array("Sphere")
    assert str(error.value) == "the machine has no compute array 'Sphere'. It has Grid, Line"


def test_a_part_is_a_memory_or_an_array():
    assert (TOY.part("File"), TOY.part("Line")) == (FILE, LINE)


def test_costs_and_missing_operations_are_asked_for_by_the_name_of_the_array():
    assert point_cost(TOY, "Grid", {"mac": 3}).energy_pj == 6
    assert operation_cost(TOY, "Line", "mac") == (1, 2)
    assert missing_operations(TOY, "Line", ["mac", "exp"]) == ("exp",)


def test_a_larger_buffer_looks_its_area_up_again():
    small = load_arch("fusemax_cloud", {"memories.GlobalBuffer.capacity": "128 KiB"})
    large = with_values(small, {"memories.GlobalBuffer.capacity": 32 * 2**20})
    areas = [arch.memory("GlobalBuffer").area_um2 for arch in (small, large)]
    assert areas == pytest.approx([429751.9, 94176256.0])


def test_what_came_from_the_catalogue_is_listed_with_its_part():
    rows = from_catalogue(load_arch("fusemax_cloud"))
    assert [(part, found.part, found.quantity) for part, found in rows] == [
        ("GlobalBuffer", "sram", "area_um2")
    ]


def test_a_2d_pe_of_fusemax_has_the_area_behind_the_pareto_row_of_256():
    fusemax = load_arch("fusemax_cloud")
    pe = sum(area for part, area in area_rows(fusemax) if "2D" in part) / 65536
    assert pe == pytest.approx(1207951209.6768 / 65536, rel=1e-6)  # 18431.87 um^2


def test_a_16_x_16_fusemax_has_the_published_5_44_mm2_within_5_percent():
    assert area_um2(fusemax_of(16)) == pytest.approx(5441230.5, rel=0.05)


@pytest.mark.parametrize("side", PARETO_BUFFER_KIB)
def test_fusemax_has_the_area_of_the_published_pareto_rows_within_5_percent(side):
    if not PARETO.is_file():
        pytest.skip(f"the published results are not here: {PARETO}")
    with PARETO.open() as file:
        published = {
            float(row["area"]) for row in csv.DictReader(file) if row["PE_dim"] == str(side)
        }
    assert area_um2(fusemax_of(side)) == pytest.approx(published.pop(), rel=0.05)

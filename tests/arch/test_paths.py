import numpy as np
import pytest

from accelsim.arch.parts import ComputeArray, Memory, Operation
from accelsim.arch.paths import replaced_at
from accelsim.arch.spatial import Spatial
from accelsim.base.errors import ArchError
from accelsim.base.record import Rate

DRAM = Memory(name="DRAM", bandwidth=Rate(bytes_per_s=4e11), read_pj_per_byte=31)
ARRAY = ComputeArray(name="Array", rows=4, columns=4, operations={"mac": Operation(energy_pj=2)})
TOY = Spatial(about="toy", clock_hz=1e9, memories=(DRAM,), compute=(ARRAY,))


def test_a_number_is_in_the_house_unit():
    assert replaced_at(TOY, "clock", 2e9).clock_hz == 2e9


def test_a_text_carries_its_unit():
    assert replaced_at(TOY, "memories.DRAM.capacity", "1 KiB").memory("DRAM").capacity_bytes == 1024


def test_a_bandwidth_as_a_number_is_in_bytes_per_second():
    dram = replaced_at(TOY, "memories.DRAM.bandwidth", 8e11).memory("DRAM")
    assert dram.bandwidth.per_cycle(1e9) == 800


def test_a_bandwidth_as_text_may_be_per_cycle():
    dram = replaced_at(TOY, "memories.DRAM.bandwidth", "128 B/cycle").memory("DRAM")
    assert dram.bandwidth.per_second(1e9) == 128e9


def test_an_operation_is_found_by_its_name():
    swept = replaced_at(TOY, "compute.Array.operations.mac.energy", np.array([1.0, 3.0]))
    assert swept.array("Array").operations["mac"].energy_pj.tolist() == [1, 3]


def test_the_machine_itself_stays_as_it_is():
    replaced_at(TOY, "compute.Array.rows", 8)
    assert TOY.array("Array").rows == 4


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("memories.Dram.read", "there is no 'Dram'. Did you mean 'DRAM'?"),
        ("memories.DRAM.bandwith", "there is no 'bandwith'. Did you mean 'bandwidth'?"),
        ("clock.fast", "there is nothing below 'clock'"),
        ("memories.DRAM", "that is not a number. Name a number of the machine"),
        ("memories", "that is not a number. Name a number of the machine"),
        ("about", "that is not a number. Name a number of the machine"),
        ("compute.Array.operations.exp.energy", "there is no 'exp'. There is mac"),
    ],
)
def test_a_path_that_names_no_number_is_refused(path, text):
    with pytest.raises(ArchError) as error:
        replaced_at(TOY, path, 1)
    assert str(error.value) == f"{path}: {text}"

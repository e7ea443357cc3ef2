from typing import Any

import numpy as np
import pytest

from accelsim.base.errors import RecordError, YamlError
from accelsim.base.record import Positive, Rate, Record, read_record
from accelsim.base.setting import with_setting, with_settings
from accelsim.base.yamlfile import parse_yaml


class Operation(Record):
    energy_pj: Positive = 1


class Memory(Record):
    name: str
    capacity_bytes: Positive | None = None
    bandwidth: Rate | None = None
    operations: dict[str, Operation] = {}
    words_bytes: dict[str, Positive] = {}
    sizes: tuple[int, ...] = ()
    notes: dict[str, Any] = {}


class Machine(Record):
    technology_nm: Positive | None = None
    memories: tuple[Memory, ...]
    spare: Memory | None = None


MACHINE = """\
memories:
- {name: DRAM, bandwidth: 400 GB/s, sizes: [5, 6]}
- name: Buffer
  operations: {mac: {energy: 2 pJ}}
"""
NODE = parse_yaml(MACHINE, "m.yaml")


def changed(path, value):
    return with_setting(NODE, Machine, path, value)


def refusal(path, value="1"):
    with pytest.raises(YamlError) as caught:
        changed(path, value)
    return str(caught.value)


def test_a_setting_reads_its_text_like_yaml():
    assert changed("memories.DRAM.bandwidth", "800 GB/s")["memories"].to_plain()[0] == {
        "name": "DRAM",
        "bandwidth": "800 GB/s",
        "sizes": [5, 6],
    }


def test_the_old_tree_is_left_alone_and_shared():
    new = changed("memories.DRAM.bandwidth", "2 TB/s")
    assert NODE["memories"].elements()[0]["bandwidth"].text == "400 GB/s"
    assert new["memories"].elements()[1] is NODE["memories"].elements()[1]


def test_entries_without_names_are_found_by_number():
    new = changed("memories.DRAM.sizes.1", 7)
    assert new["memories"].elements()[0]["sizes"].to_plain() == [5, 7]


def test_a_key_that_the_file_leaves_out_is_reached():
    new = with_settings(NODE, Machine, {"memories.DRAM.capacity": "80 GiB", "technology": "7 nm"})
    machine = read_record(new, Machine)
    assert (machine.memories[0].capacity_bytes, machine.technology_nm) == (80 * 2**30, 7)


def test_so_is_one_below_a_key_that_the_file_leaves_out():
    new = with_settings(NODE, Machine, {"spare.name": "SRAM", "spare.capacity": "1 KiB"})
    assert read_record(new, Machine).spare == Memory(name="SRAM", capacity_bytes=1024)


def test_a_new_name_is_welcome_where_names_are_free():
    dram, _ = read_record(changed("memories.DRAM.words.Q", "4 B"), Machine).memories
    assert dram.words_bytes == {"Q": 4}
    new = changed("memories.Buffer.operations.exp", "{energy: 3 pJ}")
    assert [*read_record(new, Machine).memories[1].operations] == ["mac", "exp"]


def test_a_misspelt_name_with_more_below_it_is_no_new_name():
    assert refusal("memories.Buffer.operations.mc.energy").endswith(
        "this mapping has no 'mc'. Did you mean 'mac'?"
    )


def test_a_key_that_the_record_does_not_know_is_refused_with_the_nearest_that_it_knows():
    assert refusal("memories.DRAM.capasity") == (
        "m.yaml:2: there is no 'memories.DRAM.capasity': Memory has no 'capasity'. "
        "Did you mean 'capacity'?"
    )
    assert refusal("x").endswith("Machine has no 'x'. It has technology, memories, spare")


def test_a_list_entry_that_is_not_there_is_refused_with_the_nearest():
    assert refusal("memories.DRM.bandwidth") == (
        "m.yaml:2: there is no 'memories.DRM.bandwidth': this list has no 'DRM'. "
        "Did you mean 'DRAM'?"
    )
    assert refusal("memories.DRAM.sizes.2").endswith("this list has no '2'. It has 0, 1")


def test_below_a_number_there_is_nothing():
    assert refusal("memories.DRAM.bandwidth.peak").endswith(
        "'400 GB/s' has no 'peak'. It has nothing"
    )
    assert refusal("technology.node").endswith("it has no 'node'. It has nothing")


@pytest.mark.parametrize("path", ["", ".", "memories..bandwidth", "clock."])
def test_a_path_has_no_empty_steps(path):
    assert "is not a path; write it like 'memories.DRAM.bandwidth'" in refusal(path)


def test_what_is_wrong_with_an_added_value_names_the_setting():
    with pytest.raises(RecordError) as caught:
        read_record(changed("memories.Buffer.capacity", "64"), Machine)
    assert str(caught.value) == (
        "memories.Buffer.capacity=64:1: capacity: '64' is not a quantity in B; "
        "write it like '64 B' or '2 kB'"
    )


def test_a_setting_may_be_a_number_but_not_an_array():
    assert changed("technology", 7)["technology"].value == 7
    assert refusal("technology", np.array([1, 2])) == (
        "technology: an array is no setting; it takes the place of a number in what was loaded. "
        "See accelsim.with_values"
    )

from functools import cached_property

import numpy as np
import pydantic
import pytest
from pydantic import Field

from accelsim.base.record import (
    Count,
    NonNegative,
    Positive,
    Rate,
    Record,
    fields_by_key,
    keys_of,
    read_record,
)
from accelsim.base.yamlfile import parse_yaml


class Memory(Record):
    name: str
    capacity_bytes: Positive | None = None
    bandwidth: Rate | None = None
    read_pj: NonNegative = 0
    widths_bytes: tuple[Positive, ...] = ()
    energy_pj: dict[str, NonNegative] = Field(default_factory=dict)


class Machine(Record):
    clock_hz: Positive
    memories: tuple[Memory, ...]
    spare: Memory | None = None
    tables: dict[str, Memory] = Field(default_factory=dict)
    rows: Count = 1


MACHINE = """\
clock: 940 MHz
memories:
- {name: DRAM, bandwidth: 400 GiB/s, read: 8 pJ}
- name: Buffer
  capacity: 512 KiB
  bandwidth: 128 B/cycle
  widths: [1 B, 16 bit]
  energy: {mac: 675 fJ}
spare: {name: L3}
tables: {a: {name: A}}
rows: 16
"""


@pytest.fixture(scope="module")
def machine():
    return read_record(parse_yaml(MACHINE, "m.yaml"), Machine)


def test_the_key_is_the_field_without_its_suffix_and_the_value_in_the_unit_of_the_suffix(machine):
    assert machine.clock_hz == 940_000_000
    assert machine.memories[1].capacity_bytes == 512 * 1024
    assert machine.memories[0].read_pj == 8


def test_lists_and_mappings_of_quantities_are_read_entry_by_entry(machine):
    assert machine.memories[1].widths_bytes == (1, 2)
    assert machine.memories[1].energy_pj == {"mac": 0.675}


def test_records_nest_in_tuples_options_and_mappings(machine):
    assert [memory.name for memory in machine.memories] == ["DRAM", "Buffer"]
    assert machine.spare == Memory(name="L3")
    assert machine.tables == {"a": Memory(name="A")}


def test_a_bandwidth_stays_in_the_unit_it_was_written_in(machine):
    assert machine.memories[0].bandwidth == Rate(bytes_per_s=400 * 2**30)
    assert machine.memories[1].bandwidth == Rate(bytes_per_cycle=128)


def test_python_gives_numbers_by_field_or_text_by_key():
    assert Memory(name="A", capacity_bytes=64) == Memory(name="A", capacity="64 B")


def test_a_record_does_not_change(machine):
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        machine.rows = 2


def test_a_sweep_puts_arrays_into_fields(machine):
    swept = machine.model_copy(update={"clock_hz": np.array([1e9, 2e9])})
    assert swept.memories[0].bandwidth.per_cycle(swept.clock_hz).tolist() == [
        429.4967296,
        214.7483648,
    ]


def test_the_json_schema_has_the_keys_of_the_yaml():
    schema = Memory.model_json_schema()
    assert list(schema["properties"]) == [
        "name",
        "capacity",
        "bandwidth",
        "read",
        "widths",
        "energy",
    ]


def test_a_key_is_the_fields_name_without_its_unit():
    assert fields_by_key(Machine)["clock"] == "clock_hz"
    assert keys_of(Machine) == ["clock", "memories", "spare", "tables", "rows"]


def test_a_copy_with_other_values_finds_its_cached_properties_anew():
    class Ring(Record):
        names: tuple[str, ...]

        @cached_property
        def number(self):
            return len(self.names)

    ring = Ring(names=("a", "b"))
    assert ring.number == 2
    assert ring.model_copy(update={"names": ("a",)}).number == 1
    assert ring.number == 2

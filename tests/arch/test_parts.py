import numpy as np
import pytest

from accelsim.arch.parts import ComputeArray, Memory, Operation
from accelsim.base.errors import RecordError
from accelsim.base.record import read_record
from accelsim.base.yamlfile import parse_yaml


def memory(text):
    return read_record(parse_yaml(f"name: Buffer\n{text}", "m.yaml"), Memory)


def operation(text):
    return read_record(parse_yaml(text, "m.yaml"), Operation)


def test_a_read_of_64_pj_per_row_of_16_bytes_is_4_pj_per_byte():
    assert memory("row: 16 B\nread: 64 pJ/row").read_pj_per_byte == 4


def test_13_4_nj_per_row_of_512_bytes_is_26_171875_pj_per_byte():
    assert memory("row: 512 B\nwrite: 13.4 nJ/row").write_pj_per_byte == 26.171875


def test_3_9_pj_per_bit_is_31_2_pj_per_byte():
    assert memory("read: 3.9 pJ/bit").read_pj_per_byte == pytest.approx(31.2)


def test_python_code_may_say_the_energy_per_row_too():
    made = Memory.model_validate({"name": "Buffer", "row": "8 B", "read": "16 pJ/row"})
    assert made.read_pj_per_byte == 2


def test_an_energy_per_row_needs_a_row():
    with pytest.raises(RecordError) as error:
        memory("read: 64 pJ/row")
    text = "m.yaml:1: Memory: read: '64 pJ/row' needs a 'row'; add a line like 'row: 64 B'"
    assert str(error.value) == text


def test_an_energy_without_per_byte_or_per_row_is_refused_with_both_spellings():
    with pytest.raises(RecordError) as error:
        memory("row: 64 B\nread: 64 pJ")
    text = "read: '64 pJ' is not a quantity in pJ/B; write it like '1.2 pJ/B' or '4 pJ/bit'"
    assert str(error.value) == f"m.yaml:3: {text}"


def test_a_row_of_nothing_is_refused_and_divides_nothing():
    with pytest.raises(RecordError) as error:
        memory("row: 0 B\nread: 64 pJ/row")
    assert str(error.value) == "m.yaml:2: row: '0 B' must be above 0"


def test_a_memory_without_capacity_is_unbounded_and_has_one_port():
    dram = memory("bandwidth: 128 B/cycle")
    assert (dram.capacity_bytes, dram.ports, dram.bandwidth.per_second(1e9)) == (None, 1, 128e9)


def test_six_macs_make_an_exp():
    assert operation("as: {mac: 6}").as_ == {"mac": 6}


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("{as: {mac: 6}, cycles: 2}", "'cycles' follow from 'as'; leave them out"),
        ("as: {}", "'as' names no operation; write it like {mac: 6}"),
        ("fuses: [sub]", "'fuses' names one operation; write it like [sub, exp]"),
        (
            "{as: {mac: 6}, fuses: [sub, exp]}",
            "an operation is made of others by 'as' or by 'fuses', not by both",
        ),
    ],
)
def test_an_operation_is_made_of_others_in_one_way(text, fact):
    with pytest.raises(RecordError) as error:
        operation(text)
    assert str(error.value) == f"m.yaml:1: Operation: {fact}"


def test_128_rows_of_256_columns_are_32768_pes():
    array = ComputeArray(name="A", rows=128, columns=256, operations={})
    assert array.pes == 32768


def test_an_array_without_rows_has_one():
    array = ComputeArray(name="A", columns=256, operations={})
    assert array.pes == 256


def test_rows_may_be_an_array_of_settings():
    array = ComputeArray(name="A", columns=2, operations={})
    swept = array.model_copy(update={"rows": np.array([4, 8])})
    assert swept.pes.tolist() == [8, 16]

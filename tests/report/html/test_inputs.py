from accelsim.base.catalogue import find
from accelsim.report.html.inputs import constants_of, inputs_of


def test_an_input_is_shown_as_it_was_and_with_what_was_set(told):
    (found,) = inputs_of(told)
    assert (found.name, found.kind, found.yaml) == ("mine", "GPU", "clock: 1 GHz\n")
    assert found.note.endswith("set by hand beside it: memories.DRAM.bandwidth")


def test_constants_are_numbers_with_sources(told):
    found = [(each.path, each.value, each.source) for each in constants_of(told)]
    assert found == [
        ("clock", "1 GHz", "datasheet, p. 3"),
        ("memories.DRAM.bandwidth", "2 TB/s", "a setting"),
    ]


def test_a_text_that_was_not_kept_is_the_shipped_one_or_none():
    def of(name, kind):
        told = {"inputs": {name: {"kind": kind, "quantities": {}}}}
        return inputs_of(told)[0]

    shipped = of("fusemax_cloud", "Spatial")
    assert shipped.yaml == find("fusemax_cloud", "machines").read_text(encoding="utf-8")
    assert "not kept with the results" in shipped.note
    for other in (of("mine.yaml", "Spatial"), of("nothing_of_this_name", "Gpu"), of("x", "Odd")):
        assert (other.yaml, other.note) == ("", "its text was not kept with the results")


def test_a_device_has_the_text_of_its_machine():
    system = {"kind": "System", "quantities": {"devices.H.machine": {"value": "h100_sxm"}}}
    gpu = {"kind": "Gpu", "quantities": {}}
    _, found = inputs_of({"inputs": {"eight": system, "H": gpu}})
    assert (found.name, found.kind) == ("H", "GPU h100_sxm")
    assert found.yaml == find("h100_sxm", "machines").read_text(encoding="utf-8")


def test_sizes_of_a_call_are_no_shape_of_a_model():
    told = {"kind": "dict", "quantities": {"m": {"value": 16, "source": "a setting"}}}
    (found,) = inputs_of({"inputs": {"gemm": told}})
    assert (found.kind, found.yaml) == ("values", "m: 16\n")

import pytest

from accelsim.arch.compositions import composed
from accelsim.arch.load import is_gpu, load_arch, read_arch
from accelsim.arch.spatial import operation_cost
from accelsim.base.catalogue import names
from accelsim.base.errors import ArchError
from accelsim.base.yamlfile import parse_yaml

MACHINE = """\
about: A machine of one array.
clock: 1 GHz
memories: [{name: DRAM, read: 1 pJ/B, write: 1 pJ/B}]
compute:
- name: Array
  columns: 4
  operations_from: compositions
  operations: {OPERATIONS}
"""
UNITS = "mac: {energy: 5 pJ}, add: {energy: 3 pJ}, exp: {energy: 20 pJ}, div: {energy: 40 pJ}"


def machine(operations):
    return parse_yaml(MACHINE.replace("{OPERATIONS}", f"{{{operations}}}"), "m.yaml")


def array(operations):
    return read_arch(machine(operations)).array("Array")


def test_silu_is_a_sigmoid_and_a_product_of_four_turns():
    """1 / (1 + exp(-x)) takes 20 + 3 + 40 pJ in three turns; x times that one mac of 5 pJ more."""
    assert operation_cost(read_arch(machine(UNITS)), "Array", "silu") == (4, 20 + 3 + 40 + 5)


def test_an_array_takes_only_what_it_can_make_of_its_own():
    assert [*array("mac: {energy: 5 pJ}").operations] == ["mac", "mul", "square"]


def test_what_the_machine_says_goes_before_the_table():
    own = array(f"{UNITS}, silu: {{energy: 1 pJ}}").operations["silu"]
    assert (own.as_, own.energy_pj) == (None, 1)


def test_what_is_made_of_an_own_operation_follows_it():
    operations = f"{UNITS}, sigmoid: {{energy: 1 pJ}}"
    assert operation_cost(read_arch(machine(operations)), "Array", "silu") == (2, 6)


def test_composing_twice_changes_nothing():
    once = composed(machine(UNITS))
    assert composed(once).to_plain() == once.to_plain()


def test_an_operation_of_the_table_names_its_source():
    assert array(UNITS).operations["log"].source == "assumed: as long as exp"


def test_with_every_unit_the_whole_table_is_taken():
    taken = array(f"{UNITS}, max: {{energy: 1 pJ}}").operations
    assert {"sub", "gelu", "softplus", "pow", "rsqrt"} < {*taken}
    assert len(taken) == 5 + 34


def test_a_setting_reaches_into_the_table():
    longer = {"compute.Array1D.operations.gelu.as.mul": 7}
    cycles = [
        operation_cost(load_arch("fusemax_cloud", settings), "Array1D", "gelu")[0]
        for settings in ({}, longer)
    ]
    assert cycles[1] - cycles[0] == 5


def test_an_unknown_table_is_answered_with_the_nearest():
    text = MACHINE.replace("from: compositions", "from: compositons")
    with pytest.raises(ArchError) as error:
        read_arch(parse_yaml(text.replace("{OPERATIONS}", f"{{{UNITS}}}"), "m.yaml"))
    assert str(error.value) == (
        "m.yaml:7: there is no part 'compositons', and no such file. Did you mean 'compositions'?"
    )


@pytest.mark.parametrize(
    "name", [name for name in names("machines") if name != "eyeriss" and not is_gpu(name)]
)
def test_the_vector_array_of_a_machine_can_do_every_operation_of_the_table(name):
    assert {"sub", "gelu", "softplus", "pow", "rsqrt"} < {*load_arch(name).compute[-1].operations}

import pytest

from accelsim.arch.operations import cost_on, missing_on
from accelsim.arch.parts import ComputeArray, Operation
from accelsim.base.errors import ArchError

MAC = Operation(energy_pj=17)
SUB = Operation(energy_pj=8)
EXP_UNIT = Operation(energy_pj=94)
EXP_OF_MACS = Operation.model_validate({"as": {"mac": 6}})


def array(**operations):
    return ComputeArray(name="Array", columns=4, operations=operations)


def used(cost):
    return {unit.operation: unit.count for unit in cost.units}


def test_one_mac_takes_one_cycle_and_17_pj():
    cost = cost_on(array(mac=MAC), {"mac": 1})
    assert (cost.cycles, cost.energy_pj) == (1, 17)


def test_exp_as_six_macs_takes_6_cycles_and_102_pj():
    cost = cost_on(array(mac=MAC, exp=EXP_OF_MACS), {"exp": 1})
    assert (cost.cycles, cost.energy_pj, used(cost)) == (6, 102, {"mac": 6})


def test_a_difference_and_its_exp_take_7_cycles_without_an_exp_unit():
    cost = cost_on(array(mac=MAC, sub=SUB, exp=EXP_OF_MACS), {"sub": 1, "exp": 1})
    assert (cost.cycles, cost.energy_pj) == (1 + 6, 8 + 6 * 17)


def test_separate_units_take_2_cycles():
    cost = cost_on(array(sub=SUB, exp=EXP_UNIT), {"sub": 1, "exp": 1})
    assert (cost.cycles, cost.energy_pj) == (2, 8 + 94)


def test_a_pipe_that_fuses_them_takes_1_cycle_and_the_energy_of_both():
    both = Operation(fuses=("sub", "exp"))
    cost = cost_on(array(sub=SUB, exp=EXP_UNIT, both=both), {"sub": 1, "exp": 1})
    assert (cost.cycles, cost.energy_pj, used(cost)) == (1, 102, {"sub": 1, "exp": 1})


def test_of_two_subtractions_and_one_exp_the_pipe_takes_a_pair_and_one_is_left():
    both = Operation(fuses=("sub", "exp"))
    cost = cost_on(array(sub=SUB, exp=EXP_UNIT, both=both), {"sub": 2, "exp": 1})
    assert (cost.cycles, cost.energy_pj) == (1 + 1, 2 * 8 + 94)


def test_a_lone_exp_does_not_use_the_pipe():
    both = Operation(fuses=("sub", "exp"), cycles=3)
    assert cost_on(array(sub=SUB, exp=EXP_UNIT, both=both), {"exp": 1}).cycles == 1


def test_a_composite_with_an_energy_of_its_own_adds_it_once():
    made = Operation.model_validate({"as": {"mac": 2}, "energy": "5 pJ"})
    cost = cost_on(array(mac=MAC, made=made), {"made": 1})
    assert (cost.energy_pj, used(cost)) == (2 * 17 + 5, {"mac": 2, "made": 1})


def test_operations_made_of_operations_made_of_others_multiply():
    square = Operation.model_validate({"as": {"exp": 2}})
    cost = cost_on(array(mac=MAC, exp=EXP_OF_MACS, square=square), {"square": 3})
    assert (cost.cycles, used(cost)) == (3 * 2 * 6, {"mac": 36})


def test_two_alus_give_a_result_every_half_cycle():
    assert cost_on(array(add=Operation(cycles=0.5)), {"add": 3}).cycles == 1.5


def test_an_operation_that_is_needed_zero_times_costs_nothing_and_need_not_exist():
    assert cost_on(array(mac=MAC), {"mac": 1, "exp": 0}).cycles == 1


def test_a_missing_operation_is_named_with_what_the_array_can_do():
    with pytest.raises(ArchError) as error:
        cost_on(array(mac=MAC, add=SUB), {"exp": 1})
    assert str(error.value) == "Array cannot do 'exp'. Its operations are mac, add"


def test_missing_operations_are_listed_once_and_in_order():
    assert missing_on(array(mac=MAC), ["exp", "mac", "div", "exp"]) == ("exp", "div")

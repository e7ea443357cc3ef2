"""What the controls say, read as a link."""

import pytest

from accelsim.report.page.answer import answer
from accelsim.report.page.controlled import followed, pairs_of, settled
from accelsim.report.page.controls import element_id, lengths, machine_controls
from accelsim.report.page.state import from_query, to_query


def control(key: str, of: str, text: str):
    return ({"kind": "text", "key": key, "of": of}, text)


def test_controls_of_a_machine_that_was_just_replaced_say_nothing():
    pairs = pairs_of(
        {"workload": "attention/one_pass", "a": "h100_sxm", "b": ""},
        [
            control("a.clock", "fusemax_cloud", "1 GHz"),
            control("a.bandwidth", "h100_sxm", "4 TB/s"),
            control("b.clock", "fusemax_cloud", "1 GHz"),
            control("form", "heads/mla", "decode"),
            control("context", "", "8K"),
        ],
    )
    assert pairs == {
        "workload": "attention/one_pass",
        "a": "h100_sxm",
        "a.bandwidth": "4 TB/s",
        "context": "8K",
    }


def test_lengths_that_nobody_moved_follow_the_workload(state_of, names):
    pairs = {"workload": "heads/grouped", "a": "h100_sxm", "context": "4K", "batch": "1"}
    assert "context" not in followed(pairs, state_of("workload=attention/one_pass"), names)
    moved = state_of("workload=attention/one_pass&context=4K")
    assert followed(pairs, moved, names)["context"] == "4K"


def test_a_context_of_a_whole_model_is_moved(state_of, names):
    """Also where the model is the one that is shown if none is named."""
    pairs = {"workload": "whole_model", "form": "decode", "model": "llama3_8b", "a": "eight_h100"}
    was = state_of("a=eight_h100")
    assert followed(pairs | {"context": "8K"}, was, names)["context"] == "8K"


def test_a_system_brings_whole_models_and_a_mechanism_machines(state_of, names):
    was = state_of("workload=heads/grouped&a=h100_sxm&b=l4&context=4K")
    chosen = {"workload": "heads/grouped", "a": "h100_sxm", "b": "eight_h100", "context": "4K"}
    assert followed(chosen, was, names) == {"workload": "whole_model", "b": "eight_h100"}
    was = state_of("workload=whole_model&a=eight_h100&b=vllm_4h100")
    chosen = {"workload": "heads/mla", "a": "eight_h100", "b": "vllm_4h100", "a.H100.count": "4"}
    assert followed(chosen, was, names) == {"workload": "heads/mla"}
    state, complaints = from_query("workload=heads/mla", names, was)
    assert complaints == () and [machine.name for machine in state.machines] == ["fusemax_cloud"]


@pytest.mark.parametrize(
    ("query", "short"),
    [
        ("workload=attention/one_pass&form=prefill&context=4K&batch=1&a=fusemax_cloud", ""),
        ("a=fusemax_cloud&a.price=0", ""),
        ("model=bert&batch=64", "&model=bert"),
        ("model=bert&batch=1", "&model=bert&batch=1"),
    ],
)
def test_what_says_nothing_new_is_not_in_the_link(query, short, state_of):
    whole = f"workload=attention/one_pass{short}&a=fusemax_cloud"
    assert to_query(settled(state_of(query))) == whole


def test_a_price_with_a_source_is_not_the_users(state_of):
    state = settled(state_of("a=h100_sxm&a.price=3.99"))
    assert state.machines[0].price is None
    assert settled(state_of("a=h100_sxm&a.price=0")).machines[0].price == 0


def test_a_number_between_positions_is_a_position_of_its_own(state_of):
    (machine,) = state_of("a=fusemax_cloud&a.bandwidth=812 GB/s").machines
    stops = [
        each for each in _stores(machine_controls("a", machine)) if "812 GB/s" in each["texts"]
    ]
    assert len(stops) == 1 and sorted(stops[0]["numbers"]) == list(stops[0]["numbers"])


def test_a_mechanism_without_a_growing_rank_has_no_context(state_of):
    found = answer(state_of("workload=linear/lightning_2&form=decode&a=h100_sxm"))
    assert len(lengths(found)) == 1


def test_every_control_has_a_label(state_of):
    (machine,) = state_of("a=h100_sxm").machines
    for control in machine_controls("a", machine):
        labels = {each.htmlFor for each in control.children if type(each).__name__ == "Label"}
        inputs = {
            element_id(each.id)
            for each in control.children
            if type(each).__name__ in ("Input", "Dropdown")
        }
        assert inputs and inputs == labels


def _stores(controls) -> list[dict]:
    return [
        child.data
        for control in controls
        for child in control.children
        if type(child).__name__ == "Store"
    ]

"""A state is its link, and a link can do no more than name what is offered."""

import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.base.catalogue import find
from accelsim.report.page.choices import forms_of, mappings_of, models_of, offered
from accelsim.report.page.knobs import knobs_of
from accelsim.report.page.state import MachineState, State, from_query, to_query

NAMES = offered()
OTHERWISE = State("attention/one_pass", (MachineState("fusemax_cloud"),))


@st.composite
def machines(draw) -> MachineState:
    """Positions of sliders, and numbers between them."""
    machine = MachineState(
        draw(st.sampled_from(NAMES.machines)),
        price=draw(st.none() | st.floats(0, 1000)),
    )
    for knob in knobs_of(machine.name):
        moved = draw(st.none() | st.integers(-knob.reach, knob.reach) | st.floats(0.1, 10))
        if moved is None:
            continue
        number = knob.at(moved) if isinstance(moved, int) else knob.base * moved
        whole = float(max(1, round(number)))
        machine = machine.with_value(knob.key, whole if knob.unit == "1" else number)
    mapping = draw(st.none() | st.sampled_from(mappings_of(machine.name)))
    return MachineState(machine.name, mapping, machine.moved, machine.price)


@st.composite
def states(draw) -> State:
    workload = draw(st.sampled_from(["attention/one_pass", "heads/grouped", "heads/mla"]))
    return State(
        workload,
        tuple(draw(st.lists(machines(), min_size=1, max_size=2))),
        form=draw(st.none() | st.sampled_from([form.name for form in forms_of(workload)])),
        model=draw(st.none() | st.sampled_from(list(models_of(workload)))),
        context=draw(st.none() | st.integers(1, 2**30)),
        batch=draw(st.none() | st.integers(1, 2**20)),
    )


@given(states())
def test_a_state_comes_back_from_its_link(state):
    assert from_query(to_query(state), NAMES, OTHERWISE) == (state, ())


@given(st.text())
def test_any_text_is_a_link_of_which_the_rest_stays(text):
    state, _ = from_query(text, NAMES, OTHERWISE)
    assert state.machines and state.workload in NAMES.workloads


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("workload=/etc/passwd.yaml", "there is no mechanism '/etc/passwd.yaml'"),
        ("a=../../secrets.yaml", "there is no machine '../../secrets.yaml'"),
        ("a=h100_sxn", "Did you mean 'h100_sxm'?"),
        ("a.mapping=mine.yaml", "there is no mapping 'mine.yaml'"),
        ("model=gpt-9", "there is no model 'gpt-9'"),
        ("a.clock=__import__('os')", "is not a quantity in Hz"),
        ("a.bandwidth=-1 GB/s", "beyond anything sensible"),
        ("a.bandwidth=1e99 GB/s", "beyond anything sensible"),
        ("a.array=2.5", "no whole number"),
        ("a.price=cheap", "is not a number"),
        ("context=0", "is no length"),
        ("context=1000000000000", "is too much for a context"),
        ("form=decoding", "It has prefill, decode"),
        ("a=h100_sxm&a.rows=3", "there is nothing called 'a.rows' here"),
        ("workload=attention/one_pass&a=eight_h100", "eight_h100 is a system"),
        ("x=" + "9" * 5000, "the link is longer than 4,000 characters"),
    ],
)
def test_nonsense_is_said_and_left_out(query, complaint):
    state, complaints = from_query(query, NAMES, OTHERWISE)
    assert [text for text in complaints if complaint in text], complaints
    assert state.workload == OTHERWISE.workload and not state.machines[0].moved


@pytest.mark.parametrize(
    "query",
    [
        "workload=whole_model&a=eight_h100&a.nvlink.link=900 GB/s&b=h100_fusemax&b.FuseMax.count=8",
        "workload=whole_model&form=prefill&model=llama3_70b&context=8192&a=vllm_4h100",
    ],
)
def test_a_model_on_systems_comes_back_from_its_link(query):
    state, complaints = from_query(query, NAMES, OTHERWISE)
    assert complaints == () and state.is_served
    assert from_query(to_query(state), NAMES, OTHERWISE) == (state, ())


def test_a_system_needs_no_workload_to_be_named(state_of):
    state = state_of("a=eight_h100")
    assert state.is_served and state.machines == (MachineState("eight_h100"),)
    _, complaints = from_query("a=eight_h100&a.price=3", NAMES, OTHERWISE)
    assert "there is nothing called 'a.price' here" in complaints[0]


def test_a_machine_is_moved_only_where_it_differs_from_its_file():
    state, _ = from_query("a=h100_sxm&a.bandwidth=3350 GB/s&a.clock=1 GHz", NAMES, OTHERWISE)
    assert state.machines == (MachineState("h100_sxm", None, (("clock", 1e9),)),)


def test_a_file_is_taken_only_if_the_page_was_opened_with_it(tmp_path):
    box, node = str(tmp_path / "box.yaml"), str(tmp_path / "node.yaml")
    shutil.copy(find("fusemax_cloud", "arch"), box)
    shutil.copy(find("eight_h100", "systems"), node)
    mine = offered("mine.yaml", box)
    assert "mine.yaml" in mine.workloads and box in mine.machines and box not in mine.systems
    assert "mine.yaml" not in NAMES.workloads
    mine = offered(None, node)
    assert node in mine.systems and node not in mine.machines


def test_a_file_of_forms_has_those_forms(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(find("heads/mla", "workloads").read_text())
    assert [form.name for form in forms_of(str(file))] == [f.name for f in forms_of("heads/mla")]
    assert list(models_of(str(file))) == list(models_of("heads/mla"))

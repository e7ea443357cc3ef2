import pytest

from accelsim.arch.load_system import read_system
from accelsim.arch.system import System
from accelsim.arch.system_checks import system_problems
from accelsim.base.errors import InputError
from accelsim.base.yamlfile import parse_yaml

TOY = """\
about: A toy.
source: made up
devices:
- {name: H100, machine: h100_sxm, count: 4, role: model, price: 11.06 USD/h}
- {name: H20, machine: h20, count: 4, role: attention, attention: cudnn}
switches: [spine]
links:
- {name: nvlink, between: [H100, H100], bandwidth: 450 GB/s, latency: 2 us, source: made up}
- {name: up, between: [H100, spine], bandwidth: 45.7 GB/s, latency: 8 us, source: made up}
- {name: down, between: [spine, H20], bandwidth: 45.7 GB/s, latency: 8 us, source: made up}
parallel: {tensor: 2, expert: 2}
offload: {split: heads}
serving: {prefill: elsewhere}
"""


def toy(*changes):
    text = TOY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return read_system(parse_yaml(text, "s.yaml"))


def test_the_toy_itself_fits_together():
    assert system_problems(toy()) == []


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("price:", "prize:", "4: Device has no 'prize'. Did you mean 'price'?"),
        ("offload:", "ofload:", "12: System has no 'ofload'. Did you mean 'offload'?"),
        (
            "11.06 USD/h",
            "11.06",
            "4: price: '11.06' is not a quantity in USD/h; write it like '11.06 USD/h'",
        ),
        (
            "11.06 USD/h",
            "11.06 EUR/h",
            "4: price: '11.06 EUR/h' is not a quantity in USD/h; write it like '11.06 USD/h'",
        ),
        ("11.06 USD/h", "-1 USD/h", "4: price: '-1 USD/h' must be at least 0"),
        ("count: 4", "count: 0", "4: count: '0' must be above 0"),
        ("count: 4", "count: 1.5", "4: count: '1.5' is not a whole number"),
        (
            "attention: cudnn",
            "attention: cudn",
            "5: attention: 'cudn' is none of 'flash', 'cudnn', ",
        ),
        (
            "role: model",
            "role: modle",
            "4: role: 'modle' is none of 'model', 'attention', 'both' or 'prefill'. "
            "Did you mean 'model'?",
        ),
        (
            "machine: h20",
            "machine: h200_sxn",
            "5: H20: there is no machine 'h200_sxn', and no such file. Did you mean 'h200_sxm'?",
        ),
        ("45.7 GB/s", "0 GB/s", "9: bandwidth: '0 GB/s' must be above 0"),
        ("[H100, spine]", "[H100]", "9: between: a sequence has no entry 2"),
        ("[H100, spine]", "[H100, spine, H20]", "9: between: a sequence has more than 2 entries"),
    ],
)
def test_a_wrong_device_or_link_gets_one_sentence_with_its_line(old, new, text):
    with pytest.raises(InputError) as error:
        toy((old, new))
    assert str(error.value).startswith(f"s.yaml:{text}")


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("name: H20,", "name: H100,", "5: two devices are called 'H100'. Give each a name of its"),
        ("[spine]", "[H20]", "6: the switch 'H20' has the name of another. Give each a name"),
        ("name: up", "name: nvlink", "9: two links are called 'nvlink'. Give each a name of its"),
        (
            "[spine, H20]",
            "[spin, H20]",
            "10: link down leads to 'spin', which is no device and no switch. "
            "Did you mean 'spine'?",
        ),
        (
            "[spine, H20]",
            "[spine, TPU]",
            "10: link down leads to 'TPU', which is no device and no switch. "
            "There are H100, H20, spine",
        ),
        (
            "[spine, H20]",
            "[spine, H100]",
            "10: up and down both join spine and H100. Write one link with the bandwidth of both",
        ),
        (
            "450 GB/s",
            "450 B/cycle",
            "8: link nvlink has no clock, and its bandwidth is in bytes a cycle. "
            "Write it in bytes a second, like '450 GB/s'",
        ),
        (
            "role: attention",
            "role: both",
            "4: 2 kinds of devices hold the model: H100, H20. Give one kind the role 'model' or "
            "'both'",
        ),
        (
            "role: model",
            "role: prefill",
            "4: 0 kinds of devices hold the model. Give one kind the role 'model' or 'both'",
        ),
        (
            "role: attention",
            "role: prefill",
            "4: a kind of device has the role 'model', but none 'attention'. "
            "A kind that does both has the role 'both'",
        ),
        (
            "role: model",
            "role: both",
            "4: a kind of device has the role 'attention', but none 'model'. "
            "A kind that does both has the role 'both'",
        ),
        (
            "offload: {split: heads}\n",
            "",
            "4: it is not said how attention travels to the attention workers. "
            "Add a line like 'offload: {split: heads, batches: 2}'",
        ),
        (
            "prefill: elsewhere",
            "prefill: apart",
            "13: 'prefill: apart' needs a kind of device with the role 'prefill'. "
            "Add one, or write 'prefill: here'",
        ),
        (
            "tensor: 2",
            "tensor: 3",
            "11: 4 H100 do not divide into replicas of 3. "
            "A replica is tensor x pipeline x context devices",
        ),
        (
            "expert: 2",
            "expert: 3",
            "11: 2 devices share a layer and do not divide over 3 for experts. Take a divisor of 2",
        ),
        (
            "[spine, H20]",
            "[H20, H20]",
            "8: no link joins H100 and H20. Add one with between: [H100, H20]",
        ),
    ],
)
def test_what_does_not_fit_together_gets_one_sentence_with_its_line(old, new, text):
    with pytest.raises(InputError) as error:
        toy((old, new))
    assert str(error.value).startswith(f"s.yaml:{text}")


def test_offload_without_attention_workers_is_refused():
    with pytest.raises(InputError) as error:
        toy(
            ("role: model", "role: both"),
            ("- {name: H20, machine: h20, count: 4, role: attention, attention: cudnn}\n", ""),
            ("- {name: down, between: [spine, H20], bandwidth: 45.7 GB/s, latency: 8 us, "
             "source: made up}\n", ""),
        )  # fmt: skip
    assert str(error.value) == (
        "s.yaml:10: there are no attention workers to offload to. "
        "Give a kind the role 'attention', or leave 'offload' out"
    )


def test_two_kinds_for_one_role_are_refused():
    spare = "- {name: Spare, machine: h20, role: attention}\nswitches"
    with pytest.raises(InputError, match="4: 2 kinds of devices have the role 'attention'. Give"):
        toy(("switches", spare))


def test_prompt_devices_that_get_no_prompts_are_refused():
    spare = "- {name: Spare, machine: h20, role: prefill}\nswitches"
    with pytest.raises(InputError) as error:
        toy(("switches", spare))
    assert str(error.value) == (
        "s.yaml:14: prompts are computed elsewhere, not on the role 'prefill'. "
        "Write 'prefill: apart'"
    )


def test_a_replica_of_several_devices_needs_a_link_among_them():
    nvlink = TOY.splitlines(keepends=True)[7]
    assert toy((nvlink, "")).route("H100", "H100")[0].name == "up"
    with pytest.raises(InputError, match="no link joins H100 and H100. Add one with between"):
        toy((nvlink, ""), ("[H100, spine]", "[H100, H20]"))


def test_a_setting_that_the_machine_does_not_know_is_said_at_the_device():
    wrong = "attention: cudnn, set: {memories.HBN.capacity: 96 GB}"
    with pytest.raises(InputError) as error:
        toy(("attention: cudnn", wrong))
    assert str(error.value).startswith("s.yaml:5: H20: ")
    assert str(error.value).endswith("this list has no 'HBN'. Did you mean 'HBM'?")


def test_a_system_is_no_machine_of_another():
    with pytest.raises(InputError, match="s.yaml:5: H20: .*: this is a system of machines, not a"):
        toy(("machine: h20", "machine: vllm_2h100"))


def test_a_system_without_devices_is_refused():
    with pytest.raises(InputError, match="e.yaml:3: the system has no devices"):
        read_system(parse_yaml("about: None.\nsource: made up\ndevices: []\n", "e.yaml"))


def test_a_file_that_is_no_system_is_told_what_one_has():
    with pytest.raises(InputError) as error:
        read_system(parse_yaml("ranks: {M: 4}\nword: 2 B", "w.yaml"))
    assert str(error.value) == (
        "w.yaml:1: this is no system; it has the keys ranks, word. A system has 'devices'"
    )


def test_problems_are_data_of_systems_made_in_python():
    system = System(about="A toy.", source="made up", devices=())
    assert [problem.fact for problem in system_problems(system)] == ["the system has no devices"]

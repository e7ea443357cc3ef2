"""What the page shows is what the command beside it prints."""

import csv
import io
from shlex import split

import pytest

from accelsim.arch.load import load_arch
from accelsim.arch.load_gpu import load_gpu
from accelsim.arch.load_system import load_system, machines_of
from accelsim.base.catalogue import names as catalogue_names
from accelsim.cli.main import main
from accelsim.report.page.answer import Refused, answer
from accelsim.report.page.knobs import knob_named
from accelsim.report.page.machine_text import machine_yaml
from accelsim.report.page.prices import sourced
from accelsim.report.page.question import loaded, machine_settings, workload_question
from accelsim.report.page.state import MachineState
from accelsim.report.page.tables import compared, csv_text, totals
from accelsim.workload.load import load_workload

OWN = ("tokens a second", "a million tokens")
"""What the page adds to the command's figures."""


@pytest.mark.parametrize(
    "query",
    [
        "workload=attention/one_pass",
        "workload=attention/one_pass&model=bert&a.bandwidth=25 GB/s",
        "workload=attention/one_pass&model=llama3_70b&form=decode&context=32K&a=tpu_v4i",
        "workload=attention/one_pass&batch=4&context=1K&a.clock=1 GHz&a.buffer=8 MiB&a.array=128",
        "workload=attention/three_pass_causal&context=2K&a=flat_cloud&a.mapping=unfused",
        "workload=heads/grouped&form=decode&context=16K&a=h100_sxm&a.bandwidth=4800 GB/s",
        "workload=heads/grouped&form=causal&model=llama3_8b&a=l4&a.mapping=flash&a.array=29",
        "workload=heads/mla&model=deepseek_v2_lite&form=decode_absorbed&a=h100_sxm&context=4K",
        "workload=linear/lightning_2&form=decode&a=a100_sxm_80gb&a.buffer=20 MB",
    ],
)
def test_the_page_shows_what_the_command_prints(query, state_of, printed):
    (side,) = answer(state_of(query)).sides
    shown = {line.label: line.text for line in totals(side) if line.label not in OWN}
    told = printed(side.command)
    assert shown == {label: told[label] for label in shown}


@pytest.mark.parametrize(
    "query",
    [
        "workload=attention/one_pass&a.bandwidth=25 GB/s&context=16K",
        "workload=heads/grouped&form=decode&a=h100_sxm&a.clock=1.5 GHz",
    ],
)
def test_the_sentence_is_that_of_explain(query, state_of, capsys):
    (side,) = answer(state_of(query)).sides
    with pytest.raises(SystemExit):
        main(["explain", *split(side.command)[2:]])
    assert capsys.readouterr().out.splitlines()[-1] == side.explanation.sentence


@pytest.mark.parametrize(
    "query",
    [
        "workload=attention/one_pass&context=8K&batch=2",
        "workload=heads/mla&form=decode_absorbed&context=64K",
        "workload=sparse/streaming_llm&form=decode&context=4K",
    ],
)
def test_a_workload_is_loaded_as_the_command_loads_it(query, state_of):
    work = workload_question(state_of(query))
    assert loaded(work) == load_workload(work.name, dict(work.settings), work.shape)


def test_a_buffer_that_is_too_small_is_refused_in_words(state_of):
    state = state_of("a.mapping=fusemax_binding&a.buffer=64 KiB")
    (side,) = answer(state).sides
    assert isinstance(side, Refused)
    assert "GlobalBuffer" in side.reason


def test_a_context_that_a_mechanism_does_not_take_is_a_sentence(state_of):
    found = answer(state_of("workload=dynamic/moba&form=gathered&context=1000"))
    assert not found.sides
    assert "context of 1000" in found.reason


def test_the_second_machine_is_held_against_the_first(state_of):
    found = answer(state_of("a=fusemax_cloud&b=fusemax_cloud&b.clock=1880 MHz"))
    rows = {label: times for label, _, times in compared(found)}
    assert rows["latency"] == "0.5x"
    assert rows["area"] == "1x"


def test_price_of_tokens_is_rent_times_seconds_over_tokens(state_of):
    (side,) = answer(state_of("workload=heads/grouped&form=decode&a=h100_sxm&a.price=3.6")).sides
    assert side.tokens == 1
    assert side.usd_per_million_tokens == pytest.approx(1e-3 * side.cost.latency_s * 1e6)


def test_without_a_source_there_is_no_price(state_of):
    (side,) = answer(state_of("a=fusemax_cloud")).sides
    assert side.usd_per_million_tokens is None
    assert "fusemax_cloud" not in sourced() and "cpu_epyc_7763" not in sourced()
    assert sourced()["h100_sxm"].usd_per_hour == 3.99


def test_the_table_has_the_numbers_of_both_machines(state_of):
    found = answer(state_of("a=fusemax_cloud&b=h100_sxm"))
    rows = list(csv.DictReader(io.StringIO(csv_text(found))))
    seconds = [float(row["value"]) for row in rows if row["measure"] == "latency_s"]
    assert seconds == [float(side.cost.latency_s) for side in found.sides]
    assert {row["command"] for row in rows} == {side.command for side in found.sides}


def test_what_a_gpu_holds_of_a_model(state_of):
    found = answer(state_of("workload=heads/grouped&form=decode&model=qwen3_8b&a=h100_sxm"))
    (held,) = found.held
    # 36 layers, 8 heads of keys and values of 128 numbers of 2 bytes (its config.json).
    assert held.sequence_bytes == 8192 * 36 * 2 * 8 * 128 * 2
    assert held.batch > 1


def test_a_model_that_does_not_fit_is_said_to(state_of):
    found = answer(state_of("workload=heads/grouped&form=decode&model=llama3_70b&a=h100_sxm"))
    (held,) = found.held
    assert held.batch == 0 and "needs 131.4 GiB on a device" in held.reason


SERVED = [
    "workload=whole_model&a=eight_h100",
    "workload=whole_model&model=llama3_70b&batch=32&a=lamina_2h100_4h20&a.rdma.link=20 GB/s"
    "&a.H20.price=2 USD/h&a.H20.bandwidth=2 TB/s&a.H20.count=8",
    "workload=whole_model&form=prefill&model=qwen3_8b&context=16K&a=h100_prefill_apart",
]


@pytest.mark.parametrize("query", SERVED)
def test_a_system_shows_what_the_command_prints(query, state_of, printed):
    (side,) = answer(state_of(query)).sides
    shown = {line.label: line.text for line in totals(side)}
    assert len(shown) == 7 and shown == printed(side.command)


@pytest.mark.parametrize("query", SERVED)
def test_the_sentence_of_a_system_is_that_of_explain(query, state_of, capsys):
    (side,) = answer(state_of(query)).sides
    with pytest.raises(SystemExit):
        main(["explain", *split(side.command)[2:]])
    assert capsys.readouterr().out.splitlines()[-1] == side.explanation.sentence


def test_a_batch_without_room_is_refused_in_words(state_of):
    query = "workload=whole_model&model=llama3_70b&a=eight_h100&batch=1024&context=128K"
    (side,) = answer(state_of(query)).sides
    assert isinstance(side, Refused) and "Take fewer sequences" in side.reason


def test_the_table_of_a_system_has_its_parts(state_of):
    rows = list(csv.DictReader(io.StringIO(csv_text(answer(state_of(SERVED[0]))))))
    found = {row["measure"]: float(row["value"]) for row in rows if row["measure"] != "bound"}
    parts = [seconds for name, seconds in found.items() if name.startswith("way_s.")]
    assert sum(parts) == pytest.approx(found["seconds"])
    assert found["tokens_per_s"] == pytest.approx(2 * 64 / found["seconds"])


def test_the_yaml_of_a_moved_system_is_that_system(tmp_path):
    state = MachineState("h100_fusemax")
    for key in ("pcie.link", "FuseMax.count", "FuseMax.bandwidth", "H100.price"):
        knob = knob_named(state.name, key)
        state = state.with_value(key, knob.at(2))
    file = tmp_path / "mine.yaml"
    file.write_text(machine_yaml(state))
    assert load_system(file) == load_system("h100_fusemax", dict(machine_settings(state)))
    assert machines_of(load_system(file))["FuseMax"].memories[0].bandwidth is not None


@pytest.mark.parametrize("machine", ["fusemax_cloud", "tpu_v4i", "cpu_epyc_7763"])
def test_the_yaml_of_a_moved_array_is_that_machine(machine, tmp_path):
    state = MachineState(machine).with_value("clock", 1.5e9).with_value("array", 32.0)
    file = tmp_path / f"{machine}.yaml"
    file.write_text(machine_yaml(state))
    assert load_arch(file) == load_arch(machine, dict(machine_settings(state)))


def test_the_yaml_of_a_moved_gpu_is_that_gpu(tmp_path):
    for machine in ("h100_sxm", "l4", "gb200"):
        state = MachineState(machine).with_value("buffer", 1e8).with_value("array", 64.0)
        file = tmp_path / f"{machine}.yaml"
        file.write_text(machine_yaml(state))
        assert load_gpu(file) == load_gpu(machine, dict(machine_settings(state)))


def test_every_machine_answers_or_says_why(state_of):
    for machine in catalogue_names("machines"):
        (side,) = answer(state_of(f"workload=attention/one_pass&a={machine}")).sides
        assert side.reason if isinstance(side, Refused) else side.explanation.sentence

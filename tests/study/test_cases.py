"""Settings at points → workloads and machines of arrays."""

from collections.abc import Callable

import pytest

from accelsim.base.errors import InputError
from accelsim.study.table import Table

Run = Callable[..., Table]


def test_ranks_vary(run: Run) -> None:
    """12 cycles for 8 elements, so 24 for 16."""
    assert run("vary: {workload.ranks.M: [8, 16]}")["cycles"].tolist() == [12, 24]


def test_words_vary(run: Run) -> None:
    found = run("vary: {workload.word: [1 B, 2 B, 4 B]}")
    assert found["traffic_bytes.DRAM"].tolist() == [24, 48, 96]


def test_the_words_of_one_tensor_vary(run: Run) -> None:
    """8 elements of A grow from 2 to 4 B."""
    found = run("vary: {workload.words.A: [2 B, 4 B]}", {"workload": "words.yaml"})
    assert found["traffic_bytes.DRAM"].tolist() == [48, 64]


def test_numbers_of_the_machine_vary_with_their_units(run: Run) -> None:
    found = run(
        "vary: {arch.memories.DRAM.bandwidth: [4 B/cycle, 48 B/cycle], arch.clock: [1 GHz, 2 GHz]}"
    )
    assert found["latency_s"].tolist() == [12e-9, 6e-9, 4e-9, 2e-9]


def test_a_bandwidth_per_second_stays_so_when_the_clock_varies(run: Run) -> None:
    """48 B at 4 GB/s take 12 ns at any clock."""
    text = "vary: {arch.memories.DRAM.bandwidth: [4 GB/s], arch.clock: [1 GHz, 2 GHz]}"
    assert run(text)["latency_s"].tolist() == pytest.approx([12e-9, 12e-9])


def test_a_model_gives_the_ranks_that_the_workload_has(run: Run, folder: object) -> None:
    """big.yaml says M: 80, ten times 8, and N, which no one asks for."""
    found = run(f"models: ['{folder}/big.yaml']")
    assert found["cycles"].tolist() == [120]


def test_a_fixed_rank_comes_after_the_model_and_a_varied_one_last(run: Run, folder: object) -> None:
    text = f"models: ['{folder}/big.yaml']\n"
    assert run(text, {"ranks.M": "16"})["cycles"].tolist() == [24]
    assert run(text + "vary: {workload.ranks.M: [4]}")["cycles"].tolist() == [6]


def test_what_is_derived_may_use_columns_ranks_and_what_was_derived_before(run: Run) -> None:
    text = """\
question: Why?
tables:
- name: results
  vary: {n: {to: [1, 2]}}
  derive:
    workload.ranks.M: n * 8
    arch.memories.DRAM.bandwidth: M * clock
  runs:
  - parts: [{workload: scale.yaml, arch: machine.yaml, mapping: mapping.yaml}]
"""
    found = run(text)
    assert found["traffic_bytes.DRAM"].tolist() == [48, 96]
    # 48 B at 8 B/cycle are 6 cycles; 96 B at 16 B/cycle are 6 too, but 16 products take 8.
    assert found["cycles"].tolist() == [6, 8]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vary: {workload.ranks.N: [1]}", "no workload of the study has a rank 'N'. There are M"),
        ("vary: {workload.ranks.M: [1.5]}", "rank M is 1.5, but a rank is a whole number"),
        ("vary: {workload.ranks.M: [0]}", "rank M is 0, but a rank is a whole number from 1"),
        ("vary: {workload.ranks.M: [M // 2, M // 4]}", "ranks cannot vary as 'M // 2', 'M // 4'"),
        ("vary: {arch.clock: [3]}", "'3' is not a quantity in Hz"),
        ("vary: {arch.clock: [-1 GHz]}", "clock: -1 GHz must be above 0"),
        ("vary: {arch.memories.DRM.bandwidth: [1 GB/s]}", "no 'DRM'. Did you mean 'DRAM'?"),
        (
            "vary: {arch.memories.DRAM.bandwidth: [1 GB/s, 1 B/cycle]}",
            "per second at some points and per cycle at others",
        ),
        ("set: {arch.clock: 1 s}", "'1 s' is not a quantity in Hz"),
        ("set: {workload.ranks.N: 1}", "no workload of the study has a rank 'N'"),
    ],
)
def test_a_setting_that_means_nothing_is_an_error(run: Run, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        run(text)

"""The cost law of Kinetics: the paper's equation by hand, sums over steps, and what is wrong."""

from dataclasses import replace

import numpy as np
import pytest

from accelsim.cost.eflops import (
    LAWS,
    Law,
    Sizes,
    Work,
    keys_within,
    minus_ramp,
    overlapped,
    plus_ramp,
    sizes_of,
)
from accelsim.workload.counts import counts
from accelsim.workload.load import load_workload
from accelsim.workload.model_load import load_model
from accelsim.workload.trials import BlockTopK, Dense, Selection, TopK

SMALL = Sizes(parameters=10, query_numbers=8, key_numbers=2)


def test_two_trials_of_four_tokens_after_three_cost_23840_by_the_papers_equation() -> None:
    """N = 2, P = 10, L = 3, n = 4, r = 4, D = 4, I = 100:
    160 + (768 + 512) + (9600 + 12800)."""
    law = Law(flop_per_byte=100)
    assert law(SMALL, Work(1, 2, 3, 4), Dense()) == 160 + 768 + 512 + 9600 + 12800


def test_a_prompt_is_read_once_for_all_trials_and_once_a_problem() -> None:
    read = [
        Law().counts(SMALL, Work(*w, 1000, 1), Dense()).attention_bytes for w in [(1, 1), (1, 9)]
    ]
    # A trial more is one key and value more: 2 B x 2 x 1 / 2 of a step's middle x 2 numbers.
    assert read[1] - read[0] == 8 * 2 * 2
    assert Law().counts(SMALL, Work(3, 1, 1000, 1), Dense()).attention_bytes == 3 * read[0]


def by_steps(sizes: Sizes, work: Work, selection: Selection) -> tuple[float, float, float, float]:
    """FLOPs and bytes of weights and of attention, a step after the other, at the step's middle."""
    flop = moved = 0.0
    for step in range(work.generated):
        own = step + 0.5
        keys = work.prompt + own
        if isinstance(selection, Dense):
            seen, read = work.trials * keys, work.prompt + work.trials * own
        else:
            seen = read = work.trials * min(keys, selection.budget)
        flop += work.problems * 4 * seen * sizes.query_numbers
        moved += work.problems * 2 * 2 * read * sizes.key_numbers
        if isinstance(selection, BlockTopK):
            blocks = keys / selection.block
            means = (work.prompt + work.trials * own) / selection.block
            flop += work.problems * work.trials * 2 * blocks * sizes.query_numbers
            moved += work.problems * 2 * means * sizes.key_numbers
    tokens = work.problems * work.trials * work.generated
    return 2 * sizes.parameters * tokens, 2 * sizes.parameters * work.generated, flop, moved


@pytest.mark.parametrize("selection", [Dense(), TopK(96), TopK(4096), BlockTopK(16, 4, 32)])
@pytest.mark.parametrize("prompt", [0, 64, 512])
@pytest.mark.parametrize("problems", [1, 3])
def test_the_closed_form_is_the_sum_over_steps(
    selection: Selection, prompt: int, problems: int
) -> None:
    # Lengths of which blocks are whole, for the law rounds them down.
    work = Work(problems, 4, prompt, 256)
    assert LAWS["corrected"].counts(SMALL, work, selection) == pytest.approx(
        by_steps(SMALL, work, selection)
    )


def test_blocks_that_are_not_whole_are_rounded_down_once() -> None:
    law, work = LAWS["corrected"], Work(1, 3, 5, 100)
    ours = law.counts(SMALL, work, BlockTopK(16, 1, 0))
    slow = by_steps(SMALL, work, BlockTopK(16, 1, 0))
    assert 0 <= slow[2] - ours.attention_flop < 3 * 100 * SMALL.query_numbers
    assert 0 <= slow[3] - ours.attention_bytes < 100 * SMALL.key_numbers


def test_arrays_broadcast() -> None:
    trials, generated = np.array([[1], [8]]), np.array([2048, 4096, 8192])
    found = LAWS["published"](SMALL, Work(1, trials, 256, generated), BlockTopK(16, 64, 16))
    assert found.shape == (2, 3)
    one = LAWS["published"](SMALL, Work(1, 8, 256, 4096), BlockTopK(16, 64, 16))
    assert found[1, 1] == one


# --- what is wrong --------------------------------------------------------------------------------


def test_the_wrong_sign_counts_keys_twice_that_are_not_there_yet() -> None:
    """Budget 1040 after 256: 784 keys are missing at first, 784^2 / 2 over all steps."""
    work = Work(1, 1, 256, 2048)
    assert plus_ramp(work, 1040) - keys_within(work, 1040) == 784**2
    published, right = (LAWS[law](SMALL, work, TopK(1040)) for law in ("published", "minus_sign"))
    assert published - right == 784**2 * 4 * (8 + 562.5 * 2)
    block = BlockTopK(16, 64, 16)
    assert LAWS["published"](SMALL, work, block) == LAWS["minus_sign"](SMALL, work, block)


def test_a_budget_that_is_never_reached_makes_the_published_keys_negative() -> None:
    """1024 keys after 128 of a budget of 8192: all are seen, 128 · 1024 + 1024^2 / 2."""
    work = Work(1, 1, 128, 1024)
    assert minus_ramp(work, 8192) < 0
    assert keys_within(work, 8192) == 128 * 1024 + 1024**2 / 2


def test_562_5_is_twice_what_a_b200_does_in_bf16() -> None:
    assert LAWS["published"].flop_per_byte == 4500 / 8
    assert LAWS["corrected"].flop_per_byte == LAWS["bf16"].flop_per_byte == 2250 / 8


def test_weights_are_read_once_a_step_whatever_the_batch() -> None:
    for problems, trials in [(1, 1), (7, 32)]:
        work = Work(problems, trials, 256, 1000)
        with_weights, without = (
            LAWS[law](SMALL, work, Dense()) for law in ("weights", "published")
        )
        assert with_weights - without == 562.5 * 2 * SMALL.parameters * 1000


def test_overlapped_is_at_least_half_of_added_and_at_most_all() -> None:
    law = LAWS["corrected"]
    for trials in (1, 100, 281, 1000):
        work = Work(1, trials, 256, 2048)
        share = replace(law, join=overlapped)(SMALL, work, Dense()) / law(SMALL, work, Dense())
        assert 0.5 <= share <= 1
    # As many trials as FLOPs a byte: weights take as long to read as to multiply.
    even = law.counts(SMALL, Work(1, 281.25, 0, 1), Dense())
    assert even.weights_flop == 281.25 * even.weights_bytes


# --- beside other counts --------------------------------------------------------------------------


def test_block_top_k_has_the_products_of_the_workload() -> None:
    """retrieval/kinetics at 32768 keys: scores of 2048 mean keys, 65 pages of 16 attended to."""
    found = {each.einsum: each.flop for each in counts(load_workload("retrieval/kinetics")).einsums}
    products = found["CR"] + found["QK"] + found["SNV"]
    selection = BlockTopK(16, 64, 16)
    sizes = Sizes(0, 32 * 128, 8 * 128)
    # A step at 32768 keys: the law's own middle is half a key further.
    law = LAWS["corrected"].counts(sizes, Work(1, 1, 32768 - 0.5, 1), selection)
    assert products == law.attention_flop


def test_sizes_are_heads_times_dimension_times_layers() -> None:
    assert sizes_of(load_model("qwen3_8b"), 8.19e9) == (8.19e9, 32 * 128 * 36, 8 * 128 * 36)

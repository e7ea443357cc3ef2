"""Trials of a prompt: what is attended to, as calls."""

import pytest

from accelsim.workload.calls import Bmm, Copy, Sdpa
from accelsim.workload.model import Model
from accelsim.workload.trials import (
    BlockTopK,
    Dense,
    Paged,
    TopK,
    Trials,
    attended,
    attention_calls,
    selecting_calls,
    turns,
)

MODEL = Model(layers=1, hidden=64, heads=8, kv_heads=2, head_dim=16, feed_forward=64, vocabulary=9)
KERNEL = Paged("flash", 16)
BLOCKS = BlockTopK(block=16, blocks=4, local=16)


def sdpa(b: int, h: int, m: int) -> Sdpa:
    return Sdpa(backend="flash", b=b, h=h, g=2, p=1, m=m, e=16, page=16)


def test_every_trial_reads_the_prompt_or_one_reads_it_for_all() -> None:
    ways = attention_calls(Dense(), MODEL, Trials(problems=3, trials=4, prompt=100), 7, KERNEL)
    assert ways["each"] == (sdpa(12, 8, m=107),)
    prompt, own, merge = ways["shared"]
    # The queries of 4 trials are further heads of the problem's groups.
    assert prompt == sdpa(3, 32, m=100)
    assert own == sdpa(12, 8, m=7)
    # Of 12 · 8 · 16 results two in fp32 are read, one in bf16 is written.
    assert merge == Copy(bytes=12 * 8 * 16 * (2 * 4 + 2) // 2)


def test_one_trial_shares_with_nobody() -> None:
    assert list(attention_calls(Dense(), MODEL, Trials(3, 1, 100), 7, KERNEL)) == ["each"]


@pytest.mark.parametrize("selection", [TopK(80), BLOCKS])
def test_a_budget_bounds_the_keys_and_each_trial_has_its_own(selection: TopK | BlockTopK) -> None:
    assert [attended(selection, keys) for keys in (79, 80, 81)] == [79, 80, 80]
    trials = Trials(3, 4, 50)
    assert turns(selection, trials) == (30, 31)
    assert turns(selection, Trials(3, 4, 80)) == ()
    assert list(attention_calls(selection, MODEL, trials, 30, KERNEL)) == ["each", "shared"]
    beyond = attention_calls(selection, MODEL, trials, 31, KERNEL)
    assert beyond == {"each": (sdpa(12, 8, m=80),)}


def test_blocks_are_found_by_products_with_their_means_and_a_pass_over_the_scores() -> None:
    # 4 and 2 blocks, each padded to 8.
    prompt, own, chosen = selecting_calls(BLOCKS, MODEL, Trials(3, 4, 64), 40)
    assert prompt == Bmm(b=3 * 2, m=4 * 4, n=8, k=16)
    assert own == Bmm(b=12 * 2, m=4, n=8, k=16)
    # Scores of 8 heads for 6 blocks are read, 4 numbers of blocks of 2 heads written.
    assert chosen == Copy(bytes=12 * (8 * 6 * 2 + 2 * 4 * 4) // 2)


def test_one_trials_blocks_are_found_at_once() -> None:
    scores, _ = selecting_calls(BLOCKS, MODEL, Trials(3, 1, 60), 40)
    assert scores == Bmm(b=3 * 2, m=4, n=8, k=16)


def test_nothing_is_sought_within_the_budget_or_where_it_is_for_nothing() -> None:
    assert selecting_calls(BLOCKS, MODEL, Trials(3, 4, 50), 30) == ()
    assert selecting_calls(TopK(80), MODEL, Trials(3, 4, 50), 31) == ()
    assert selecting_calls(Dense(), MODEL, Trials(3, 4, 50), 31) == ()

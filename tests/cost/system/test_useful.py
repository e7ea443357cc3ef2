"""FLOP and bytes of a batch, by hand."""

import pytest

from accelsim.cost.system.iteration import Batch, Chunk
from accelsim.cost.system.useful import useful_work
from accelsim.workload.call_counts import SOFTMAX_OPERATIONS
from accelsim.workload.model_size import weight_bytes
from tests.cost.system.systems import APART, TINY, TOGETHER, plan


def attention_flop(queries: int, keys: int) -> int:
    """Two products of the head dimension, and a softmax, for each pair and head."""
    each = 2 * (TINY.head_dim + TINY.value_dim) + SOFTMAX_OPERATIONS
    return TINY.layers * TINY.heads * queries * keys * each


def test_a_batch_that_decodes_reads_its_weights_once_and_sees_its_keys():
    work = useful_work(plan(), [Batch(4, 400)])
    assert work["attention"].flop == attention_flop(4, 100)
    # The embedding is looked up, not read; activations come on top.
    embedding = TINY.vocabulary * TINY.hidden * 2
    assert work["model"].bytes > weight_bytes(TINY) - embedding
    assert work["model"].flop == pytest.approx(4 * (weight_bytes(TINY) - embedding), rel=0.2)


def test_batches_that_take_turns_have_a_part_of_the_sequences_each():
    one = useful_work(plan(APART, batches=1), [Batch(8, 800)])
    two = useful_work(plan(APART, batches=2), [Batch(8, 800)])
    assert one["attention"].flop == 2 * two["attention"].flop


def test_chunks_see_what_came_before_them():
    whole = useful_work(plan(TOGETHER), [Batch(0, 0, (Chunk(64, 0),))])
    halves = [Batch(0, 0, (Chunk(32, 0),)), Batch(0, 0, (Chunk(32, 32),))]
    assert useful_work(plan(TOGETHER), halves)["attention"].flop == whole["attention"].flop

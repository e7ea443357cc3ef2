"""Bytes of attention kernels, by hand: 32 sequences, 8 query heads over 2, 256 queries and keys."""

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.gpu.attention import AttentionWork
from accelsim.cost.gpu.call import works_of
from accelsim.cost.gpu.traffic import traffic_of
from accelsim.mapping.attention_binding import bind_attention
from accelsim.workload.calls import Sdpa, SdpaBackward

GPU = load_gpu("h100_sxm")
SIZES = {"backend": "flash", "b": 32, "h": 8, "g": 2, "p": 256, "m": 256, "e": 128}
QUERIES, KEYS = 32 * 8 * 256 * 128 * 2, 32 * 2 * 256 * 128 * 2


def bound(kind=Sdpa, **more):
    return bind_attention(kind(**SIZES | more), GPU)


def test_a_result_reads_all_once_and_keys_in_every_step():
    found = traffic_of(bound())
    assert (found.read, found.written) == (QUERIES + 2 * KEYS, QUERIES)
    assert (found.step, found.added) == (2 * 64 * 128 * 2, 0)
    assert (found.once, found.block) == (2 * QUERIES, 2 * (128 + 64) * 128 * 2)


def test_gradients_of_keys_are_every_query_heads_own():
    found = traffic_of(bound(SdpaBackward))
    assert found.written == 2 * QUERIES + 4 * 2 * KEYS
    assert found.read == 2 * QUERIES + 2 * KEYS + 2 * QUERIES
    # queries and the result's gradient; and the queries' own, in fp32
    assert (found.step, found.added) == (2 * 64 * 128 * 2, 64 * 128 * 4)


def test_the_gradient_is_prepared_and_converted_by_other_kernels():
    call = SdpaBackward(**SIZES)
    works = works_of(call, GPU)
    assert [isinstance(work, AttentionWork) for work in works] == [False] * 3 + [True] + [False] * 3


@pytest.mark.parametrize("p", [1024, 4096])
def test_code_that_comes_from_l2_slows_blocks_of_few_steps_most(p):
    """Causal, FlashAttention-2's code is short where tiles divide the queries; else it is long."""

    def slower(p):
        even, ragged = (
            AttentionWork(bound(p=size, m=size, causal=True), GPU) for size in (p, p - 8)
        )
        assert even.bound.code_bytes < GPU.timing.far_code_bytes < ragged.bound.code_bytes
        return ragged.scheduled_cycles(0) / even.scheduled_cycles(0)

    assert slower(p) > 1
    assert slower(1024) > slower(16384)


def test_of_a_page_only_rows_that_there_are_are_copied():
    """Four query heads of a group and 32 keys, in a tile of 64 by 128."""
    found = traffic_of(bound(p=1, m=32, page=64))
    assert found.block == 2 * (4 + 32) * 128 * 2
    assert found.step == 2 * 32 * 128 * 2


def test_latents_are_read_once_for_both_products():
    """Four sequences of 4096 latents, 128 heads: two blocks of 64 rows each read all of them."""
    sizes = {"b": 4, "h": 128, "g": 1, "p": 1, "m": 4096, "e": 576, "f": 512, "latent": True}
    found = traffic_of(bind_attention(Sdpa(backend="flash_mla", **sizes), GPU))
    queries, results = 4 * 128 * 576 * 2, 4 * 128 * 512 * 2
    assert (found.read, found.written) == (queries + 4 * 4096 * 576 * 2, results)
    assert found.step == 64 * 576 * 2
    assert found.block == (64 * (576 + 512) + 64 * 576) * 2

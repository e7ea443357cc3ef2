"""Which kernel an attention call takes, and how it is cut."""

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import MappingError
from accelsim.mapping.attention_binding import bind_attention
from accelsim.mapping.unfused_kernel import value, values_of
from accelsim.workload.calls import Sdpa, SdpaBackward

GPU = load_gpu("h100_sxm")


def call(backend="flash", b=32, h=8, g=8, p=1024, m=1024, e=128, causal=False, dtype="bf16"):
    return Sdpa(backend=backend, b=b, h=h, g=g, p=p, m=m, e=e, causal=causal, dtype=dtype)


def test_blocks_are_tiles_of_queries_for_every_head():
    bound = bind_attention(call(b=2, h=16, g=16), GPU)
    assert (bound.tile.queries, bound.tile.keys) == (128, 64)
    assert bound.blocks == 2 * 16 * 8


def test_one_query_of_grouped_heads_is_folded_into_rows():
    bound = bind_attention(call(b=64, h=32, g=8, p=1, m=4096), GPU)
    assert (bound.fold, bound.heads, bound.blocks) == (4, 8, 64 * 8)


def test_a_causal_block_skips_later_tiles():
    bound = bind_attention(call(causal=True), GPU)
    # 128 queries against tiles of 64 keys: 2, 4, ..., 16 of them, the last two masked.
    (visits,) = bound.visits(1024, 1024)
    assert visits.steps.tolist() == [2, 4, 6, 8, 10, 12, 14, 16]
    assert visits.masked.tolist() == [2] * 8


def test_a_ragged_last_tile_is_masked():
    (visits,) = bind_attention(call(p=128, m=1000), GPU).visits(128, 1000)
    assert (visits.steps.tolist(), visits.masked.tolist()) == ([16], [1])


def test_the_causal_mask_is_aligned_at_the_top_left():
    bound = bind_attention(call(backend="cudnn", p=256, m=4096, causal=True), GPU)
    assert bound.visits(256, 4096)[0].steps.tolist() == [1, 2]


def test_a_backend_without_a_kernel_is_named():
    with pytest.raises(MappingError, match="no kernel of math is known, on any GPU"):
        bind_attention(call(backend="math"), GPU)


@pytest.mark.parametrize("p", [1, 1024])
def test_words_that_a_kernel_is_not_compiled_for_are_refused_whatever_the_gpu_multiplies(p):
    """Ada's instructions of a warp multiply fp8; FlashAttention-2 has no such kernel."""
    with pytest.raises(
        MappingError, match="is known for fp8 heads of dimension 128: it is compiled for bf16, fp16"
    ):
        bind_attention(call(dtype="fp8", p=p), load_gpu("l40s"))


def test_a_head_dimension_beyond_all_tiles_is_refused():
    with pytest.raises(MappingError, match="head"):
        bind_attention(call(e=512), GPU)


def test_gpus_with_little_shared_memory_take_smaller_tiles():
    ada = load_gpu("l40s")
    wide, causal = (bind_attention(call(causal=each), ada).tile for each in (False, True))
    assert (wide.queries, wide.keys) == (128, 32)
    assert (causal.queries, causal.keys) == (64, 64)


def test_a_backend_without_gradients_says_so():
    sizes = call(backend="cudnn").model_dump()
    with pytest.raises(MappingError, match="no kernel of cudnn is known for gradients, on any GPU"):
        bind_attention(SdpaBackward(**sizes), GPU)


@pytest.mark.parametrize("more", [{"lengths": (64, 1024)}, {"page": 16}])
def test_kernels_take_what_they_name(more):
    sizes = call(backend="cudnn", b=2).model_dump() | more
    with pytest.raises(MappingError, match=f"of dimension 128: it takes no {next(iter(more))}"):
        bind_attention(Sdpa(**sizes), GPU)


def test_a_windows_blocks_visit_few_tiles():
    sizes = call(b=1, m=4096, p=4096, causal=True).model_dump() | {"window": 128}
    (visits,) = bind_attention(Sdpa(**sizes), GPU).visits(4096, 4096)
    # 128 queries and the 127 keys before them touch four tiles of 64 keys at most
    assert visits.steps.max() == 4


def test_a_gradients_blocks_are_tiles_of_keys():
    sizes = call(b=1, h=1, g=1, causal=True).model_dump()
    bound = bind_attention(SdpaBackward(**sizes), GPU)
    assert (bound.tile.keys, bound.tile.queries, bound.blocks) == (128, 64, 8)
    # The first 128 keys are seen by all 16 tiles of queries, the last by two.
    assert bound.visits(1024, 1024)[0].steps.tolist() == [16, 14, 12, 10, 8, 6, 4, 2]


def paged(gpu=GPU, backend="flash", **changes):
    sizes = {"b": 4, "h": 32, "g": 8, "p": 1, "m": 4096, "e": 128, "page": 64} | changes
    return bind_attention(Sdpa(backend=backend, **sizes), gpu)


def test_pages_take_the_kernel_for_split_keys_even_where_they_are_not_split():
    bound = paged(p=4096, causal=True)
    assert (bound.tile.queries, bound.tile.keys, bound.splits) == (64, 128, 1)
    assert paged(b=1, g=32, m=10**6).splits == 1


def test_queries_and_results_of_groups_are_laid_out_anew_around_a_paged_decode():
    def others(**sizes):
        bound = paged(**sizes)
        values = values_of(bound.call)
        steps = (*bound.kernel.before, *bound.kernel.after)
        return sum(bool(value(step.when, values)) for step in steps)

    assert [others(**sizes) for sizes in ({}, {"b": 1}, {"g": 32}, {"g": 1})] == [2, 1, 0, 1]


def test_few_rows_take_the_warpgroup_that_multiplies_alone():
    few, many = paged(backend="flash3"), paged(backend="flash3", p=4096, causal=True)
    assert (few.tile.queries, few.kernel.takers) == (64, 1)
    assert (many.tile.queries, many.kernel.takers) == (128, 2)
    assert many.blocks == 4 * 8 * 4096 * 4 // 128


def test_generated_kernels_turn_a_group_of_heads_into_columns():
    blackwell = load_gpu("b200_sxm")
    bound = paged(blackwell, "trtllm", b=2, h=64, m=8192)
    # 16 blocks on 148 SMs: 9 parts of 64 steps; 32 would be two steps each.
    assert (bound.tile.queries, bound.splits) == (8, 9)
    assert paged(blackwell, "trtllm", p=4096, causal=True).tile.queries == 256


@pytest.mark.parametrize(
    ("gpu", "sizes", "why"),
    [
        ("b200_sxm", {"backend": "trtllm"}, "it takes calls where page > 0"),
        ("h100_sxm", {"backend": "efficient", "h": 8, "g": 2}, "it takes calls where G == 1"),
        ("a100_sxm_80gb", {"backend": "cudnn", "p": 64}, "this GPU has no wgmma nor tcgen05"),
        ("l40s", {"backend": "cudnn", "p": 1, "e": 256}, "no SM has room for a block"),
    ],
)
def test_a_refusal_tells_the_condition_that_fails(gpu, sizes, why):
    with pytest.raises(MappingError, match=why):
        bind_attention(call(**sizes), load_gpu(gpu))


def test_a_window_wider_than_all_keys_is_none():
    sizes = call(b=1, m=512, p=512, causal=True).model_dump()
    wide, none = (bind_attention(Sdpa(**sizes | {"window": window}), GPU) for window in (513, None))
    assert wide == none
    assert bind_attention(Sdpa(**sizes | {"window": 512}), GPU) != none


def test_a_head_of_more_blocks_than_arrays_hold_is_refused():
    with pytest.raises(MappingError, match="more than 20,000,000 blocks"):
        bind_attention(call(b=1, p=10**11, m=512), GPU)


def test_values_shorter_than_keys_are_padded_and_latent_ones_are_refused():
    sizes = call(e=128).model_dump() | {"f": 64}
    assert bind_attention(Sdpa(**sizes), GPU).call == call(e=128)
    with pytest.raises(MappingError, match="takes no latent"):
        bind_attention(Sdpa(**sizes | {"latent": True}), GPU)


LATENT = Sdpa(
    backend="flash_mla", b=32, h=128, g=1, p=1, m=4096, e=576, f=512, latent=True, dtype="bf16"
)


def test_flash_mla_takes_64_heads_a_block_over_64_keys():
    bound = bind_attention(LATENT, GPU)
    assert (bound.fold, bound.tile.queries, bound.tile.keys) == (128, 64, 64)
    assert (bound.tile.features, bound.tile.value_features) == (576, 512)
    assert [visits.steps.tolist() for visits in bound.visits(1, 4096)] == [[64, 64]]


@pytest.mark.parametrize("backend", ["flash", "flash3", "cudnn", "lean"])
def test_libraries_without_latents_name_the_one_that_has_them(backend):
    with pytest.raises(MappingError, match="takes no latent.*flash_mla decodes bf16 or fp16"):
        bind_attention(LATENT.model_copy(update={"backend": backend}), GPU)


@pytest.mark.parametrize(
    ("gpu", "change", "reason"),
    [
        ("a100_sxm_80gb", {}, "it is compiled for hopper"),
        ("l40s", {}, "it is compiled for hopper"),
        ("b200_sxm", {}, "it is compiled for hopper"),
        ("h100_sxm", {"dtype": "fp8"}, "it is compiled for bf16, fp16"),
        ("h100_sxm", {"p": 64}, "it takes calls where latent and P == 1"),
        ("h100_sxm", {"latent": False}, "it takes calls where latent"),
    ],
)
def test_what_flash_mla_does_not_take_is_said(gpu, change, reason):
    with pytest.raises(MappingError, match=reason):
        bind_attention(LATENT.model_copy(update=change), load_gpu(gpu))

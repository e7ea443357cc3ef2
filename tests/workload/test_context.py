from dataclasses import replace

import pytest

from accelsim.base.errors import AccelsimError, WorkloadError
from accelsim.workload.context import (
    at_context,
    context_rank,
    growing_ranks,
    kept,
    kept_bytes,
    tokens_of,
)
from accelsim.workload.variants import Variant, named, variants


def variant(name: str) -> Variant:
    (found,) = named([name], variants())
    return found


def sizes(name: str, context: int, *ranks: str) -> list[int]:
    found = variant(name)
    cascade = at_context(found, found.load(), context)
    return [cascade.ranks[rank] for rank in ranks]


def test_in_prefill_keys_and_queries_are_the_sequence():
    assert sizes("heads/grouped:prefill", 1024, "M", "P") == [1024, 1024]
    assert sizes("heads/grouped:cross", 1024, "M", "P") == [1024, 1024]


def test_in_decode_the_cache_grows_and_the_new_tokens_do_not():
    assert sizes("heads/grouped:decode", 1024, "M", "P") == [1024, 1]
    assert sizes("heads/grouped:decode_tokens", 1024, "M", "P") == [1024, 4]


def test_declared_expressions_follow():
    # Pages of 16 tokens.
    assert sizes("retrieval/quest:decode", 1024, "C") == [64]


def test_a_state_of_fixed_size_does_not_grow():
    found = variant("recurrent/mamba:decode")
    cascade = found.load()
    assert context_rank(found, cascade) is None
    assert at_context(found, cascade, 2**20).ranks == cascade.ranks


def test_a_file_says_which_rank_it_is():
    found = variant("softmax/rcmha:decode")
    assert context_rank(found, found.load()) == "L"
    assert sizes("softmax/rcmha:decode", 512, "L", "P") == [512, 1]


def test_ranks_may_follow_from_the_context():
    # 20 x 20 tokens in regions of 2 x 2; the square root of 401 is rounded down.
    assert sizes("dynamic/biformer:prefill", 401, "S", "Y", "X") == [10, 20, 20]


def test_the_ranks_that_grow_are_those_that_einsums_run_over():
    found = variant("linear/lightning_2:chunked")
    cascade = found.load()
    one, two = (at_context(found, cascade, length) for length in (1024, 2048))
    assert growing_ranks(one, two) == ("M", "C")
    found = variant("linear/lightning_2:decode")
    one, two = (at_context(found, found.load(), length) for length in (1024, 2048))
    assert growing_ranks(one, two) == ()


@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        ("heads/grouped:prefill", 1024),
        ("heads/grouped:decode_tokens", 4),
        # One query, without a rank for it.
        ("linear/lightning_2:decode", 1),
        # A batch of 4 sequences.
        ("linear/abc:prefill", 4096),
        ("softmax/concentric_causal:prefill", 1024),
        ("low_rank/pooling:prefill", 1024),
    ],
)
def test_tokens_of_a_run(name, tokens):
    found = variant(name)
    assert tokens_of(found, at_context(found, found.load(), 1024)) == tokens


def test_what_is_kept_is_of_a_sequence_and_not_of_the_new_token():
    found = variant("heads/mla:decode")
    cascade = at_context(found, found.load(), 1024)
    assert kept(found, cascade) == ("CKV", "KR")
    # 1024 tokens of 512 and 64 numbers in 2 bytes.
    assert kept_bytes(found, cascade) == 1024 * (512 + 64) * 2


def test_a_state_is_named_where_ranks_do_not_tell():
    found = variant("linear/lightning_2:decode")
    # 40 heads of 128 x 128 in 4 bytes.
    assert kept_bytes(found, found.load()) == 40 * 128 * 128 * 4
    found = variant("linear/lightning_2:chunked")
    assert kept_bytes(found, found.load()) is None


def test_weights_and_tables_of_positions_are_not_kept():
    found = variant("softmax/relative:decode")
    assert kept(found, found.load()) == ("K", "V")


def test_a_file_must_say_what_grows():
    found = replace(variant("dynamic/biformer:prefill"), context=None)
    with pytest.raises(WorkloadError) as error:
        at_context(found, found.load(), 1024)
    assert str(error.value).endswith(
        "biformer.yaml:2: dynamic/biformer:prefill does not say which rank is the context. "
        "Write it like 'context: M'"
    )


def test_an_unknown_rank_names_the_nearest():
    found = replace(variant("heads/mla:decode"), context="MM")
    with pytest.raises(WorkloadError, match="heads/mla:decode has no rank 'MM'. Did you mean 'M'"):
        at_context(found, found.load(), 1024)


def test_a_form_without_p_must_name_its_state():
    found = replace(variant("linear/lightning_2:decode"), state=None)
    with pytest.raises(WorkloadError, match=r"Write it like 'state: \[K, V\]'"):
        kept(found, found.load())
    found = replace(found, state=("SQ",))
    with pytest.raises(WorkloadError, match="has no input 'SQ'"):
        kept(found, found.load())


def test_a_context_that_does_not_divide_is_refused():
    found = variant("retrieval/hcam:decode")
    with pytest.raises(WorkloadError, match="it takes no context of 1000: rank C is 31.25"):
        at_context(found, found.load(), 1000)


def test_every_variant_has_a_context_tokens_and_what_it_keeps():
    def complaint(found: Variant) -> str:
        try:
            cascade = at_context(found, found.load(), 32768)
            assert tokens_of(found, cascade) > 0
            assert found.phase != "decode" or kept_bytes(found, cascade)
        except AccelsimError as error:
            return str(error)
        return ""

    assert [each for each in map(complaint, variants()) if each] == []

"""What must be live of the context, against the literature.

The whole of it for softmax as it is written, a tile after pass reduction (FlashAttention, FuseMax),
a state that does not grow for linear and recurrent attention, a window where there is one.
"""

import pytest

from accelsim.base.expression import parse_expression
from accelsim.workload.context import at_context, context_rank
from accelsim.workload.einsum import Cascade
from accelsim.workload.passes import rank_passes
from accelsim.workload.rewrite import reduce_passes
from accelsim.workload.variants import Variant, variants

KNOWN = {variant.name: variant for variant in variants()}
SHORT, LONG = 4096, 16384

SOFTMAX = (
    [f"heads/grouped:{form}" for form in ("prefill", "causal", "cross", "decode", "decode_append")]
    + [f"heads/mla:{form}" for form in ("prefill", "prefill_absorbed", "decode_absorbed")]
    + ["heads/sqa:prefill", "heads/diffqkv:decode", "softmax/gated:prefill"]
    + ["softmax/relative:prefill", "softmax/selective:decode", "softmax/zero_tuning:prefill"]
)
CONSTANT = [
    name
    for name, variant in KNOWN.items()
    if (variant.family == "linear" and variant.form in ("sequential", "chunked"))
    or (variant.family == "recurrent" and variant.form in ("sequential", "recurrent", "chunked"))
] + [
    "linear/elu:prefill",
    "linear/performer:prefill",
    "linear/cosformer:prefill",
    "linear/mala:prefill",
    "linear/transnormer:prefill",
    "linear/long_vq:prefill",
    "recurrent/titans:linear",
    "recurrent/miras:moneta",
    "softmax/sigmoid:noncausal",
]


def live(cascade: Cascade, rank: str) -> float:
    """Elements of a fibre that are live together, at the cascade's sizes."""
    text = rank_passes(cascade, rank).footprint
    return float(parse_expression(text).evaluate(cascade.ranks))


def at(variant: Variant, context: int) -> tuple[Cascade, str]:
    cascade = at_context(variant, variant.load(), context)
    rank = context_rank(variant, cascade)
    assert rank is not None, f"{variant.name} has no rank of its context"
    return cascade, rank


@pytest.mark.parametrize("name", SOFTMAX)
def test_softmax_holds_all_keys_as_it_is_written_and_a_tile_after_reduction(name: str) -> None:
    for context in (SHORT, LONG):
        cascade, rank = at(KNOWN[name], context)
        assert live(cascade, rank) == context
        found = reduce_passes(cascade, rank, tile=64)
        assert (found.after.passes, found.after.footprint) == (1, "M0")
        assert found.cascade.ranks["M0"] == 64


@pytest.mark.parametrize("name", CONSTANT)
def test_what_linear_and_recurrent_attention_hold_does_not_grow(name: str) -> None:
    short, long = (live(*at(KNOWN[name], context)) for context in (SHORT, LONG))
    assert short == long <= 256


@pytest.mark.parametrize(
    ("name", "rank"), [("linear/local:causal", "W"), ("linear/based:window", "W")]
)
def test_a_window_holds_its_width(name: str, rank: str) -> None:
    cascade, context = at(KNOWN[name], LONG)
    assert live(cascade, context) == cascade.ranks[rank]


def test_the_toeplitz_product_by_rows_holds_everything() -> None:
    cascade, rank = at(KNOWN["linear/rpe_fft:quadratic"], LONG)
    assert live(cascade, rank) == cascade.ranks[rank]

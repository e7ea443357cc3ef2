"""The catalogue's mechanisms as rows: passes, operations and bytes a token at a context, growth.

    context          tokens of the sequence; what that is of each form: workload/context.py
    passes           over the context's rank, as the cascade is written; 0 if nothing runs over it
    live             elements of a fibre of it that are live together (`workload/passes.py`)
    least_passes     of an equal cascade with fewer passes (`workload/rewrite`), and least_live
    flop_a_token     of the budgeted cascade; a mac is two
    bytes_a_token    inputs read and outputs written, each once
    kept_bytes       decode: cache or state of all sequences
    growth           flop a token grow with this power of the context, from it to twice of it
    law              the power of the part that grows, where the context is FAR times as long
    subquadratic     law < 1, so that all tokens together take less than the context's square
    reason           why a row has no numbers

Near a paper's sizes projections, feature maps and budgets may hide what grows, so the power at hand
and the law are two things. With f flop a token at 1, 2 and 4 times that length, the law is
log2((f4 - f2) / (f2 - f1)): 1 where all keys are scored, 0 for a logarithm or where nothing grows.
"""

import math
from collections.abc import Sequence
from typing import Any

from accelsim.base.errors import AccelsimError
from accelsim.study.table import Table, array_of
from accelsim.workload.budget import budgeted
from accelsim.workload.context import (
    at_context,
    context_rank,
    growing_ranks,
    kept_bytes,
    tokens_of,
)
from accelsim.workload.counts import flop
from accelsim.workload.einsum import Cascade
from accelsim.workload.extent import iteration_points, tensor_bytes, tensor_read_bytes
from accelsim.workload.passes import rank_passes
from accelsim.workload.rewrite import reduce_passes
from accelsim.workload.variants import Variant

FAR = 1024
GROWS = 1e-6
"""The share of flop a token by which they grow if they grow at all; less is rounding."""
LINEAR = 0.9
"""A law below this power is less than linear."""

NAMES = ("variant", "family", "form", "phase", "context")
NUMBERS = (
    "passes",
    "live",
    "least_passes",
    "least_live",
    "flop_a_token",
    "bytes_a_token",
    "kept_bytes",
    "growth",
    "law",
    "subquadratic",
)
COLUMNS = (*NAMES, *NUMBERS, "reason")


def zoo_table(rows: Sequence[dict[str, Any]]) -> Table:
    return Table({name: array_of(row[name] for row in rows) for name in COLUMNS})


def zoo_row(variant: Variant, context: int) -> dict[str, Any]:
    """What there is to know of a variant at a context; with the reason if it cannot be counted."""
    row = {
        "variant": variant.name,
        "family": variant.family,
        "form": variant.form,
        "phase": variant.phase,
        "context": context,
        **dict.fromkeys(NUMBERS),
        "reason": "",
    }
    try:
        return row | _numbers(variant, context)
    except AccelsimError as error:
        return row | {"reason": error.fact}


def zoo_curve(row: Sequence[Variant], contexts: Sequence[int]) -> list[dict[str, Any]]:
    """A mechanism against the context: flop a token of its first form, what its first decode form
    keeps. Contexts that it cannot have are left out."""
    first, decode = row[0], [each for each in row if each.phase == "decode"][:1]
    own = {each: each.load() for each in (first, *decode)}
    points = []
    for context in contexts:
        point: dict[str, Any] = {"variant": first.row, "family": first.family, "context": context}
        try:
            flops = flop_a_token(first, at_context(first, own[first], context))
            kept = [kept_bytes(each, at_context(each, own[each], context)) for each in decode]
        except AccelsimError:
            continue
        points.append({**point, "flop_a_token": flops, "kept_bytes": next(iter(kept), None)})
    return points


def flop_a_token(variant: Variant, cascade: Cascade) -> float:
    """Of a cascade that `at_context` made."""
    plain = budgeted(cascade)
    whole = sum(flop(e.operations) * iteration_points(plain, e.name) for e in plain.einsums)
    return float(whole / tokens_of(variant, cascade))


def bytes_a_token(variant: Variant, cascade: Cascade) -> float:
    """Bytes that no machine can avoid to move."""
    plain = budgeted(cascade)
    read = sum(tensor_read_bytes(plain, name) for name in plain.inputs)
    written = sum(tensor_bytes(plain, name) for name in plain.outputs)
    return float((read + written) / tokens_of(variant, cascade))


def _numbers(variant: Variant, context: int) -> dict[str, Any]:
    own = variant.load()
    here, twice = (at_context(variant, own, context * times) for times in (1, 2))
    near = [flop_a_token(variant, each) for each in (here, twice)]
    law = _law(variant, own, context * FAR)
    return {
        **_passes(variant, here, twice),
        "flop_a_token": near[0],
        "bytes_a_token": bytes_a_token(variant, here),
        "kept_bytes": kept_bytes(variant, here),
        "growth": _power(*near),
        "law": law,
        "subquadratic": law < LINEAR,
    }


def _law(variant: Variant, own: Cascade, context: int) -> float:
    cascades = (at_context(variant, own, context * times) for times in (1, 2, 4))
    once, twice, four = (flop_a_token(variant, each) for each in cascades)
    grows = twice - once > GROWS * once and four - twice > GROWS * twice
    return max(0.0, _power(twice - once, four - twice)) if grows else 0.0


def _power(once: float, twice: float) -> float:
    """The exponent to which twice the context makes one of the other."""
    return round(math.log2(twice / once), 3) + 0.0


def _passes(variant: Variant, here: Cascade, twice: Cascade) -> dict[str, Any]:
    """Over the context's rank, or, where no Einsum runs over that, the one of its ranks that is
    traversed most often."""
    growing = growing_ranks(here, twice)
    rank = context_rank(variant, here)
    found = [rank_passes(here, each) for each in ([rank] if rank in growing else growing) if each]
    if not found:
        return {"passes": 0, "live": "", "least_passes": 0, "least_live": ""}
    most = max(found, key=lambda each: each.passes)
    least = reduce_passes(here, most.rank).after
    return {
        "passes": most.passes,
        "live": most.footprint,
        "least_passes": least.passes,
        "least_live": least.footprint,
    }

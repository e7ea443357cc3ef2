"""Which call of a library a cascade is, found in its Einsums and not in its name.

product     one Einsum, a sum of products of two tensors with plain indices: the ranks of only the
            first operand are rows, of only the second columns, those summed over K, the others a
            batch:  C[b,h,p,e] += X[b,p,d] * W[h,d,e]  is  m = B·P, n = H·E, k = D
attention   three inputs of which two make scores by such a product and the third (or one of them)
            the result; heads, groups, queries, keys and features are told by who has which rank.
            Whether it is softmax attention, and causal, is tried: at two small sizes its results
            are those of the definition (`workload.interpret`), and at its own size the scores have
            as many points as the call has pairs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from accelsim.base.errors import AccelsimError
from accelsim.workload.call_counts import pairs_seen
from accelsim.workload.calls import Bmm, Dtype, Gemm, Sdpa
from accelsim.workload.einsum import Access, Cascade, Einsum
from accelsim.workload.extent import iteration_points
from accelsim.workload.interpret import interpret

Array = np.ndarray[Any, Any]
SMALL = ({"P": 5, "M": 6}, {"P": 7, "M": 4})
"""Sizes to try at, of queries and keys."""
FEW = 2
"""Of batches, heads and groups; features are one more."""
SEED = 1


def product_call(einsum: Einsum, cascade: Cascade, dtype: Dtype) -> Gemm | Bmm | None:
    """The product that an Einsum is; None if it is none."""
    reads, out = einsum.reads, einsum.output
    plain = all(index.plain_rank for access in (out, *reads) for index in access.indices)
    if einsum.operations != {"mac": 1} or len(reads) != 2 or not plain or einsum.conditions:
        return None
    first, second = (set(access.ranks) for access in reads)
    if not set(einsum.reduced_ranks) <= first & second:
        return None
    kept = set(out.ranks)
    b, m, n = (
        _size(cascade, ranks)
        for ranks in (kept & first & second, kept & first - second, kept & second - first)
    )
    k = _size(cascade, set(einsum.reduced_ranks))
    if b == 1:
        return Gemm(m=m, n=n, k=k, dtype=dtype)
    return Bmm(b=b, m=m, n=n, k=k, dtype=dtype)


def _size(cascade: Cascade, ranks: set[str]) -> int:
    """All points over these ranks; the parts of a partition are its whole."""
    left, total = set(ranks), 1
    for whole, parts in cascade.partitions.items():
        if left.issuperset(parts):
            left -= set(parts)
            total *= int(cascade.ranks[whole])
    return total * prod(int(cascade.ranks[rank]) for rank in left)


# --- attention -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Roles:
    """Names of tensors and ranks: who is what in attention. `groups` share keys and values."""

    query: str
    key: str
    value: str
    result: str
    batch: tuple[str, ...]
    groups: tuple[str, ...]
    queries: str
    keys: str
    features: str
    widths: str
    scores: str


def attention_call(cascade: Cascade, backend: str, dtype: Dtype) -> Sdpa | None:
    """The call of attention that a cascade is; None if it is none."""
    roles = _roles(cascade)
    if roles is None:
        return None
    for causal in (False, True):
        call = _call(cascade, roles, backend, dtype, causal)
        if call is not None and _is_whole(cascade, roles, call) and _agrees(cascade, roles, causal):
            return call
    return None


def _call(cascade: Cascade, roles: Roles, backend: str, dtype: Dtype, causal: bool) -> Sdpa | None:
    sizes = cascade.ranks
    if sizes[roles.features] != sizes[roles.widths]:
        return None
    batch = prod(int(sizes[rank]) for rank in roles.batch[:-1])
    shared = int(sizes[roles.batch[-1]]) if roles.batch else 1
    fields = {
        "backend": backend,
        "b": batch,
        "h": shared * prod(int(sizes[rank]) for rank in roles.groups),
        "g": shared,
        "p": int(sizes[roles.queries]),
        "m": int(sizes[roles.keys]),
        "e": int(sizes[roles.features]),
        "causal": causal,
        "dtype": dtype,
    }
    return Sdpa.model_validate(fields)


def _is_whole(cascade: Cascade, roles: Roles, call: Sdpa) -> bool:
    """Whether the scores are those of all pairs that the call sees, at the size asked for."""
    points = iteration_points(cascade, roles.scores)
    pairs = _pairs(call.p, call.m) if call.causal else pairs_seen(call) // call.b
    return bool(points == call.b * call.h * pairs * call.e)


def _pairs(queries: int, keys: int) -> int:
    """Under a causal mask, exactly."""
    seen = min(queries, keys)
    return seen * (seen + 1) // 2 + (queries - seen) * keys


def _roles(cascade: Cascade) -> Roles | None:
    found = next(iter(_scores(cascade)), None)
    if found is None or len(cascade.inputs) != 3:
        return None
    scores, query, key = found
    value = next(name for name in cascade.inputs if name not in (query.tensor, key.tensor))
    q, k, v = (cascade.tensors[each].ranks for each in (query.tensor, key.tensor, value))
    results = [name for name in cascade.outputs if set(cascade.tensors[name].ranks) - set(q)]
    widths, keys = set(v) - set(k), (set(k) & set(v)) - set(q)
    queries = set(q) - set(k)
    features = (set(q) & set(k)) - set(v)
    if len(results) != 1 or not (len(widths) == len(keys) == len(features) == 1) or not queries:
        return None
    order = [rank for rank in q if rank in queries]
    batch = tuple(rank for rank in q if rank in set(k) & set(v))
    roles = Roles(
        query=query.tensor,
        key=key.tensor,
        value=value,
        result=results[0],
        batch=batch,
        groups=tuple(order[:-1]),
        queries=order[-1],
        keys=keys.pop(),
        features=features.pop(),
        widths=widths.pop(),
        scores=scores,
    )
    wanted = {*batch, *order, roles.widths}
    return roles if set(cascade.tensors[roles.result].ranks) == wanted else None


def _scores(cascade: Cascade) -> Iterator[tuple[str, Access, Access]]:
    """Products of two inputs: the first operand is the one whose own ranks the result has."""
    inputs = set(cascade.inputs)
    results = {rank for name in cascade.outputs for rank in cascade.tensors[name].ranks}
    for einsum in cascade.einsums:
        is_product = einsum.operations == {"mac": 1} and len(einsum.reads) == 2
        if is_product and {access.tensor for access in einsum.reads} <= inputs:
            first, second = einsum.reads
            own = set(cascade.tensors[first.tensor].ranks) - set(
                cascade.tensors[second.tensor].ranks
            )
            yield (einsum.name, first, second) if own & results else (einsum.name, second, first)


# --- trying --------------------------------------------------------------------------------------


def _agrees(cascade: Cascade, roles: Roles, causal: bool) -> bool:
    """Whether it computes softmax attention of random numbers, at sizes of a few."""
    return all(_agrees_at(cascade, roles, causal, sizes) for sizes in SMALL)


def _agrees_at(cascade: Cascade, roles: Roles, causal: bool, sizes: Mapping[str, int]) -> bool:
    try:
        small = _small(cascade, roles, sizes)
        random = np.random.default_rng(SEED)
        arrays = {
            name: random.normal(size=[small.ranks[r] for r in small.tensors[name].ranks])
            for name in small.inputs
        }
        found = interpret(small, arrays)[roles.result]
    except AccelsimError:
        # It means nothing at such a size: something else than attention.
        return False
    return bool(np.allclose(found, _attention(small, roles, causal, arrays), rtol=1e-9))


def _small(cascade: Cascade, roles: Roles, sizes: Mapping[str, int]) -> Cascade:
    """Few of everything; parts of keys are two."""
    own = dict.fromkeys((*roles.batch, *roles.groups), FEW)
    own |= {roles.features: FEW + 1, roles.widths: FEW + 1}
    own |= {roles.queries: sizes["P"], roles.keys: sizes["M"]}
    own |= {parts[-1]: FEW for parts in cascade.partitions.values()}
    outer = {part for parts in cascade.partitions.values() for part in parts[:-1]}
    declared = {rank: size for rank, size in cascade.declared.items() if rank not in outer}
    free = replace(cascade, declared=declared)
    return free.with_ranks(**{rank: size for rank, size in own.items() if rank in free.ranks})


def _attention(cascade: Cascade, roles: Roles, causal: bool, arrays: Mapping[str, Array]) -> Array:
    """softmax(Q K^T) V, in the order of the result's ranks."""
    letters = {rank: chr(97 + number) for number, rank in enumerate(cascade.ranks)}

    def text(name: str) -> str:
        return "".join(letters[rank] for rank in cascade.tensors[name].ranks)

    kept = "".join(letters[rank] for rank in (*roles.batch, *roles.groups))
    pairs = kept + letters[roles.queries] + letters[roles.keys]
    q, k, v = roles.query, roles.key, roles.value
    scores = np.einsum(f"{text(q)},{text(k)}->{pairs}", arrays[q], arrays[k])
    if causal:
        later = np.arange(scores.shape[-1]) > np.arange(scores.shape[-2])[:, None]
        scores = np.where(later, -np.inf, scores)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    found: Array = np.einsum(f"{pairs},{text(v)}->{text(roles.result)}", weights, arrays[v])
    return found

"""The cost law of Kinetics for test-time compute, in closed form: eFLOPs = FLOPs + I · bytes.

Q problems, N trials each, L prompt tokens, n generated ones; P parameters; h query heads and k
key/value heads times head dimension times layers; 2 B a number. Over all n steps:

    weights     FLOPs  Q N · 2 P n                      bytes  reads · 2 P n
    dense       FLOPs  Q N · 2 (2 L + n) n h            bytes  Q · 2 (2 L + N n) n k
    top-k       FLOPs  Q N · 4 S h                      bytes  Q N · 4 S k
    block       FLOPs  + Q N · floor((2 L + n) / block) n h
                bytes  + Q · floor((2 L + N n) / block) n k

S is the sum over steps of the keys within a budget B:

    S = B n - 1/2 max(0, B - L)^2 + 1/2 max(0, B - L - n)^2

What is published differs from that in places, each a variant of its own (`LAWS`):

    published     I = 562.5; + before the first square for top-k, - for block top-k, and no second
                  one; weights are not read (a batch so large that it does not matter)
    minus_sign    - for both
    bf16          I = 281.25, what a B200 does on numbers of 2 B without sparsity: 2250 TFLOPS
                  / 8 TB/s, of which 562.5 is twice (fp8, or bf16 with sparsity)
    weights       read once a step, for all trials of all problems
    corrected     all three, and S as above

In the paper's terms the dense law is, with D numbers of keys and values a token and r = h / k,

    2 N P n + (2 r N L D n + r N D n^2) + (2 I L D n + I N D n^2)

Source: Sadhukhan et al., Kinetics (arXiv 2506.05333 v3); Infini-AI-Lab/Kinetics at af7fa57,
cost_model. Budgets that are never reached (B > L + n), where S as published falls below the truth
and below zero, and the parameters of the two smallest Qwen3, which count a shared matrix twice, are
findings of this project.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from accelsim.workload.model import Model
from accelsim.workload.trials import BlockTopK, Dense, Selection, TopK

Number = Any
"""A number, or an array of them; arrays broadcast."""

WORD_BYTES = 2


class Sizes(NamedTuple):
    """Of a model: `query_numbers` and `key_numbers` are heads · head dimension · layers."""

    parameters: Number
    query_numbers: Number
    key_numbers: Number


class Work(NamedTuple):
    """`trials` of each problem; all have the same lengths."""

    problems: Number
    trials: Number
    prompt: Number
    generated: Number


class Counts(NamedTuple):
    """Over all steps, of all trials of all problems."""

    weights_flop: Number
    weights_bytes: Number
    attention_flop: Number
    attention_bytes: Number


Keys = Callable[[Work, Number], Number]
Joined = Callable[[Counts, float], Number]


def plus_ramp(work: Work, budget: Number) -> Number:
    """As `zero_overhead_sparse_cost` has it; the sign is wrong."""
    return budget * work.generated + 0.5 * np.maximum(0, budget - work.prompt) ** 2


def minus_ramp(work: Work, budget: Number) -> Number:
    """As `block_sparse_cost` has it: right if the budget is reached at all."""
    return budget * work.generated - 0.5 * np.maximum(0, budget - work.prompt) ** 2


def keys_within(work: Work, budget: Number) -> Number:
    """S: over all steps, the keys that there are, but no more than the budget."""
    never = np.maximum(0, budget - work.prompt - work.generated)
    return minus_ramp(work, budget) + 0.5 * never**2


def added(counts: Counts, flop_per_byte: float) -> Number:
    flop = counts.weights_flop + counts.attention_flop
    return flop + flop_per_byte * (counts.weights_bytes + counts.attention_bytes)


def overlapped(counts: Counts, flop_per_byte: float) -> Number:
    """The larger of FLOPs and I · bytes, of the weights and of attention: neither waits for the
    other. At least half of what `added` gives."""
    weights = np.maximum(counts.weights_flop, flop_per_byte * counts.weights_bytes)
    attention = np.maximum(counts.attention_flop, flop_per_byte * counts.attention_bytes)
    return weights + attention


@dataclass(frozen=True)
class Law:
    """`weight_reads` of all weights a step."""

    flop_per_byte: float = 562.5
    weight_reads: float = 0
    top_k_keys: Keys = plus_ramp
    block_keys: Keys = minus_ramp
    join: Joined = added

    def __call__(self, sizes: Sizes, work: Work, selection: Selection) -> Number:
        """eFLOPs."""
        return self.join(self.counts(sizes, work, selection), self.flop_per_byte)

    def counts(self, sizes: Sizes, work: Work, selection: Selection) -> Counts:
        tokens = work.problems * work.trials * work.generated
        read = WORD_BYTES * sizes.parameters * self.weight_reads * work.generated
        attention = _ATTENTION[type(selection)](self, sizes, work, selection)
        return Counts(2 * sizes.parameters * tokens, read, *attention)


BF16_B200 = 281.25
"""FLOP/B: 2250 TFLOPS / 8 TB/s."""

LAWS: Mapping[str, Law] = MappingProxyType(
    {
        "published": Law(),
        "minus_sign": Law(top_k_keys=minus_ramp),
        "bf16": Law(flop_per_byte=BF16_B200),
        "weights": Law(weight_reads=1),
        "corrected": Law(BF16_B200, 1, keys_within, keys_within),
    }
)


def sizes_of(model: Model, parameters: float) -> Sizes:
    """Of a model, with as many parameters as are to be counted."""
    numbers = model.head_dim * model.layers
    return Sizes(parameters, model.heads * numbers, model.kv_heads * numbers)


# --- attention: FLOPs and bytes -------------------------------------------------------------------


def _dense(law: Law, sizes: Sizes, work: Work, selection: Dense) -> tuple[Number, Number]:
    seen = 2 * (2 * work.prompt + work.generated) * work.generated
    read = 2 * (2 * work.prompt + work.trials * work.generated) * work.generated
    return _of(sizes, work, work.trials * seen, read)


def _top_k(law: Law, sizes: Sizes, work: Work, selection: TopK) -> tuple[Number, Number]:
    keys = work.trials * 4 * law.top_k_keys(work, selection.budget)
    return _of(sizes, work, keys, keys)


def _block_top_k(law: Law, sizes: Sizes, work: Work, selection: BlockTopK) -> tuple[Number, Number]:
    keys = work.trials * 4 * law.block_keys(work, selection.budget)
    scored = (2 * work.prompt + work.generated) // selection.block
    read = (2 * work.prompt + work.trials * work.generated) // selection.block
    return _of(
        sizes,
        work,
        keys + work.trials * scored * work.generated,
        keys + read * work.generated,
    )


def _of(sizes: Sizes, work: Work, seen: Number, read: Number) -> tuple[Number, Number]:
    return (
        work.problems * seen * sizes.query_numbers,
        work.problems * read * sizes.key_numbers,
    )


_ATTENTION: Mapping[type[Any], Callable[..., tuple[Number, Number]]] = {
    Dense: _dense,
    TopK: _top_k,
    BlockTopK: _block_top_k,
}

"""Several answers to the same prompt: what a decoding layer attends to, in full or by selection.

Q problems have N trials each; a trial has its problem's prompt, whose keys all N share, and keys of
its own. What a trial attends to when it has n keys beside the L of the prompt:

    Dense         all L + n
    TopK          the B best, found for nothing (the law's "zero overhead")
    BlockTopK     the best blocks of keys, by the query's product with the mean key of each block,
                  and the last keys: B = local + block · blocks

Source: Sadhukhan et al., Kinetics (arXiv 2506.05333), and Infini-AI-Lab/Kinetics, cost_model.

As calls of libraries: keys lie in pages. The prompt is read once for all trials (`shared`: their
queries are further heads of each group, as Hydragen, arXiv 2402.05099, batches them; the partial
results are merged), or by each of them. A selection is a product of queries with block means, one
for the prompt's and one for a trial's own (rows padded to 16 B), then one pass over the scores that
writes the chosen blocks' numbers (`Copy`): the least it takes, for libraries make more passes. Left
out: the mean key of a block is kept with the cache.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from accelsim.workload.calls import Backend, Bmm, Call, Copy, Sdpa
from accelsim.workload.model import Model

PARTIAL_BYTES = 4
"""Partial results of attention are in fp32."""

ALIGNED = 8
"""Numbers in 16 B; cuBLAS has slower kernels for rows that are none of it."""

NUMBER_BYTES = 4
"""Of a block, as in the workload retrieval/kinetics."""


@dataclass(frozen=True)
class Trials:
    """`prompt` tokens of each problem come before what its trials generate."""

    problems: int
    trials: int
    prompt: int

    @property
    def sequences(self) -> int:
        return self.problems * self.trials


@dataclass(frozen=True)
class Paged:
    """A library's attention over keys in pages of so many tokens."""

    backend: Backend
    page: int


@dataclass(frozen=True)
class Dense:
    """All keys."""


@dataclass(frozen=True)
class TopK:
    budget: int


@dataclass(frozen=True)
class BlockTopK:
    """`local` keys at the end, and `blocks` blocks of `block` keys."""

    block: int
    blocks: int
    local: int

    @property
    def budget(self) -> int:
        return self.local + self.block * self.blocks


Selection = Dense | TopK | BlockTopK


def attended(selection: Selection, keys: int) -> int:
    """Keys of all that a query attends to."""
    return keys if isinstance(selection, Dense) else min(keys, selection.budget)


def turns(selection: Selection, trials: Trials) -> tuple[int, ...]:
    """Numbers of own keys beside which the calls change in kind: the budget is passed."""
    if isinstance(selection, Dense) or selection.budget <= trials.prompt:
        return ()
    return selection.budget - trials.prompt, selection.budget - trials.prompt + 1


def attention_calls(
    selection: Selection, model: Model, trials: Trials, own: int, kernel: Paged
) -> Mapping[str, tuple[Call, ...]]:
    """Of one layer and one new token of every trial, which has `own` keys with it: the ways to
    attend, `each` and, where a prompt has several readers, `shared`."""
    keys = trials.prompt + own
    seen = attended(selection, keys)
    each = (_sdpa(model, trials.sequences, model.heads, seen, kernel),)
    if trials.trials == 1 or seen < keys:
        return {"each": each}
    numbers = trials.sequences * model.heads * model.head_dim
    merged_bytes = numbers * (2 * PARTIAL_BYTES + _word_bytes(model))
    shared = (
        _sdpa(model, trials.problems, model.heads * trials.trials, trials.prompt, kernel),
        _sdpa(model, trials.sequences, model.heads, own, kernel),
        _copy(merged_bytes),
    )
    return {"each": each, "shared": shared}


def selecting_calls(
    selection: Selection, model: Model, trials: Trials, own: int
) -> tuple[Call, ...]:
    """What finds the blocks, of one layer and one new token of every trial; nothing while all keys
    are within the budget, or where they are found for nothing."""
    keys = trials.prompt + own
    if not isinstance(selection, BlockTopK) or attended(selection, keys) == keys:
        return ()
    return tuple(_block_scores(selection, model, trials, own))


def _block_scores(selection: BlockTopK, model: Model, trials: Trials, own: int) -> list[Call]:
    group = model.heads // model.kv_heads
    of_prompt, of_trial = trials.prompt // selection.block, own // selection.block
    calls: list[Call] = []
    if trials.trials == 1:
        of_prompt, of_trial = 0, (trials.prompt + own) // selection.block
    if of_prompt:
        b, m = trials.problems * model.kv_heads, trials.trials * group
        calls.append(_scores(b, m, of_prompt, model))
    if of_trial:
        calls.append(_scores(trials.sequences * model.kv_heads, group, of_trial, model))
    scores_bytes = trials.sequences * model.heads * (of_prompt + of_trial) * _word_bytes(model)
    chosen_bytes = trials.sequences * model.kv_heads * selection.blocks * NUMBER_BYTES
    return [*calls, _copy(scores_bytes + chosen_bytes)]


def _scores(batch: int, queries: int, blocks: int, model: Model) -> Bmm:
    padded = -(-blocks // ALIGNED) * ALIGNED
    return Bmm.model_construct(b=batch, m=queries, n=padded, k=model.head_dim, dtype="bf16")


def _sdpa(model: Model, sequences: int, heads: int, keys: int, kernel: Paged) -> Sdpa:
    return Sdpa.model_construct(
        backend=kernel.backend,
        b=sequences,
        h=heads,
        g=model.kv_heads,
        p=1,
        m=keys,
        e=model.head_dim,
        dtype="bf16",
        page=kernel.page,
    )


def _copy(moved_bytes: int) -> Copy:
    """Of so many bytes read and written: a copy has half of them."""
    return Copy.model_construct(bytes=-(-moved_bytes // 2))


def _word_bytes(model: Model) -> int:
    return int(model.activation_bits // 8)

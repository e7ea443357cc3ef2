"""Pass reduction: what is found, that it is equal, and what is said where nothing is found."""

from collections.abc import Callable

import pytest

from accelsim.base.errors import WorkloadError
from accelsim.base.yamlfile import parse_yaml
from accelsim.workload.counts import counts
from accelsim.workload.einsum import Cascade
from accelsim.workload.load import load_workload, read_workload
from accelsim.workload.passes import passes
from accelsim.workload.rewrite import fewest_passes, reduce_passes, tried
from tests.workload.equality import EQUAL, assert_equal, reloaded
from tests.workload.mean_cases import MEANS
from tests.workload.softmax_cases import SOFTMAX

CascadeOf = Callable[..., Cascade]
CASES = {**MEANS, **SOFTMAX}

#: name: what the sentence must say
REASONS = {
    "weights_out": "The output A has a value for each m: A[p,m] needs",
    "tanh": "T needs MU[p], which is complete only after a pass over M: tanh(S[p,m] - MU[p])",
    "threshold": "Y needs MU[p], which is complete only after a pass over M: less(MU[p], S[p,m])",
    "double_softmax": "under an exponential or a maximum",
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("tile", [1, 2, 4])
def test_cascades_are_reduced_and_stay_equal(name: str, tile: int, cascade_of: CascadeOf) -> None:
    rank, ranks, inputs, text, expected = CASES[name]
    before = cascade_of(text, ranks, inputs)
    found = reduce_passes(before, rank, tile)
    assert (found.before.passes, found.after.passes) == expected
    assert (found.obstacle is None) == (found.after.passes == 1)
    assert_equal(before, found.cascade)
    again = reloaded(found.cascade)
    assert (str(again), again.tensors) == (str(found.cascade), found.cascade.tensors)


@pytest.mark.parametrize(("name", "said"), REASONS.items())
def test_what_cannot_be_reduced_is_told_with_the_einsum(
    name: str, said: str, cascade_of: CascadeOf
) -> None:
    rank, ranks, inputs, text, _ = CASES[name]
    assert said in str(reduce_passes(cascade_of(text, ranks, inputs), rank).obstacle)


def test_a_selection_is_told_as_what_it_is(cascade_of: CascadeOf) -> None:
    before = cascade_of(
        """
        I[p,k] topk= S[p,m]
        N[p] += S[p,I[p,k]]
        Y[p] += tanh(S[p,m] * N[p])
        """,
        "{P: 2, M: 5, K: 2}",
        "{S: [P, M]}",
    )
    found = reduce_passes(before, "M")
    assert (found.before.passes, found.after.passes) == (2, 2)
    assert "I is made by topk=, which needs every value before its first" in str(found.obstacle)


def test_layer_norm_keeps_a_sum_of_weights_without_the_rows(cascade_of: CascadeOf) -> None:
    rank, ranks, inputs, text, _ = CASES["layer_norm"]
    found = reduce_passes(cascade_of(text, ranks, inputs), rank).cascade
    assert found.partitions == {}
    assert str(found.einsum("VAR")) == "VAR[p] = SVAR[p] / D - MU[p] * MU[p]"
    assert {str(each.output) for each in found.einsums} >= {"SY2[f]", "SY3[f]"}


def test_every_rank_may_be_reduced_at_once() -> None:
    layer = load_workload("transformer/encoder_layer")
    before = {rank: each.passes for rank, each in passes(layer).items()}
    found = fewest_passes(layer)
    after = {rank: each.passes for rank, each in passes(found).items() if rank in before}
    assert (before["M"], after["M"]) == (3, 1)
    assert after["D"] < before["D"]
    assert all(after[rank] <= before[rank] for rank in after)
    assert tried(layer, found).difference < EQUAL


def test_what_is_known_of_tables_and_masks_is_written_with_the_cascade() -> None:
    text = """
        word: 2 B
        ranks: {B: 2, M: 24}
        inputs: {S: [B, M], V: [M], X: [B, M], LENGTH: [B], T: [M]}
        densities: {X: {value: 1 / 2, source: made up}}
        values: {LENGTH: [24, 12], T: [0.1, -2.5]}
        cascade: |
          G[b] max= S[b,m] where m < LENGTH[b] and X[b,m]
          N[b,m] = exp(S[b,m] - G[b]) * T[m] where m < LENGTH[b] and X[b,m]
          Z[b] += N[b,m] * V[m] where m < LENGTH[b] and X[b,m]
        """
    before = read_workload(parse_yaml(text, "t.yaml"), "t")
    again = reloaded(reduce_passes(before, "M", tile=8).cascade)
    assert again.values == {"LENGTH": (24, 12), "T": (0.1, -2.5)}
    assert again.densities == before.densities
    assert counts(again).by_class["mac"] == counts(before).by_class["mac"]


def test_an_unknown_rank_is_refused_with_those_there_are() -> None:
    with pytest.raises(WorkloadError, match="runs over a rank 'Z'. Its ranks are"):
        reduce_passes(load_workload("attention/three_pass"), "Z")

"""Attention on spatial arrays: the default mapping's cost, found with few searches."""

import pytest

from accelsim.arch.load import load_arch
from accelsim.base.errors import MappingError
from accelsim.cost.default import default_mapping
from accelsim.cost.evaluate import evaluate
from accelsim.cost.system.array_attention import NEAR, ArrayAttention
from accelsim.cost.system.effort import effort, idle_w
from accelsim.workload.calls import Gemm, Sdpa
from accelsim.workload.load import load_workload

SIZES = [(4, 1500), (16, 4096), (32, 9000), (1, 700), (64, 65536)]


def decode(b, m, **changed):
    return Sdpa(
        **{"backend": "flash", "b": b, "h": 64, "g": 8, "p": 1, "m": m, "e": 128, **changed}
    )


def searched(array, call):
    ranks = {"B": call.b, "H": call.g, "P": 8, "M": call.m, "E": call.e, "F": call.e}
    cascade = load_workload(
        "attention/one_pass", {f"ranks.{rank}": size for rank, size in ranks.items()}
    )
    return evaluate(cascade, array, default_mapping(cascade, array, "").mapping)


@pytest.mark.parametrize("name", ["cpu_epyc_7763", "attacc_bg"])
def test_a_mapping_that_serves_again_is_as_good_as_one_searched_for(name):
    array = load_arch(name)
    attention = ArrayAttention(array)
    for b, m in SIZES:
        (cost,) = attention.cost([decode(b, m)])
        assert float(cost.latency_s) <= NEAR * float(searched(array, decode(b, m)).latency_s)
        read_s = (
            b * 8 * m * 2 * 128 * 2 / float(array.memories[0].bandwidth.per_second(array.clock_hz))
        )
        assert float(cost.latency_s) >= read_s
    assert len(attention.found) < len(SIZES) and len(attention.near) == 1


def test_what_an_array_draws_while_it_waits_is_no_effort_of_a_call():
    array = load_arch("attacc_bg")
    found, cost = effort([decode(4, 1500)], array), searched(array, decode(4, 1500))
    assert found.seconds == pytest.approx(float(cost.latency_s))
    whole = found.joules + idle_w(array) * found.seconds
    assert whole == pytest.approx(float(cost.energy_pj) * 1e-12)


def test_calls_that_are_no_attention_are_refused():
    attention = ArrayAttention(load_arch("attacc_bg"))
    with pytest.raises(MappingError, match="no Gemm"):
        attention.cost([Gemm(m=1, n=1, k=1)])
    with pytest.raises(MappingError, match="without a mask"):
        attention.cost([decode(1, 8, p=8, causal=True)])

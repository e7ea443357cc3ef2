"""Cases of two devices, the shapes of their models, and how many layers a run takes."""

from pathlib import Path

import pytest

from accelsim.base.errors import InputError, Place
from accelsim.validation.offload.cases import MODELS, OFFLOAD_KERNELS, plan_of
from accelsim.workload.calls import case_of, read_cases

MIB = 2**20
H100_L2_BYTES = 50 * MIB


@pytest.mark.parametrize(
    ("model", "billions", "layers"), [("llama3_8b", 6.98, 32), ("llama3_70b", 68.45, 80)]
)
def test_the_layers_have_the_parameters_of_their_models(model, billions, layers):
    # 8.03 and 70.55 billion less embeddings and head, 2 x 128,256 rows of 4096 and of 8192.
    shape = MODELS[model]
    assert shape.layers == layers
    assert shape.layers * shape.weight_bytes / 2 == pytest.approx(billions * 1e9, rel=0.002)


def test_256_contexts_of_64k_take_69_gb():
    assert MODELS["llama3_8b"].cache_bytes(256, 65536) == pytest.approx(68.7e9, rel=1e-3)


@pytest.mark.parametrize("model", ["llama3_8b", "llama3_70b"])
@pytest.mark.parametrize(("b", "m"), [(1, 1024), (4, 4096), (256, 65536)])
def test_nothing_stays_in_l2_until_its_next_turn(model, b, m):
    shape = MODELS[model]
    plan = plan_of(shape, b, m, H100_L2_BYTES)
    cached = plan.caches * shape.cache_bytes(b, m)
    assert cached >= 3 * H100_L2_BYTES or plan.caches == shape.layers
    assert plan.weights * shape.projection_bytes >= 3 * H100_L2_BYTES
    assert plan.layers >= max(plan.caches, plan.weights, 4)


def test_a_cache_beyond_l2_is_shared():
    assert plan_of(MODELS["llama3_70b"], 256, 65536, H100_L2_BYTES) == (4, 2, 1)


def test_no_run_is_longer_than_its_model():
    assert plan_of(MODELS["llama3_8b"], 1, 1024, H100_L2_BYTES).layers == 32


def test_the_study_has_every_batch_and_context_at_both_places():
    listed = Path(__file__).parents[3] / "studies/offload_measured/cases.csv"
    cases = read_cases(listed, OFFLOAD_KERNELS)
    assert len({(case.kernel, case.params) for case in cases}) == len(cases)
    layers = {
        (case.call.model, case.call.b, case.call.m, case.call.place)
        for case in cases
        if case.kernel == "decode_layer"
    }
    assert len(layers) == 2 * 6 * 4 * 2
    for kernel in ("peer_copy", "nccl_send", "all_reduce"):
        sizes = sorted(case.call.bytes for case in cases if case.kernel == kernel)
        assert sizes == [1024 * 4**i for i in range(11)]


@pytest.mark.parametrize(
    ("kernel", "params", "words"),
    [
        ("decode_layer", '{"model": "gpt", "b": 1, "m": 8, "place": "one"}', "model"),
        ("decode_layer", '{"model": "tiny", "b": 1, "m": 8, "place": "two"}', "place"),
        ("peer_copy", '{"bytes": 0}', "bytes"),
        ("gemm", '{"m": 1, "n": 1, "k": 1}', "no kernel 'gemm'"),
    ],
)
def test_a_bad_case_is_one_message(kernel, params, words):
    with pytest.raises(InputError, match=words) as raised:
        case_of(kernel, params, Place("cases.csv", 2), OFFLOAD_KERNELS)
    assert str(raised.value).startswith("cases.csv:2: ")

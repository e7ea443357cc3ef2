"""Kernels made by rules: of any cascade, on any GPU, beside libraries and within physics."""

import pytest
from hypothesis import given, settings

from accelsim.arch.load import is_gpu
from accelsim.arch.load_gpu import load_gpu
from accelsim.base.catalogue import names
from accelsim.base.errors import MappingError
from accelsim.base.yamlfile import parse_yaml
from accelsim.cost.evaluate import evaluate
from accelsim.cost.gpu.call import call_cost
from accelsim.cost.gpu.cut import automatic_gpu_mapping
from accelsim.cost.gpu.fused_bytes import crossing
from accelsim.workload.calls import Bmm, Copy, Gemm, RmsNorm, Sdpa, Softmax
from accelsim.workload.counts import counts
from accelsim.workload.load import load_workload, read_workload
from tests.mapping.strategies import plain_workloads
from tests.workload.random_cascades import cascades

H100 = load_gpu("h100_sxm")
GPUS = [name for name in names("machines") if is_gpu(name)]


def cost_of(name, gpu=H100, **ranks):
    cascade = load_workload(name, {f"ranks.{rank}": str(size) for rank, size in ranks.items()})
    return evaluate(cascade, gpu)


def names_of(cost):
    return [kernel.einsums for kernel in cost.kernels]


# --- beside libraries ----------------------------------------------------------------------------


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    ("b", "h", "p", "e"),
    [
        (1, 12, 4096, 64),
        (1, 16, 4096, 128),
        (4, 32, 2048, 128),
        (64, 12, 512, 64),
        (2, 16, 1024, 64),
    ],
)
def test_attention_in_one_pass_takes_about_what_libraries_do(b, h, p, e, causal):
    name = f"attention/one_pass{'_causal' if causal else ''}"
    cost = cost_of(name, B=b, H=h, P=p, M=p, E=e, F=e)
    calls = [
        Sdpa(backend=x, b=b, h=h, g=h, p=p, m=p, e=e, causal=causal) for x in ("flash", "cudnn")
    ]
    flash, cudnn = (call_cost(call, H100).seconds for call in calls)
    assert len(cost.kernels) == 1
    assert 0.45 * flash < cost.latency_s < flash
    # Longest blocks first, which cuDNN does not do.
    assert 0.75 * cudnn < cost.latency_s < 1.4 * cudnn


@pytest.mark.parametrize("gpu", ["l40s", "a100_sxm_80gb"])
@pytest.mark.parametrize(("b", "h", "p", "e"), [(1, 16, 4096, 128), (64, 12, 512, 64)])
def test_attention_takes_about_what_flash_does_where_warps_multiply(gpu, b, h, p, e):
    gpu = load_gpu(gpu)
    ours = cost_of("attention/one_pass", gpu, B=b, H=h, P=p, M=p, E=e, F=e).latency_s
    call = Sdpa(backend="flash", b=b, h=h, g=h, p=p, m=p, e=e)
    assert 0.8 < ours / call_cost(call, gpu).seconds < 1.25


@pytest.mark.parametrize(
    ("m", "n", "k"),
    [
        (4096, 4096, 4096),
        (8192, 8192, 8192),
        (1024, 1024, 1024),
        (16, 14336, 4096),
        (4096, 768, 768),
    ],
)
def test_a_product_takes_about_what_its_library_does(m, n, k):
    ours = cost_of("kernels/gemm", M=m, N=n, K=k).latency_s
    assert 0.9 < ours / call_cost(Gemm(m=m, n=n, k=k), H100).seconds < 1.35


def test_batches_copies_and_rows_take_about_what_libraries_do():
    calls = {
        "kernels/bmm": Bmm(b=16, m=1024, n=1024, k=1024),
        "kernels/copy": Copy(bytes=2**24),
        "kernels/rms_norm": RmsNorm(rows=16384, cols=4096),
    }
    for name, call in calls.items():
        assert 0.7 < cost_of(name).latency_s / call_cost(call, H100).seconds < 1.35
    # The library reads long rows again; ours keeps them in registers.
    ours = cost_of("kernels/softmax").latency_s
    assert ours < call_cost(Softmax(rows=16384, cols=4096), H100).seconds


# --- where fusion stops --------------------------------------------------------------------------


def test_fewer_passes_take_less_time_and_move_fewer_bytes():
    names = ("one_pass", "deferred_division", "three_pass")
    found = [cost_of(f"attention/{name}", P=16384, M=16384) for name in names]
    assert [len(cost.kernels) for cost in found] == [1, 2, 3]
    seconds = [cost.latency_s for cost in found]
    assert seconds == sorted(seconds) and seconds[2] > 2 * seconds[0]
    scores = 12 * 16384**2 * 2
    moved = [cost.traffic_bytes["HBM"] / scores for cost in found]
    assert moved[0] < 0.1 and moved[1] == pytest.approx(2, rel=0.1)
    assert moved[2] == pytest.approx(4, rel=0.1)


def test_a_layer_keeps_products_apart_and_takes_what_follows_them_along():
    found = names_of(cost_of("transformer/encoder_layer"))
    assert ("FF1", "GE") in found and ("O", "R1") in found
    assert not any({"FF1", "FF2"} <= set(einsums) for einsums in found)


def test_rows_that_are_too_long_to_be_held_are_read_again():
    assert len(cost_of("kernels/softmax", R=64, C=4096).kernels) == 1
    assert len(cost_of("kernels/softmax", R=64, C=2**20).kernels) > 1


def test_the_inner_part_is_decided_unless_somebody_chose_it():
    open_, chosen = cost_of("attention/one_pass"), cost_of("attention/one_pass", M0=256)
    assert open_.latency_s <= chosen.latency_s
    cascade = load_workload("attention/one_pass", {"ranks.M0": "256"})
    assert automatic_gpu_mapping(cascade, H100).cascade.ranks["M0"] == 256


def test_a_loop_whose_weights_fit_nowhere_runs_step_by_step(cascade_of):
    text = """
    H[0,b,n] = 0
    Z[t,b,n] += W[n,k] * H[t,b,k]
    H[t+1,b,n] = tanh(Z[t,b,n])
    Y[b,n] = H[T,b,n]
    """
    inputs = "{W: [N, K]}"
    large = evaluate(cascade_of(text, "{B: 32, T: 100, N: 2048, K: N}", inputs), H100)
    small = evaluate(cascade_of(text, "{B: 32, T: 100, N: 64, K: N}", inputs), H100)
    assert [kernel.times.facts.get("launches") for kernel in large.kernels] == [100, 100, None]
    assert len(small.kernels) == 1
    # 8 MiB of weights stay in L2
    assert large.traffic_bytes["HBM"] < 20 * 2**20
    assert large.latency_s > 2 * 100 * H100.launch.gap_s


def test_no_room_for_a_tile_is_said_with_its_place():
    small = H100.model_copy(update={"sm": H100.sm.model_copy(update={"registers": 1024})})
    with pytest.raises(MappingError, match=r"gemm.yaml:\d+: no SM has room for a tile of C"):
        automatic_gpu_mapping(load_workload("kernels/gemm"), small)


# --- physics -------------------------------------------------------------------------------------


def least_seconds(cascade, gpu):
    """By the rate of the fastest tensor cores and the fma pipe together, and by device memory."""
    found = counts(cascade)
    tensor = max((rate for cores in gpu.tensor for rate in cores.flop.values()), default=0)
    flop = tensor + 2 * sum(pipe.lanes for pipe in gpu.pipes)
    compute = found.flop / (flop * gpu.sms * gpu.clock_hz)
    return max(compute, found.compulsory_bytes / gpu.hbm.bandwidth.per_second(gpu.clock_hz))


@pytest.mark.parametrize("gpu", GPUS)
@pytest.mark.parametrize(
    "name", ["attention/three_pass_causal", "transformer/linear_layers", "kernels/softmax"]
)
def test_no_gpu_is_faster_than_its_roofline(name, gpu):
    cascade, gpu = load_workload(name), load_gpu(gpu)
    assert evaluate(cascade, gpu).latency_s > least_seconds(cascade, gpu)


@pytest.mark.parametrize("name", [n for n in plain_workloads() if "causal" not in n])
def test_every_shipped_workload_runs_and_every_einsum_once(name):
    cascade = load_workload(name)
    cost = evaluate(cascade, H100)
    ran = [einsum for einsums in names_of(cost) for einsum in einsums]
    assert sorted(ran) == sorted(einsum.name for einsum in cascade.einsums)
    assert cost.latency_s > least_seconds(cascade, H100)
    assert cost.traffic_bytes["HBM"] >= counts(cascade).compulsory_bytes


@settings(max_examples=60)
@given(cascades())
def test_of_random_cascades_every_einsum_runs_once_and_what_crosses_is_counted(
    points_by_enumeration, parts
) -> None:
    text, ranks, inputs = parts
    lines = "\n".join(f"  {line}" for line in text.splitlines())
    head = f"about: A test.\nsource: by hand\nword: 2 B\nranks: {ranks}\ninputs: {inputs}\n"
    cascade = read_workload(parse_yaml(f"{head}cascade: |\n{lines}\n", "w.yaml"), "w")
    mapping = automatic_gpu_mapping(cascade, H100)
    cascade = mapping.cascade
    cost = evaluate(cascade, H100, mapping)
    where = {e: n for n, kernel in enumerate(mapping.kernels) for e in kernel.fusion.einsums}
    assert sum(len(kernel.fusion.einsums) for kernel in mapping.kernels) == len(cascade.einsums)
    assert where.keys() == {einsum.name for einsum in cascade.einsums}
    for kernel in (each for each in mapping.kernels if each.fusion.launches == 1):
        own, moved = kernel.fusion.einsums, crossing(kernel.fusion)
        for einsum in own:
            for access in cascade.einsum(einsum).reads:
                assert (access.tensor in moved.reads) == (access.tensor not in own)
        for tensor, count in moved.reads.items():
            assert count == 2 * len(elements_read(cascade, tensor, own, points_by_enumeration))
    for einsum in cascade.einsums:
        for access in einsum.reads:
            made = where.get(access.tensor)
            assert made is None or made <= where[einsum.name]
            if made not in (None, where[einsum.name]):
                assert access.tensor in mapping.kernels[made].fusion.written
    assert cost.latency_s > least_seconds(cascade, H100)


def elements_read(cascade, tensor, readers, points):
    """Elements that these Einsums read of what is there, by trying all points."""
    accesses = [(e, a) for e in map(cascade.einsum, readers) for a in e.reads if a.tensor == tensor]
    found = elements(cascade, accesses, points)
    if tensor in cascade.inputs:
        return found
    made = cascade.einsum(tensor)
    return found & elements(cascade, [(made, made.output)], points)


def elements(cascade, accesses, points):
    return {
        tuple(index.value(point, cascade.ranks) for index in cascade.positions(access))
        for einsum, access in accesses
        for point in points(cascade, einsum)
    }

"""What is known of kernels at once is never too much, and the cut is that where all is known."""

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.yamlfile import parse_yaml
from accelsim.cost.gpu.cut import fastest_cut
from accelsim.cost.gpu.fused_choice import choice
from accelsim.cost.gpu.fused_least import least_of_each
from accelsim.mapping.fused_kernel import room_of
from accelsim.mapping.fused_tiles import candidates
from accelsim.mapping.fusion import fusion, stepwise, units
from accelsim.workload.budget import budgeted
from accelsim.workload.load import load_workload, read_workload
from tests.workload.random_cascades import cascades

NAMES = (
    "attention/one_pass_causal",
    "attention/three_pass",
    "kernels/gemm",
    "linear/based:chunked",
    "recurrent/rwkv_6:chunked",
    "recurrent/titans:mac",
    "retrieval/a2ats:decode",
    "transformer/encoder_layer",
)
GPUS = ("h100_sxm", "a100_sxm_80gb", "l40s")
CHANGES = {
    "sms": ("1", "40"),
    "launch.start": ("50 us",),
    "memories.L2.bandwidth": ("100 B/cycle",),
    "pipes.sfu.lanes": ("1",),
    "clock": ("500 MHz",),
    "sm.shared_bandwidth": ("8 B/cycle",),
}
CASCADES = {name: budgeted(load_workload(name)) for name in NAMES}


@st.composite
def gpus(draw):
    changed = draw(st.dictionaries(st.sampled_from(sorted(CHANGES)), st.booleans(), max_size=2))
    settings = {path: CHANGES[path][int(at) % len(CHANGES[path])] for path, at in changed.items()}
    return load_gpu(draw(st.sampled_from(GPUS)), settings)


def choice_of(cascade, groups, gpu):
    own = fusion(cascade, groups)
    found = own and candidates(own, room_of(gpu.sm))
    return found and choice(found, gpu, least_of_each(cascade, gpu))


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(NAMES), gpus())
def test_no_kernel_takes_less_than_is_known_of_it_at_once(data, name, gpu):
    cascade = CASCADES[name]
    groups = units(cascade)
    first = data.draw(st.integers(0, len(groups) - 1))
    last = data.draw(st.integers(first + 1, min(len(groups), first + 6)))
    own = choice_of(cascade, groups[first:last], gpu)
    if own:
        assert 0 < own.at_once <= own.at_least <= own.fastest()[1]


def test_what_is_known_at_once_is_worth_something():
    """Of a large product most; of chains of steps a part that bytes alone do not tell."""
    h100 = load_gpu("h100_sxm")
    gemm = choice_of(CASCADES["kernels/gemm"], units(CASCADES["kernels/gemm"]), h100)
    assert gemm.at_once > 0.7 * gemm.fastest()[1]
    chunks = CASCADES["recurrent/titans:mac"]
    chain = choice_of(chunks, units(chunks)[:1], h100)
    assert chain.at_once > replace(chain, least_cycles=0.0).at_once


# --- cutting --------------------------------------------------------------------------------------


def all_known(cascade, gpu):
    """Least seconds to the end of every unit, all runs of units timed; of ties the longest run."""
    groups, gap = units(cascade), float(gpu.launch.gap_s)
    best = [(0.0, ())]
    for last in range(1, len(groups) + 1):
        ways = []
        for first in range(last):
            found = run_of(cascade, groups, first, last, gpu)
            if found is not None:
                seconds = sum((one + gap) * kernel.fusion.launches for kernel, one in found)
                kernels = tuple(kernel for kernel, _ in found)
                ways.append((best[first][0] + seconds, first, (*best[first][1], *kernels)))
        least = min(ways, key=lambda way: way[:2])
        best.append((least[0], least[2]))
    return best[-1]


def run_of(cascade, groups, first, last, gpu):
    own = choice_of(cascade, groups[first:last], gpu)
    if own:
        return [own.fastest()]
    if last > first + 1:
        return None
    apart = (candidates(each, room_of(gpu.sm)) for each in stepwise(cascade, groups[first]))
    return [choice(each, gpu).fastest() for each in apart]


def hardly_cut(cascade, gpu):
    """Of all sizes of the inner part, unless there is none."""
    sizes = [size for size in (64, 128, 256) if size < cascade.ranks.get("M0", 0)]
    found = [cascade, *(cascade.with_ranks(M0=size) for size in sizes)]
    best = (inf, ())
    for each in found:
        way = all_known(each, gpu)
        best = way if way[0] < best[0] else best
    return best


@pytest.mark.parametrize("gpu", ["h100_sxm", "l40s"])
@pytest.mark.parametrize(
    "name", ["attention/one_pass_causal", "attention/three_pass", "linear/based:chunked"]
)
def test_a_cascade_is_cut_as_if_all_kernels_were_timed(name, gpu):
    cascade, gpu = CASCADES[name], load_gpu(gpu)
    found = fastest_cut(cascade, gpu)
    assert (found.seconds, found.kernels) == hardly_cut(cascade, gpu)


@settings(max_examples=40, deadline=None)
@given(cascades(), gpus())
def test_random_cascades_are_cut_as_if_all_kernels_were_timed(parts, gpu):
    text, ranks, inputs = parts
    lines = "\n".join(f"  {line}" for line in text.splitlines())
    head = f"about: A test.\nsource: by hand\nword: 2 B\nranks: {ranks}\ninputs: {inputs}\n"
    cascade = read_workload(parse_yaml(f"{head}cascade: |\n{lines}\n", "w.yaml"), "w")
    found = fastest_cut(cascade, gpu)
    assert (found.seconds, found.kernels) == hardly_cut(cascade, gpu)

"""Unfused attention: its steps, by hand."""

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import RecordError
from accelsim.base.record import read_record
from accelsim.base.yamlfile import parse_yaml
from accelsim.cost.gpu.call import works_of
from accelsim.cost.gpu.unfused import StreamWork, unfused_works
from accelsim.mapping.unfused_kernel import UnfusedStep, unfused_kernel, value, values_of
from accelsim.workload.calls import Sdpa

GPU = load_gpu("h100_sxm")


def call(**sizes):
    return Sdpa(**{"backend": "math", "b": 2, "h": 8, "g": 8, "p": 512, "m": 512, "e": 64, **sizes})


def names(**sizes):
    kernel = unfused_kernel("math")
    return [work.name for work in unfused_works(kernel, call(**sizes), GPU)]


def test_formulas_name_the_sizes_of_the_call():
    values = values_of(call(g=2))
    assert (values["G"], values["W"]) == (4, 2)
    assert values["scores"] == 2 * 8 * 512 * 512
    assert value("W * (query + 2 * key)", values) == 2 * 512 * 64 * (2 * 8 + 2 * 2 * 2)


def test_only_a_causal_call_builds_a_mask_and_only_groups_are_spread():
    assert "the mask added" in names(causal=True) and "the mask added" not in names()
    spread = "keys and values for every query head"
    assert spread in names(g=2) and spread not in names()


def test_words_that_are_fp32_already_are_not_converted():
    converted = {
        "queries, keys and values to fp32",
        "weights as their type",
        "results as their type",
    }
    assert converted <= set(names())
    assert set(names()) - set(names(dtype="fp32")) == converted


def test_a_long_stream_takes_its_bytes_over_the_bandwidth():
    work = StreamWork("stream", 10e9, 5e9, GPU, 2e-6)
    seconds = work.times(1.98e9, cold=True).seconds
    assert seconds > 15e9 / 3.35e12
    assert seconds == pytest.approx(15e9 / 3.0e12, rel=0.1)
    assert work.actions(cold=True)["HBM"] == pytest.approx(15e9)


@pytest.mark.parametrize(
    "text", ["{about: nothing}", "{about: two, read: 1, product: [1, 1, 1, 1]}"]
)
def test_a_step_is_of_one_kind(text):
    with pytest.raises(RecordError, match="a step is a stream"):
        read_record(parse_yaml(text), UnfusedStep)


def test_a_backend_with_a_fused_kernel_has_none():
    assert unfused_kernel("flash") is None


@pytest.mark.parametrize(
    "b, g, expected",
    [
        (2, 4, ["queries head by head", "results in the order of the queries"]),
        (1, 4, ["results where they are asked for"]),
        (2, 1, ["results where they are asked for"]),
        (2, 8, []),
    ],
)
def test_a_query_is_laid_out_anew_only_among_several_sequences_and_key_heads(b, g, expected):
    call = Sdpa(backend="flash", b=b, h=8, g=g, p=1, m=64, e=128, page=64)
    copies = [work for work in works_of(call, GPU) if isinstance(work, StreamWork)]
    assert [work.name for work in copies] == expected


def test_the_driver_copies_sooner_than_a_kernel_that_reorders():
    """1.07 us against 2 us to start and 0.35 us to end."""
    as_they_are, reordered = (
        [work for work in works_of(call, GPU) if isinstance(work, StreamWork)][-1]
        for call in (
            Sdpa(backend="flash", b=b, h=8, g=4, p=1, m=64, e=128, page=64) for b in (1, 2)
        )
    )
    assert as_they_are.empty_s == pytest.approx(1.07e-6)
    assert reordered.empty_s == pytest.approx(2.35e-6)

"""Subjects that are asked point after point, held against the models that they ask."""

import math

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import StudyError
from accelsim.cost.gpu.call import call_cost
from accelsim.study.decoding_subject import decoding_subject
from accelsim.study.pointwise import call_subject, gpu_subject
from accelsim.study.whatif import what_if_of
from accelsim.workload.calls import Copy, Gemm
from accelsim.workload.model_load import load_model

HBM = "memories.HBM.bandwidth"


def test_a_copy_of_a_gigabyte_follows_the_bandwidth_of_device_memory():
    found = what_if_of(call_subject("h100_sxm", "copy", {"bytes": 10**9}), [f"{HBM}=0.5x:2x:3"])
    slope = found.along[0].slopes["latency_s"]
    # All but launching and the rest of a wave is time on device memory.
    assert slope.left == pytest.approx(-1, abs=0.02)
    for row in found.table.rows():
        gpu = load_gpu("h100_sxm", {HBM: f"{row[HBM]} B/s"})
        assert row["latency_s"] == call_cost(Copy(bytes=10**9), gpu).seconds


def test_sizes_of_calls_vary_and_what_was_asked_is_remembered():
    asked = []
    subject = call_subject(
        "h100_sxm", "gemm", {"m": 16, "n": 4096, "k": 4096}, told=lambda: asked.append(1)
    )
    found = what_if_of(subject, ["m=16,4096"])
    gpu = load_gpu("h100_sxm")
    alone = [call_cost(Gemm(m=m, n=4096, k=4096), gpu).seconds for m in (16, 4096)]
    assert found.table["latency_s"].tolist() == alone
    assert found.table["bound"].tolist() == ["device memory", "power"]
    before = len(asked)
    what_if_of(subject, ["m=16,4096"])
    assert len(asked) == before
    # Between the two the bound changes, found by asking and halving.
    (place,) = found.along[0].boundaries
    bounds = [call_cost(Gemm(m=int(m), n=4096, k=4096), gpu).bound for m in (place - 1, place)]
    assert bounds[0] != bounds[1]


def test_a_workload_on_a_gpu_that_does_not_fit_is_a_row_with_its_error():
    subject = gpu_subject("kernels/copy", "h100_sxm")
    found = what_if_of(subject, ["ranks.N=1000000,1000000000000"])
    good, bad = found.table.rows()
    assert good["error"] == ""
    assert "device memory" in bad["error"]
    assert math.isnan(bad["latency_s"])


def decoding(**batch):
    sizes = {"sequences": 8, "context": 1024} | batch
    return decoding_subject(
        "llama3_8b", "eight_h100", lambda settings: load_model("llama3_8b", settings), batch=sizes
    )


def test_a_model_on_a_system_is_as_fast_as_its_memory_lets_it():
    found = what_if_of(decoding(), ["H100.memories.HBM.bandwidth=1x,2x"])
    now, twice = found.table.rows()
    assert now["tokens_per_s"] == pytest.approx(found.today["tokens_per_s"])
    # Each of four GPUs reads a quarter of 8.03e9 parameters, without the table of 128,256 tokens
    # of 4,096 features that are looked up; then at twice the rate.
    least_s = 2 * (8.03e9 - 128_256 * 4096) / 4 / 3350e9
    saved_s = now["latency_s"] - twice["latency_s"]
    assert least_s / 2 < saved_s < now["latency_s"] / 2
    # What would help is not said again of what is varied.
    assert "device memory bandwidth would" not in found.sentence


def test_energy_of_a_token_is_of_all_boards_and_falls_with_the_batch():
    found = what_if_of(decoding(), ["sequences=8,16"], ["energy=0.6x"])
    for row in found.table.rows():
        watts = row["energy_per_token_pj"] * 1e-12 * row["tokens_per_s"]
        # Eight boards that draw 131 W idle and 700 W at most.
        assert 8 * 131 < watts < 8 * 700
    one, two = found.table["energy_per_token_pj"]
    assert 0.5 * one < two < one
    assert found.solved[0].value is not None
    assert found.note == "energy does not count hosts, switches, fans and power supplies"


def test_devices_that_make_no_token_sooner_make_more_of_them():
    found = what_if_of(decoding(), ["devices.H100.count=8,16"])
    assert "most tokens a second at devices.H100.count = 16: 2.00x" in found.sentence
    assert "changes nothing" not in found.sentence


def test_a_part_without_energy_is_named_and_nothing_is_added_up():
    subject = decoding_subject(
        "llama3_8b",
        "h100_fusemax",
        lambda settings: load_model("llama3_8b", settings),
        batch={"sequences": 2, "context": 1024},
        of_system={
            "devices.FuseMax.set": "{memories.DRAM.capacity: 16 GB, memories.DRAM.read: 0 pJ/B, "
            "memories.DRAM.write: 0 pJ/B}"
        },
    )
    assert subject.measures == ("latency_s", "tokens_per_s")
    assert subject.note == "no energy: none is given for memories.DRAM of FuseMax"


def test_half_of_the_layers_take_half_as_long():
    layers = load_model("llama3_8b").layers
    found = what_if_of(decoding(), [f"layers={layers // 2},{layers}"])
    half, whole = found.table["latency_s"]
    assert half / whole == pytest.approx(0.5, abs=0.06)


def test_batches_without_room_are_rows_with_their_error():
    found = what_if_of(decoding(), ["context=1024,1000000"])
    assert "and room for" in found.table["error"][1]


def test_slips_name_what_may_be_meant():
    with pytest.raises(StudyError, match=r"Did you mean 'H100.memories.HBM.bandwidth'"):
        what_if_of(decoding(), ["H100.memories.HBM.bandwith=1x,2x"])
    with pytest.raises(StudyError, match="there is no target 'powr'"):
        what_if_of(decoding(), ["context=1024,2048"], ["powr=0.5x"])

"""Predicted layers and messages, by hand."""

import pytest

from accelsim.arch.load_system import load_system
from accelsim.base.errors import ArchError
from accelsim.validation.offload.cases import DecodeLayer
from accelsim.validation.offload.predicted import Predictor, attending_by, by_itself

MIB = 2**20
BYTES_PER_S, MESSAGE_S, LATENCY_S = 396.8e9, 2.56e-6, 3.335e-6


@pytest.fixture(scope="module")
def predictor():
    return Predictor(load_system("two_h200_serial"))


def layer(place, model="llama3_8b", b=1, m=1024):
    return DecodeLayer(model=model, b=b, m=m, place=place)


@pytest.mark.parametrize("size_bytes", [1024, MIB, 256 * MIB])
def test_a_copy_takes_a_message_and_its_bytes_and_one_that_is_waited_for_the_latency_too(
    predictor, size_bytes
):
    found = predictor.link("peer_copy", size_bytes)
    chained = MESSAGE_S + size_bytes / BYTES_PER_S
    assert found["chain_ms"] == pytest.approx(chained)
    assert found["half_round_trip_ms"] == pytest.approx(LATENCY_S + chained)


def test_nccl_sends_over_the_same_link(predictor):
    by_nccl, by_copy = (predictor.link(kernel, MIB) for kernel in ("nccl_send", "peer_copy"))
    assert by_nccl == {"half_round_trip_ms": by_copy["half_round_trip_ms"]}


def test_two_devices_that_reduce_each_read_what_the_other_has(predictor):
    # A ring of two moves as many bytes in twice as many steps.
    found = predictor.link("all_reduce", MIB)
    assert found == {"back_to_back_ms": pytest.approx(LATENCY_S + MESSAGE_S + MIB / BYTES_PER_S)}


@pytest.mark.parametrize(
    ("model", "b", "microseconds"),
    [
        # 3 messages, 2 latencies: 14.350 us. A token of 8B: 8192 + 4096 + 8192 B at 396.8 GB/s.
        ("llama3_8b", 1, 14.350 + 0.0516),
        # 256 tokens of 70B: 256 x (16384 + 4096 + 16384) B.
        ("llama3_70b", 256, 14.350 + 23.783),
    ],
)
def test_transfers_of_a_layer_are_three_messages_and_two_latencies(
    predictor, model, b, microseconds
):
    found = predictor.layer(layer("apart", model, b))
    assert found.transfers_s * 1e6 == pytest.approx(microseconds, abs=1e-3)


def test_apart_differs_from_one_by_its_transfers_alone(predictor):
    one, apart = (predictor.layer(layer(place, b=16, m=4096)) for place in ("one", "apart"))
    assert one.transfers_s == pytest.approx(0, abs=1e-15)
    assert apart.model_s == pytest.approx(one.model_s)
    assert apart.attention_s == pytest.approx(one.attention_s)
    assert apart.seconds - one.seconds == pytest.approx(apart.transfers_s)


def test_a_batch_reads_the_weights_once_and_every_cache():
    predictor = Predictor(load_system("two_h200_serial"))
    few, many = (predictor.layer(layer("one", b=b, m=16384)) for b in (4, 16))
    assert many.model_s < 1.1 * few.model_s
    assert 3 < many.attention_s / few.attention_s < 4


def test_by_itself_the_device_that_holds_the_model_attends():
    alone = by_itself(load_system("two_h200_serial"))
    assert [(each.name, each.role, each.count) for each in alone.devices] == [("model", "both", 1)]
    assert alone.offload is None and alone.links == ()


def test_the_case_says_whose_kernels_attend():
    system = attending_by(load_system("two_h200_serial"), "cudnn")
    assert {each.attention for each in system.devices} == {"cudnn"}


def test_a_system_without_attention_workers_compares_nothing():
    with pytest.raises(ArchError, match="no attention worker"):
        Predictor(load_system("vllm_2h100"))

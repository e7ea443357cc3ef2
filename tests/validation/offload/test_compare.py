"""Two gates, as for kernels: did a prediction change, and are layers within 15 %?

A change is looked at and recorded anew with

    accelsim validate offload --out DIR
    cp DIR/predicted.csv studies/offload_measured/predictions_two_h200.csv
"""

import csv
from pathlib import Path

import pytest

from accelsim.arch.load_system import load_system
from accelsim.base.catalogue import names
from accelsim.validation.offload.cases import OFFLOAD_KERNELS, DecodeLayer
from accelsim.validation.offload.compare import (
    ComparedLayer,
    by_part,
    by_place,
    by_way,
    compared_layers,
    compared_messages,
    extras,
    left_out,
    missed,
)
from accelsim.validation.offload.measured import read_offload
from accelsim.validation.offload.predicted import PredictedLayer, Predictor
from accelsim.workload.calls import read_cases

ROOT = Path(__file__).parents[3]
STUDY = ROOT / "studies/offload_measured"
LINKS = ROOT / "arch/system/calibration/two_h200_links.csv"
KIB, GIB = 2**10, 2**30


@pytest.fixture(scope="module")
def predictor():
    return Predictor(load_system("two_h200_serial"))


@pytest.fixture(scope="module")
def layers(predictor):
    return compared_layers(read_offload(STUDY / "two_h200.csv"), predictor)


@pytest.fixture(scope="module")
def messages(predictor):
    return compared_messages(read_offload(LINKS), predictor)


def test_no_prediction_has_changed(layers):
    with (STUDY / "predictions_two_h200.csv").open(newline="") as file:
        recorded = list(csv.DictReader(file))
    for layer, row in zip(layers, recorded, strict=True):
        assert layer.params == row["params"]
        now = (layer.predicted_ms, *(seconds * 1e3 for seconds in layer.predicted))
        columns = ("predicted_ms", "model_ms", "attention_ms", "transfers_ms")
        then = [float(row[name]) for name in columns]
        assert now == pytest.approx(then, rel=1e-4, abs=1e-9), row


def test_layers_are_within_15_percent_at_each_place(layers):
    mean = {each.family: each.mean for each in by_place(layers)}
    assert mean["one"] <= 0.15 and mean["apart"] <= 0.15
    assert missed(by_place(layers)) == []


def test_every_case_was_measured_and_judges(layers):
    cases = read_cases(STUDY / "cases.csv", OFFLOAD_KERNELS)
    wanted = {case.params for case in cases if case.kernel == "decode_layer"}
    assert {layer.params for layer in layers} == wanted and len(wanted) == 96
    assert left_out(read_offload(STUDY / "two_h200.csv")) == []


def test_what_calibrates_is_kept_apart_from_what_judges():
    judging = {row.kernel for row in read_offload(STUDY / "two_h200.csv")}
    calibrating = {row.kernel for row in read_offload(LINKS)}
    assert judging == {"decode_layer"}
    assert calibrating == {"peer_copy", "nccl_send", "all_reduce"}


def test_the_constants_of_the_link_are_those_of_two_copies():
    copies = {row.call.bytes: row.parts for row in read_offload(LINKS) if row.kernel == "peer_copy"}
    (link,) = load_system("two_h200_serial").links
    small, large = copies[KIB], copies[GIB]
    assert link.bytes_per_s == pytest.approx(GIB / large["chain_ms"] * 1e3, rel=1e-3)
    assert link.message_s == pytest.approx(small["chain_ms"] / 1e3, rel=1e-3)
    waited = (small["half_round_trip_ms"] - small["chain_ms"]) / 1e3
    assert link.latency_s == pytest.approx(waited, rel=1e-3)


def test_calibrating_copies_judge_nothing(messages):
    sizes = {each.bytes for each in messages if each.kernel == "peer_copy"}
    assert len(sizes) == 9 and not {KIB, GIB} & sizes
    assert {each.bytes for each in messages if each.kernel == "all_reduce"} >= {KIB, GIB}


def test_copies_of_other_sizes_are_foretold_by_those_two(messages):
    mean = {each.family: each.mean for each in by_way(messages)}
    assert mean["peer_copy, chain"] <= 0.05 and mean["peer_copy, half_round_trip"] <= 0.10


def test_what_calibrates_is_no_system():
    assert not [name for name in names("systems") if "calibration" in name or "links" in name]


# --- by hand --------------------------------------------------------------------------------------


def compared(place, ms, model_s=1e-3, transfers_s=0.0, **parts):
    call = DecodeLayer(model="llama3_8b", b=2, m=64, place=place)
    return ComparedLayer(call, "", ms, parts, PredictedLayer(model_s, 1e-3, transfers_s))


def test_an_error_is_of_the_whole_and_of_each_part():
    layer = compared("one", 2.5, before_ms=0.5, after_ms=0.75, attention_ms=0.8)
    assert layer.error == pytest.approx(2 / 2.5 - 1)
    assert layer.part_errors() == {
        "model": pytest.approx(1 / 1.25 - 1),
        "attention": pytest.approx(1 / 0.8 - 1),
    }


def test_extra_is_what_apart_takes_beyond_one():
    (found,) = extras([compared("apart", 2.3, transfers_s=1e-4), compared("one", 2.0)])
    assert (found.model, found.b, found.m, found.one_ms) == ("llama3_8b", 2, 64, 2.0)
    assert found.measured_ms == pytest.approx(0.3) and found.predicted_ms == pytest.approx(0.1)


def test_a_case_that_was_measured_at_one_place_has_no_extra():
    assert extras([compared("apart", 2.3)]) == []


def test_places_are_judged_by_their_mean():
    layers = [compared("one", 2.0), compared("apart", 1.6), compared("apart", 1.7)]
    assert [each.family for each in missed(by_place(layers))] == ["apart"]
    assert {each.family for each in by_part(layers)} == set()

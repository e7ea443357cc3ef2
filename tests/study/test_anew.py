"""Mappings found anew, held against what the mapper says of each point alone."""

from dataclasses import replace

import numpy as np
import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import MapperError, StudyError
from accelsim.mapper.find import find_mapping
from accelsim.mapper.gpu.find import find_kernels
from accelsim.mapper.question import Budget
from accelsim.study import anew_kernels, anew_mapping
from accelsim.study.anew import NOT_SEARCHED
from accelsim.study.pointwise import call_subject, gpu_subject
from accelsim.study.subject import ArraySubject
from accelsim.study.whatif import array_subject, as_plain, what_if_of
from accelsim.workload.load import load_workload

BUFFER = "memories.GlobalBuffer.capacity"
ONE_PASS = ("attention/one_pass", "fusemax_cloud")


def test_each_point_has_what_the_mapper_finds_there(monkeypatch):
    monkeypatch.setattr("accelsim.mapper.find.SHORT", Budget(candidates=500))
    cascade = load_workload(ONE_PASS[0], {"ranks.P": "512", "ranks.M": "512"})
    subject = array_subject(cascade, ONE_PASS[1], "fusemax_binding")
    found, design = what_if_of(subject, [f"{BUFFER}=64 KiB,1 MiB"], find="latency"), subject.design
    small, large = found.table.rows()
    # The mapping that is kept has no tile there, and another one fits.
    assert "A tile may not fit" in small["error"]
    assert small["anew_error"] == ""
    assert small["anew_latency_s"] >= large["anew_latency_s"]
    at = design.at({BUFFER: large[BUFFER]})
    best = find_mapping(at.cascade, at.arch, "latency")
    assert large["anew_latency_s"] == float(best.cost.latency_s)
    assert (large["strategy"], large["optimal"]) == (best.strategy, best.optimal)
    assert large["anew_latency_s"] < large["latency_s"]
    assert large["anew_speedup"] == found.today["latency_s"] / large["anew_latency_s"]
    gain = found.anew.today["latency_s"] / found.today["latency_s"]
    assert (
        f"; with the mapping found anew for latency: {gain:.3g}x the time today" in found.sentence
    )
    assert as_plain(found)["find"]["today"]["latency_s"] == found.anew.today["latency_s"]


def test_on_a_bound_machine_it_is_bytes_over_bandwidth(design):
    subject = ArraySubject(design(), "a toy")
    path = "memories.DRAM.bandwidth"
    found = what_if_of(subject, [f"{path}=1 B/cycle,2 B/cycle"], find="latency")
    assert found.table["anew_latency_s"].tolist() == pytest.approx([48e-9, 24e-9])


def test_what_is_better_and_in_no_space_is_kept(design, monkeypatch):
    subject = ArraySubject(design(), "a toy")
    slow = find_mapping(*(lambda d: (d.cascade, d.arch))(design(memories__DRAM__bandwidth="1 B/s")))
    monkeypatch.setattr(anew_mapping, "find_mapping", lambda *_: slow)
    (row,) = what_if_of(subject, ["clock=1x"], find="latency").table.rows()
    assert (row["anew_latency_s"], row["strategy"]) == (row["latency_s"], "kept")
    assert row["optimal"] is None


def test_an_interrupt_keeps_what_is_there(design, monkeypatch):
    asked = []

    def pressed(*question):
        asked.append(question)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return find_mapping(*question)

    monkeypatch.setattr(anew_mapping, "find_mapping", pressed)
    subject = ArraySubject(design(), "a toy")
    heard = []
    found = what_if_of(
        subject, ["clock=1 GHz,2 GHz,3 GHz"], [], "latency", lambda *told: heard.append(told)
    )
    assert found.anew.is_cut_short
    assert found.table["anew_error"].tolist() == ["", NOT_SEARCHED, NOT_SEARCHED]
    assert np.isfinite(found.table["latency_s"].astype(float)).all()
    assert heard == [(1, 4), (2, 4)]


def test_slips_are_told(design):
    subject = ArraySubject(design(), "a toy")
    with pytest.raises(MapperError, match="Did you mean 'latency'"):
        what_if_of(subject, ["clock=1x:2x"], find="latncy")
    with pytest.raises(StudyError, match="nothing to find anew. Leave it out"):
        what_if_of(call_subject("h100_sxm", "copy", {"bytes": 10**6}), ["bytes=1:2"], find="energy")


SIZES = {"ranks.H": "2", "ranks.P": "512", "ranks.M": "1024"}
"""Of attention on a GPU, whose kernels are searched in half a second."""


def test_kernels_of_a_gpu_are_what_its_search_finds_at_the_point():
    subject = gpu_subject(ONE_PASS[0], "h100_sxm", of_workload=SIZES)
    found = what_if_of(subject, ["ranks.M=2048"], find="energy")
    (row,) = found.table.rows()
    cascade = load_workload(ONE_PASS[0], {**SIZES, "ranks.M": "2048"})
    best = find_kernels(cascade, load_gpu("h100_sxm"), "energy")
    assert row["anew_energy_pj"] == float(best.answer.cost.energy_pj)
    assert row["anew_latency_s"] == float(best.answer.cost.latency_s)
    assert (row["optimal"], row["gap"]) == (best.answer.optimal, best.gap)
    assert "with the kernels found anew for energy" in found.sentence
    assert found.anew.today["energy_pj"] < row["anew_energy_pj"]


def test_a_gpu_has_no_area():
    subject = gpu_subject(ONE_PASS[0], "h100_sxm", of_workload=SIZES)
    with pytest.raises(MapperError, match="a GPU's area is not given"):
        what_if_of(subject, ["sms=1x"], find="area_delay")


def test_an_interrupt_in_a_search_for_kernels_keeps_what_is_there(monkeypatch):
    def cut_short(*question):
        found = find_kernels(*question)
        return replace(found, answer=replace(found.answer, is_cut_short=True))

    monkeypatch.setattr(anew_kernels, "find_kernels", cut_short)
    subject = gpu_subject(ONE_PASS[0], "h100_sxm", of_workload=SIZES)
    found = what_if_of(subject, ["sms=132"], find="latency")
    assert found.anew.is_cut_short
    assert found.table["anew_error"].tolist() == [NOT_SEARCHED]

"""A search with a limit of time: it rings once, and keeps what it has."""

from math import inf

import pytest

from accelsim.arch.load import load_arch
from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import MapperError
from accelsim.mapper import deadline as module
from accelsim.mapper.deadline import Deadline, OutOfTime
from accelsim.mapper.find import SHORT, STRATEGIES, find_mapping
from accelsim.mapper.front import find_front
from accelsim.mapper.gpu.find import find_kernels
from accelsim.mapper.question import quiet
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.workload.load import load_workload


@pytest.fixture
def clock(monkeypatch):
    """A second passes at every look at it."""
    now = iter(range(10**6))
    monkeypatch.setattr(module, "perf_counter", lambda: float(next(now)))


def test_it_rings_once(clock):
    told = []
    progress = Deadline(3).watching(lambda *said: told.append(said))
    progress("rules", 1.0, 1)
    progress("rules", 1.0, 2)
    with pytest.raises(OutOfTime):
        [progress("rules", 1.0, 3) for _ in range(3)]
    progress("rules", 1.0, 4)
    assert [candidates for *_, candidates in told][-2:] == [3, 4]


def test_who_goes_on_although_others_have_answered_is_interrupted_again(clock):
    deadline = Deadline(3)
    progress = deadline.watching(quiet)
    with pytest.raises(OutOfTime):
        [progress("exact", inf, 1) for _ in range(4)]
    [progress("exact", inf, 1) for _ in range(4)]
    deadline.is_strict = True
    with pytest.raises(OutOfTime):
        progress("exact", inf, 1)


def test_without_a_limit_it_never_does(clock):
    told = []
    progress = Deadline().watching(lambda *said: told.append(said))
    for candidates in range(100):
        progress("rules", 1.0, candidates)
    assert len(told) == 100


CASE = ("attention/three_pass", "flat_cloud")


def test_what_is_found_in_time_is_kept(clock):
    cascade, arch = load_workload(CASE[0]), load_arch(CASE[1])
    found = find_mapping(cascade, arch, "energy", within_s=12)
    assert not check(bind(found.mapping, cascade, arch))
    assert found.strategy == "annealing"
    assert found.candidates < SHORT.candidates / 10
    # Nobody pressed Ctrl-C.
    assert not found.is_cut_short


def test_nothing_in_time_is_told(clock, monkeypatch):
    def slow(question):
        """A strategy that has looked at something, and has found nothing legal yet."""
        while True:
            question.progress("fused", inf, 1)

    monkeypatch.setitem(STRATEGIES, "fused", slow)
    cascade, arch = load_workload(CASE[0]), load_arch(CASE[1])
    with pytest.raises(MapperError, match=r"was found within 20 s\. Give it more time"):
        find_mapping(cascade, arch, "energy", strategies=["fused"], within_s=20)


def test_a_while_of_chance_leaves_the_fused_search_its_turn():
    # Without a limit it proves the best fused step within a second.
    cascade, arch = load_workload("attention/one_pass"), load_arch("fusemax_cloud")
    assert find_mapping(cascade, arch, within_s=20).strategy == "fused"


def test_rules_answer_however_late_it_is(clock):
    cascade, arch = load_workload(CASE[0]), load_arch("fusemax_cloud")
    found = find_mapping(cascade, arch, within_s=0.5)
    assert found.strategy == "rules"
    assert not check(bind(found.mapping, cascade, arch))


def test_a_front_in_time_is_the_front_so_far(clock):
    cascade, arch = load_workload(CASE[0]), load_arch("fusemax_cloud")
    (only,) = find_front(cascade, arch, ["latency", "energy"], within_s=0.5)
    assert only.found.strategy == "rules"


def test_the_first_of_a_front_leaves_time_to_the_others(clock):
    cascade, arch = load_workload(CASE[0]), load_arch(CASE[1])
    told = []

    def progress(strategy, value, candidates):
        told.append(value)

    find_front(cascade, arch, ["latency", "energy"], within_s=60, progress=progress)
    # Seconds first, then products of seconds and pJ.
    assert min(told) < 1 < max(value for value in told if value < inf)


def test_kernels_in_time_are_the_best_so_far(clock):
    cascade, gpu = load_workload("attention/one_pass"), load_gpu("h100_sxm")
    some = find_kernels(cascade, gpu, progress=Deadline(3).watching(quiet))
    every = find_kernels(cascade, gpu)
    assert some.answer.candidates < every.answer.candidates
    assert not some.answer.optimal
    assert every.value <= some.value

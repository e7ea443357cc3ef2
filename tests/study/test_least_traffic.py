"""The bound by passes: on paper, against an exhaustive search, and below what mappings move."""

from collections import deque

import pytest

from accelsim.arch.load import load_arch
from accelsim.arch.spatial import with_values
from accelsim.cost.default import default_mapping
from accelsim.cost.evaluate import evaluate
from accelsim.study.buffer import on_chip_bytes
from accelsim.study.least_traffic import least_traffic_bytes, most_passes, revisited
from accelsim.workload.load import load_workload

MIB, GIB = 2**20, 2**30
TWO_PASSES = """
about: Every element less the largest.
source: by hand
word: 1 B
ranks: {M: 5}
inputs: {X: [M]}
cascade: |
  G[] max= X[m]
  Y[m] = X[m] - G[]
"""


def bert(name):
    return load_workload(name, {"ranks.P": "16384", "ranks.M": "16384"}, shape="bert")


def test_three_passes_on_paper():
    """64 batches of 12 heads; keys of a head are 16384 * 64 * 2 B = 2 MiB, queries, keys, values
    and results 1.5 GiB each. With 1 MiB on the chip, 1 MiB of each head's keys comes twice more."""
    cascade = bert("attention/three_pass")
    (found,) = revisited(cascade)
    assert (found.root, found.rank, found.passes, found.fibres) == ("K", "M", 3, 64 * 12)
    assert found.live_bytes == 2 * MIB
    assert least_traffic_bytes(cascade, 1 * MIB) == 6 * GIB + 2 * 768 * MIB
    assert least_traffic_bytes(cascade, 2 * MIB) == 6 * GIB


def test_few_queries_keep_their_scores_instead_of_the_keys():
    """Of 8 queries 4 make a whole later pass by themselves: 4 scores a key, fewer than 64 words."""
    cascade = load_workload("attention/three_pass", {"ranks.P": "8", "ranks.H": "1"})
    assert revisited(cascade)[0].live_bytes == 4096 * 4 * 2


@pytest.mark.parametrize(
    ("name", "passes"),
    [("three_pass", 3), ("deferred_division", 2), ("two_pass", 2), ("one_pass", 1)],
)
def test_passes_are_those_of_the_literature(name, passes):
    assert most_passes(bert(f"attention/{name}")) == passes


def test_one_pass_moves_no_more_than_its_ends_whatever_the_chip():
    cascade = bert("attention/one_pass")
    assert least_traffic_bytes(cascade, 0) == least_traffic_bytes(cascade, 1e12) == 6 * GIB


def test_masks_are_left_out_and_the_bound_stays_that_of_the_ends():
    assert revisited(load_workload("attention/three_pass_causal")) == []


@pytest.mark.parametrize("room", range(1, 7))
def test_no_order_of_loads_moves_less_and_the_best_moves_just_that(room, tmp_path):
    file = tmp_path / "two_passes.yaml"
    file.write_text(TWO_PASSES, encoding="utf-8")
    bound = least_traffic_bytes(load_workload(str(file)), room)
    # 5 results are written; the largest so far is held for nothing.
    assert bound == fewest_loads(5, room) + 5


def fewest_loads(elements, room):
    """By breadth first search over what is held, seen in the first pass and written in the second.

    An element that is held is used at once where it can be: that never costs a load.
    """
    every = frozenset(range(elements))
    start = (frozenset(), frozenset(), frozenset())
    queue, known = deque([(start, 0)]), {start}
    while queue:
        (held, seen, written), loads = queue.popleft()
        if written == every:
            return loads
        for element in every - held:
            for leaves in [None, *held]:
                kept = (held - {leaves}) | {element}
                if len(kept) > room:
                    continue
                now_seen = seen | {element}
                now_written = written | kept if now_seen == every else written
                state = (kept, now_seen, now_written)
                if state not in known:
                    known.add(state)
                    queue.append((state, loads + 1))
    raise AssertionError("something is never written")


@pytest.mark.parametrize("capacity", [2**17, 2**19, 2**21, 2**23])
@pytest.mark.parametrize("name", ["three_pass", "two_pass", "one_pass"])
def test_no_default_mapping_moves_less(name, capacity):
    cascade = load_workload(f"attention/{name}", {"ranks.P": "2048", "ranks.M": "8192"})
    arch = with_values(load_arch("flat_cloud"), {"memories.GlobalBuffer.capacity": capacity})
    mapping = default_mapping(cascade, arch, "flat_cloud").mapping
    moved = evaluate(cascade, arch, mapping).traffic_bytes["DRAM"]
    assert moved >= least_traffic_bytes(cascade, on_chip_bytes(arch))

"""What a memory has no room for goes to the memory above."""

from accelsim.cost.flows import Flow
from accelsim.cost.spill import spilled_flows
from accelsim.mapping.binding import BoundMapping, BoundSpill
from accelsim.mapping.loops import Loop, LoopNest, Storage


def bound(*memories: str) -> BoundMapping:
    """One Einsum Z that reads X through these memories; the last one spills a quarter of it."""
    storages = tuple(
        Storage(memory, frozenset("X"), depth) for depth, memory in enumerate(memories)
    )
    nest = LoopNest("Z", "Array", (Loop("M", 4),) * 3, storages)
    spill = BoundSpill(memories[-1], memories[-2], frozenset("X"), 0.25)
    return BoundMapping(
        cascade=None, arch=None, sizes={}, tiles={}, nests={"Z": nest}, steps=(), share=(),
        spills=(spill,),
    )  # fmt: skip


def test_a_quarter_of_the_reads_goes_past_a_buffer_that_spills_a_quarter() -> None:
    flows = [
        Flow("Z", "DRAM", "read", "X", 100),
        Flow("Z", "Buffer", "write", "X", 100, inner=False),
        Flow("Z", "Buffer", "read", "X", 400),
    ]
    assert spilled_flows(flows, bound("DRAM", "Buffer")) == [
        Flow("Z", "DRAM", "read", "X", 75),
        Flow("Z", "Buffer", "write", "X", 75, inner=False),
        Flow("Z", "Buffer", "read", "X", 300),
        Flow("Z", "DRAM", "read", "X", 100),
    ]


def test_what_the_memory_above_is_itself_filled_with_stays() -> None:
    flows = [
        Flow("Z", "DRAM", "read", "X", 100),
        Flow("Z", "L2", "write", "X", 100, inner=False),
        Flow("Z", "L2", "read", "X", 200),
    ]
    assert spilled_flows(flows, bound("DRAM", "L2", "L1")) == [
        *flows[:2],
        Flow("Z", "L2", "read", "X", 150),
    ]


def test_other_tensors_are_left_alone() -> None:
    flow = Flow("Z", "Buffer", "read", "Y", 8)
    assert spilled_flows([flow], bound("DRAM", "Buffer")) == [flow]

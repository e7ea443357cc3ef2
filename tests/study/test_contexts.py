import pytest

from accelsim.study.contexts import COLUMNS, Point, context_row, contexts_table, points
from accelsim.workload.variants import Variant, named, variants


def variant(name: str) -> Variant:
    (found,) = named([name], variants())
    return found


GROUPED = variant("heads/grouped:decode")


def test_points_are_all_combinations_with_the_context_fastest():
    found = points([GROUPED], ["h100_sxm", "fusemax_cloud"], [1024, 4096])
    assert [(each.machine, each.context) for each in found] == [
        ("h100_sxm", 1024),
        ("h100_sxm", 4096),
        ("fusemax_cloud", 1024),
        ("fusemax_cloud", 4096),
    ]


@pytest.mark.parametrize("machine", ["h100_sxm", "fusemax_cloud"])
def test_a_longer_context_takes_longer_on_both_kinds_of_machine(machine):
    short, long = (context_row(Point(GROUPED, machine, n)) for n in (4096, 65536))
    assert short["reason"] == long["reason"] == ""
    assert short["latency_s"] < long["latency_s"] < 16 * short["latency_s"]
    assert long["kept_bytes"] == 16 * short["kept_bytes"]
    own = {"h100_sxm": "cudnn"}.get(machine, "automatic")
    assert (short["tokens"], short["mapping"]) == (1, own)


def test_a_machine_that_lacks_an_operation_is_a_reason():
    row = context_row(Point(GROUPED, "eyeriss", 1024))
    assert row["latency_s"] is None
    assert "SN: Array2D cannot do 'exp', 'sub'" in row["reason"]
    assert row["kept_bytes"] > 0
    assert tuple(contexts_table([row]).columns) == COLUMNS


def test_too_little_device_memory_is_a_reason():
    row = context_row(Point(GROUPED, "h100_sxm", 2**26))
    assert row["latency_s"] is None
    assert "of device memory" in row["reason"]

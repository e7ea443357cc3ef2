"""Small tables with numbers to check by hand, one for each figure."""

import pandas as pd
import pytest

SOURCE = "A made-up datasheet; a made-up paper"


@pytest.fixture
def energy():
    """Of `small` 3 J in DRAM and 1 J in the array, of `large` twice as much in DRAM."""
    rows = [
        ("small", "QK", "DRAM", 2e12),
        ("small", "AV", "DRAM", 1e12),
        ("small", "QK", "Array", 1e12),
        ("large", "QK", "DRAM", 5e12),
        ("large", "AV", "DRAM", 1e12),
        ("large", "AV", "Array", 1e12),
    ]
    frame = pd.DataFrame(rows, columns=["machine", "einsum", "part", "energy_pj"])
    return frame.assign(workload="attention", source=SOURCE)


@pytest.fixture
def latency():
    """10 ms; the array needs 9 of them, two phases follow one another."""
    rows = [
        ("resource", "compute", "compute", 0.0, 9e-3), ("resource", "DRAM", "DRAM", 0.0, 4e-3),
        ("phase", "QK", "Array", 0.0, 6e-3), ("phase", "AV", "Array", 6e-3, 3e-3),
        ("einsum", "QK", "Array", 0.0, 6e-3), ("einsum", "AV", "Array", 0.0, 3e-3),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["by", "name", "on", "start_s", "time_s"])
    return frame.assign(latency_s=10e-3, workload="attention", source=SOURCE)


@pytest.fixture
def buffer():
    """Of three passes the bound falls to that of one where 4 MiB hold a fibre."""
    sizes = [2**20, 2**21, 2**22, 2**23]
    of_one = {"workload": "one", "passes": 1, "least_bytes": [2**30] * 4}
    of_three = {
        "workload": "three",
        "passes": 3,
        "least_bytes": [1.5 * 2**30, 1.25 * 2**30] + [2**30] * 2,
    }
    both = [
        pd.DataFrame({**of_one, "traffic_bytes": [2**33, 2**32, 2**30, 2**30]}),
        pd.DataFrame({**of_three, "traffic_bytes": [None, 2**34, 2**33, 2**30]}),
    ]
    frame = pd.concat([each.assign(capacity_bytes=sizes) for each in both], ignore_index=True)
    return frame.assign(memory="DRAM", buffer="Buffer", source=SOURCE)


@pytest.fixture
def trace():
    """Two tiles of 100 cycles each on an array, loaded before and waited for once."""
    rows = [
        ("DRAM", "load", 0, 40, 0), ("DRAM", "load", 40, 80, 1), ("Array", "wait", 0, 40, 0),
        ("Array", "work", 40, 140, 0), ("Array", "work", 140, 240, 1),
    ]  # fmt: skip
    names = ["actor", "activity", "start_cycles", "end_cycles", "tile"]
    return pd.DataFrame(rows, columns=names).assign(step="all", phase=1, einsum="QK")


@pytest.fixture
def served():
    """Two iterations of a system whose attention is on another device, from 10 s on."""
    rows = [
        ("rdma", "send", 10.0, 10.06, 64), ("rdma", "send", 10.04, 10.1, 64),
        ("H100.0", "model", 10.0, 10.1, 64), ("H20.0", "attention", 10.1, 10.3, 128),
        ("H100.0", "model", 10.2, 10.4, 128), ("H20.0", "attention", 10.39, 10.391, 32),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["actor", "activity", "start_s", "end_s", "batch"])


@pytest.fixture
def elasticities():
    rows = [
        ("clock", 1e9, "Hz", "latency_s", -1.0, -1.0),
        ("memories.DRAM.bandwidth", 4e11, "B/s", "latency_s", -0.5, 0.0),
        ("ranks.P", 4096, "", "latency_s", 1.0, None),
        ("ranks.E", 64, "", "latency_s", 0.0, 0.0),
        ("memories.DRAM.read", 31.2, "pJ/B", "energy_pj", 0.25, 0.25),
    ]
    return pd.DataFrame(rows, columns=["parameter", "value", "unit", "measure", "left", "right"])


@pytest.fixture
def roofline():
    """1 TB/s under 100 TFLOP/s, and L2 of 10 TB/s: the ridges are at 100 and 10 FLOP a byte."""
    head = [
        "row",
        "name",
        "level",
        "flop_rate",
        "measured_flop_rate",
        "bandwidth_bytes_per_s",
        "intensity",
    ]
    rows = [
        ("pipe", "tensor", None, 1e14, None, None, None),
        ("pipe", "FP32", None, 1e13, None, None, None),
        ("memory", "HBM", "HBM", None, None, 1e12, None),
        ("memory", "L2", "L2", None, None, 1e13, None),
        ("work", "gemm", "HBM", 8e13, 7e13, None, 200.0),
        ("work", "gemm", "L2", 8e13, 7e13, None, 20.0),
        ("work", "softmax", "HBM", 1.2e12, 9e11, None, 1.5),
    ]
    frame = pd.DataFrame(rows, columns=head)
    numbers = head[3:]
    frame[numbers] = frame[numbers].astype(float)
    return frame.assign(machine="made_up", source=SOURCE)


@pytest.fixture
def designs():
    """Of `a` the first two are on the front, of `b` the last."""
    rows = [("a", 1e6, 4.0), ("a", 2e6, 2.0), ("a", 4e6, 3.0), ("b", 1e6, 6.0), ("b", 1e6, 5.0)]
    return pd.DataFrame(rows, columns=["config", "area_um2", "latency_s"])


@pytest.fixture
def contexts():
    rows = [
        (name, context, context * 1e-6 / slow, context * 1e3, 1024 * context / slow)
        for name, slow in (("full", 1), ("sparse", 8))
        for context in (1024, 4096, 16384)
    ]
    columns = ["variant", "context", "latency_s", "energy_pj", "kept_bytes"]
    return pd.DataFrame(rows, columns=columns).assign(machine="made_up", phase="decode")

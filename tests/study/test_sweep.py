"""Sweeps: the rows of a study, on disk, whatever happens on the way."""

from collections.abc import Callable

import pytest

from accelsim import sweep
from accelsim.arch.load import load_arch
from accelsim.base.errors import StudyError
from accelsim.cost.evaluate import evaluate
from accelsim.mapping.load import load_mapping
from accelsim.mapping.mapping import Mapping
from accelsim.study import batches
from accelsim.study.load import load_study
from accelsim.study.run import run_tables
from accelsim.study.study import Study
from accelsim.workload.load import load_workload

Load = Callable[..., Study]


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "CHUNK", 16)


def test_a_sweep_has_the_rows_of_the_study() -> None:
    study = load_study("buffer_size")
    table = run_tables(study)["results"].frame()
    swept = sweep(study).sort_values("config", ascending=False, kind="stable")
    for name in ("config", "seq_len", "arch.memories.GlobalBuffer.capacity"):
        assert swept[name].tolist() == table[name].tolist()
    for name in ("latency_s", "traffic_bytes", "energy_pj", "bound", "fits"):
        assert swept[name].tolist() == table[name].tolist()
    assert swept["error"].isna().all()


def test_a_point_of_a_large_sweep_costs_what_it_costs_alone(small_chunks: None) -> None:
    """To the last bit: bandwidth x buffer x array x length, ragged tiles and all."""
    sizes = (
        "[arch.compute.Array2D.rows, arch.compute.Array2D.columns, arch.compute.Array1D.columns]"
    )
    found = sweep(
        {
            "question": "Which?",
            "workload": "attention/one_pass",
            "arch": "fusemax_cloud",
            "mapping": "fusemax_binding",
            "vary": {
                "rate_bytes_per_s": {
                    "set": "arch.memories.DRAM.bandwidth",
                    **{"from": "25 GB/s", "to": "800 GB/s", "log": True},
                },
                "buffer_bytes": {
                    "set": "arch.memories.GlobalBuffer.capacity",
                    **{"from": "4 MiB", "to": "64 MiB"},
                },
                "pes": {
                    "set": sizes.strip("[]").split(", "),
                    **{"from": 32, "to": 512, "multiple_of": 8},
                },
                "length": {"set": "workload.ranks.P, workload.ranks.M", "from": 1000, "to": 99999},
            },
            "sample": {"method": "sobol", "number": 16},
        }
    )
    mapping = load_mapping("fusemax_binding")
    assert isinstance(mapping, Mapping)
    for row in found.to_dict("records"):
        pes, length = str(row["pes"]), str(row["length"])
        settings = dict.fromkeys(sizes.strip("[]").replace("arch.", "").split(", "), pes)
        settings["memories.DRAM.bandwidth"] = f"{row['rate_bytes_per_s']!r} B/s"
        settings["memories.GlobalBuffer.capacity"] = f"{row['buffer_bytes']} B"
        cascade = load_workload("attention/one_pass", {"ranks.P": length, "ranks.M": length})
        cost = evaluate(cascade, load_arch("fusemax_cloud", settings), mapping)
        assert row["latency_s"] == cost.latency_s
        assert row["energy_pj"] == cost.energy_pj
        assert row["area_um2"] == cost.area_um2
        assert row["traffic_bytes.DRAM"] == cost.traffic_bytes["DRAM"]
        assert (row["bound"], row["fits"]) == (cost.bound, cost.fits)


def test_precision_is_an_axis(load: Load) -> None:
    """Half the bytes: 24 B through 4 B/cycle are 6 cycles, 240 pJ less; half the pJ a product."""
    found = sweep(
        load(
            """\
vary:
  word: {set: workload.word, to: [1 B, 2 B]}
  energy: {set: arch.compute.Array.operations.mul.energy, to: [2.5 pJ, 5 pJ]}
  rate: {set: arch.compute.Array.operations.mul.cycles, to: [0.5, 1]}
  a: {set: workload.words.A, to: [1 B, 2 B]}
zip: [[word, energy, rate, a]]
""",
            {"workload": "words.yaml"},
        )
    )
    assert found["cycles"].tolist() == [6, 12]
    assert found["traffic_bytes.DRAM"].tolist() == [24, 48]
    half, whole = found["energy_pj"].tolist()
    assert half == pytest.approx(whole / 2)


def test_rows_have_what_is_to_be_kept() -> None:
    kept = ["latency_s", "traffic_bytes.DRAM", "bound"]
    study = {
        "question": "What stays?",
        "workload": "attention/one_pass",
        "arch": "fusemax_cloud",
        "vary": {"arch.clock": ["1 GHz", "2 GHz"]},
    }
    rows, every = sweep({**study, "keep": kept}), sweep(study)
    assert list(rows.columns) == ["point", "arch.clock", *kept, "error"]
    for name in kept:
        assert rows[name].tolist() == every[name].tolist()
    with pytest.raises(StudyError, match="Did you mean 'latency_s'"):
        sweep({**study, "keep": ["latency"]})

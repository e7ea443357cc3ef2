"""Mappings that are found at each point of a study."""

import os
import signal
from pathlib import Path

import pytest
from pandas import isna

from accelsim import sweep
from accelsim.arch.load import load_arch
from accelsim.base.errors import AccelsimError
from accelsim.mapper import find as mapper
from accelsim.mapper.find import find_mapping
from accelsim.study import search
from accelsim.study.run import run_tables
from accelsim.study.study import tables_of
from accelsim.study.sweep import as_study, chunks_of, rows_in, swept
from accelsim.workload.load import load_workload

LENGTHS = [1024, 4096, 65536]
BUFFERS = ["1 MiB", "16 MiB"]
SMALL = {"B": 1, "H": 1, "P": 64, "M": 64}
"""Ranks at which the quick strategies meet the bound, so that the slow ones need not run."""

STUDY = {
    "question": "Which mapping is best at which length and buffer?",
    "workload": "attention/one_pass",
    "arch": "fusemax_cloud",
    "find": "latency",
    "vary": {
        "length": {"set": ["workload.ranks.P", "workload.ranks.M"], "to": LENGTHS},
        "arch.memories.GlobalBuffer.capacity": BUFFERS,
    },
}
RULES = {**STUDY, "find": {"minimise": "energy", "strategies": "rules"}}
AT_SMALL = {**STUDY, "set": {f"workload.ranks.{rank}": size for rank, size in SMALL.items()}}


def test_a_sweep_has_what_is_found_by_hand() -> None:
    """3 lengths x 2 buffers on FuseMax's machine."""
    strategies = ("rules", "fused")
    search = {"minimise": "latency", "strategies": list(strategies)}
    rows = sweep({**STUDY, "find": search}).to_dict("records")
    assert len(rows) == len(LENGTHS) * len(BUFFERS)
    for row in rows:
        lengths = {"ranks.P": str(row["length"]), "ranks.M": str(row["length"])}
        buffer = {"memories.GlobalBuffer.capacity": row["arch.memories.GlobalBuffer.capacity"]}
        cascade = load_workload("attention/one_pass", lengths)
        arch = load_arch("fusemax_cloud", buffer)
        found = find_mapping(cascade, arch, "latency", strategies=strategies)
        assert row["latency_s"] == found.cost.latency_s
        assert row["energy_pj"] == found.cost.energy_pj
        assert row["traffic_bytes.DRAM"] == found.cost.traffic_bytes["DRAM"]
        assert (row["optimal"], row["gap"]) == (found.optimal, found.gap)
        assert (row["strategy"], isna(row["error"])) == (found.strategy, True)


def test_unless_strategies_are_named_it_asks_as_map_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []

    def noted(*args: object, **options: object) -> object:
        asked.append(options["strategies"])
        return find_mapping(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(search, "find_mapping", noted)
    (row,) = sweep({**AT_SMALL, "vary": {}}).to_dict("records")
    assert asked == [None]
    cascade = load_workload("attention/one_pass", {f"ranks.{r}": str(n) for r, n in SMALL.items()})
    found = find_mapping(cascade, load_arch("fusemax_cloud"))
    assert (row["latency_s"], row["strategy"]) == (found.cost.latency_s, found.strategy)


def test_a_study_has_the_rows_of_the_sweep() -> None:
    told: list[tuple[int, int]] = []
    table = run_tables(as_study(RULES), progress=lambda *done: told.append(done))["results"]
    found = sweep(RULES)
    for name in ("latency_s", "energy_pj", "optimal", "gap", "strategy"):
        assert table[name].tolist() == found[name].tolist()
    assert set(found["strategy"]) == {"rules"}
    assert told[-1] == (6, 6)


def test_a_point_without_a_mapping_is_a_row_with_its_error() -> None:
    files = ["arch.memories.RegisterFile2D.capacity", "arch.memories.RegisterFile1D.capacity"]
    sizes = {"size_bytes": {"set": files, "to": ["1 B", "64 B"]}}
    search = {"minimise": "latency", "strategies": "fused"}
    tiny = {f"workload.ranks.{rank}": 4 for rank in "BHPMEF"}
    rows = sweep({**STUDY, "set": tiny, "find": search, "vary": sizes}).to_dict("records")
    assert "no mapping of attention/one_pass was found" in rows[0]["error"]
    assert isna(rows[0]["strategy"])
    assert (rows[1]["strategy"], isna(rows[1]["error"])) == ("fused", True)


def test_runs_with_a_mapping_of_their_own_stand_beside_those_searched() -> None:
    part = {"workload": "attention/one_pass", "arch": "fusemax_cloud"}
    runs = [
        {"columns": {"by": "FuseMax"}, "parts": [{**part, "mapping": "fusemax_binding"}]},
        {"columns": {"by": "search"}, "parts": [{**part, "find": "latency"}]},
    ]
    measures = {"latency_s": "latency_s"}
    table = {"name": "results", "runs": runs, "measures": measures}
    study = {"question": "Who?", "set": AT_SMALL["set"], "tables": [table]}
    given, found = sweep(study).to_dict("records")
    assert isna(given["strategy"]) and isna(given["gap"]) and isna(given["optimal"])
    assert (found["strategy"], found["optimal"]) == ("fused", True)
    assert found["latency_s"] <= given["latency_s"]


def test_it_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep({**RULES, "vary": {"workload.ranks.P": [1024]}}, out=tmp_path)
    asked: list[object] = []

    def counted(*args: object, **options: object) -> object:
        asked.append(args)
        return find_mapping(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(search, "find_mapping", counted)
    found = sweep({**RULES, "vary": {"workload.ranks.P": [1024, 2048]}}, out=tmp_path)
    assert (len(found), len(asked)) == (2, 1)


def test_an_interrupted_search_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`find_mapping` gives the best so far; the sweep ends, and has no row of it."""

    def interrupted(question: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setitem(mapper.STRATEGIES, "fused", interrupted)
    study = as_study({**STUDY, "vary": {}})
    chunks = chunks_of(study, tables_of(study)[0])
    with rows_in(tmp_path, chunks) as rows, pytest.raises(KeyboardInterrupt):
        swept(chunks, rows)
    assert not list(tmp_path.rglob("*.parquet"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"find": "latencies"}, "there is no objective 'latencies'"),
        ({"find": {"minimise": "latency", "strategies": "fusd"}}, "Did you mean 'fused'?"),
        ({"mapping": "fusemax_binding"}, "give either a 'mapping' or what to 'find'"),
        ({"arch": "h100_sxm"}, "h100_sxm is a GPU, whose kernels no study searches"),
    ],
)
def test_slips_are_told_before_anything_is_searched(
    changes: dict[str, object], message: str
) -> None:
    study = {**STUDY, "vary": {}, **changes}
    with pytest.raises(AccelsimError, match=message.replace("?", r"\?")):
        sweep(study)

"""The study of attention accelerators: what lies beside it is what comes out."""

from pathlib import Path

import pytest

import accelsim
from accelsim.base import catalogue
from accelsim.study.budgets import Budget, least_within
from accelsim.study.load import load_study
from accelsim.study.sweep import chunks_of, tables_to_sweep
from accelsim.study.table import as_table, read_table

STUDY = catalogue.find("attention_accelerator", "studies")
BEST = read_table(STUDY.parent / "best.csv").rows()
AXES = ("rows", "columns", "sharing", "turns")


@pytest.mark.parametrize("row", BEST[::29], ids=lambda row: f"{row['within_area_um2']:.3g}")
def test_a_row_of_the_table_is_what_its_point_costs(row: dict[str, object]) -> None:
    settings = {name: str(row[name]) for name in AXES}
    settings["bandwidth_bytes_per_s"] = f"{row['bandwidth_bytes_per_s']} B/s"
    settings["buffer_bytes"] = f"{row['buffer_bytes']} B"
    (found,) = accelsim.sweep(STUDY, table="designs", settings=settings).to_dict("records")
    for name in ("latency_s", "energy_pj", "area_um2", "traffic_bytes", "busy_2d"):
        assert found[name] == pytest.approx(row[name], rel=1e-9)
    assert (found["bound"], found["fits"]) == (row["bound"], True)
    assert float(found["area_um2"]) <= float(str(row["within_area_um2"]))


def test_no_array_is_faster_within_its_area_than_the_best_of_the_table() -> None:
    """All arrays at one bandwidth and the buffer of the best."""
    (best,) = [
        row
        for row in BEST
        if (row["within_area_um2"], row["bandwidth_bytes_per_s"]) == (800e6, 40e9)
    ]
    settings = {"bandwidth_bytes_per_s": "40 GB/s", "buffer_bytes": f"{best['buffer_bytes']} B"}
    rows = as_table(accelsim.sweep(STUDY, table="designs", settings=settings))
    assert len(rows) == 12 * 12 * 3 * 3
    rows = rows.at(rows["fits"].astype(bool))
    order = ("latency_s", "area_um2", "energy_pj")
    (found,) = least_within(rows, order, Budget("area_um2", (800e6,))).rows()
    assert [found[name] for name in AXES] == [best[name] for name in AXES]


@pytest.mark.parametrize("name", ["study.yaml", "around.yaml"])
def test_nothing_is_wrong_with_any_of_its_tables(name: str) -> None:
    study = load_study(Path(STUDY.parent / name))
    taken = [chunks_of(study, table).table.name for table in tables_to_sweep(study)]
    assert taken == [table.name for table in study.tables]

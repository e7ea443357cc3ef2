"""The tables of `accelsim evaluate --out`: energy.csv and latency.csv, which `plot` draws."""

from pathlib import Path

from accelsim.base.files import output_folder
from accelsim.cost.result import Cost
from accelsim.mapping.binding import BoundMapping
from accelsim.study.cost_rows import energy_table_of, latency_table_of
from accelsim.study.table import write_csv


def write_cost_tables(
    cost: Cost, told: dict[str, str], folder: Path, bound: BoundMapping | None = None
) -> list[Path]:
    """`told` are the workload, machine and mapping, and their sources."""
    there = output_folder(folder)
    tables = {"energy": energy_table_of(cost, told), "latency": latency_table_of(cost, told, bound)}
    return [write_csv(table, there / f"{name}.csv") for name, table in tables.items()]

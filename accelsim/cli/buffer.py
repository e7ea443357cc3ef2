"""`accelsim buffer`: how much must move as a buffer shrinks, and what cannot be avoided."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from accelsim.base.errors import InputError
from accelsim.base.units import format_bytes, quantity
from accelsim.cli.inputs import load_arch_and_cascade
from accelsim.cli.options import Json, MachineName, Settings, Shape, WorkloadName
from accelsim.cli.output import print_json, print_table
from accelsim.cli.progress import progress
from accelsim.mapper.stated.space import load_space
from accelsim.mapping.load import load_mapping
from accelsim.study.buffer import buffer_rows, doublings
from accelsim.study.results import refuse_unless_table, write_result
from accelsim.study.table import Table, array_of


def command(
    workload: WorkloadName,
    machine: MachineName,
    *,
    capacity: Annotated[
        str, typer.Option(metavar="LOW..HIGH", help="From where to where, by doublings.")
    ],
    buffer: Annotated[str, typer.Option(metavar="MEMORY", help="Which one.")] = "GlobalBuffer",
    space: Annotated[
        str | None,
        typer.Option(
            metavar="SPACE",
            help="Only mappings of this space: a shipped one or a file; else the usual searches.",
        ),
    ] = None,
    mapping: Annotated[
        str | None, typer.Option(metavar="MAPPING", help="Only this one, whatever the size.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the table as .csv or .parquet.")
    ] = None,
    shape: Shape = None,
    settings: Settings,
    json: Json = False,
) -> None:
    """The least traffic that a mapping has at each size, beside what no mapping can do without:
    inputs and outputs once, and the larger of what the chip has no room for in each pass after the
    first, and what matrix products of the inputs move in any order (Hong and Kung's bound).

    Example: accelsim buffer attention/one_pass fusemax_cloud --shape bert --space one_pass_tiles
    --capacity '128 KiB..32 MiB' --out out/buffer/one_pass.csv; accelsim plot buffer out/buffer
    """
    if out is not None:
        refuse_unless_table(out)
    cascade, arch = load_arch_and_cascade(workload, machine, settings, shape)
    sizes = _sizes(capacity)
    if space and mapping:
        raise InputError("give either --space or --mapping")
    within = load_space(space) if space else load_mapping(mapping) if mapping else None
    told = {
        "workload": cascade.name,
        "machine": machine,
        "mapping": space or mapping or "the best found",
    }
    rows = []
    with progress("searching", len(sizes)) as advance:
        for row in buffer_rows(cascade, arch, buffer, sizes, within):
            rows.append({**told, **row, "source": f"{cascade.source}; {arch.source}"})
            advance(format_bytes(row["capacity_bytes"]))
    if out is not None:
        write_result(Table({name: array_of(row[name] for row in rows) for name in rows[0]}), out)
    if json:
        print_json(rows)
        return
    _print(rows)
    if out is not None:
        print(f"{len(rows)} rows in {out}")


def _sizes(text: str) -> list[int]:
    low, dots, high = text.partition("..")
    if not dots:
        raise InputError(f"--capacity {text!r} is no range", remedy="Write '1 MiB..64 MiB'")
    return doublings(quantity(low, "B"), quantity(high, "B"))


def _print(rows: Sequence[Mapping[str, Any]]) -> None:
    first = rows[0]
    passes = f"{first['passes']} pass" + "es" * (first["passes"] != 1)
    print(f"{first['workload']} on {first['machine']}: {passes}\n")
    heads = (first["buffer"], f"{first['memory']} traffic", "least", "ratio", "")
    print_table(heads, [_cells(row) for row in rows])
    print("\nleast: no mapping moves less, by passes and products; * best of its space")


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    size, least, traffic = row["capacity_bytes"], row["least_bytes"], row["traffic_bytes"]
    if traffic is None:
        return format_bytes(size), "none", format_bytes(least), "", str(row["reason"])
    ratio = f"{traffic / least:.2f}"
    best = "*" if row["optimal"] else ""
    return format_bytes(size), format_bytes(traffic), format_bytes(least), ratio, best

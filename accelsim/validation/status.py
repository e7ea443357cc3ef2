"""How far each machine's model has been held against the world, as a table that others read.

`accelsim validate gpu`, `offload` and `published` write their rows with --out; what is shipped is
`studies/validation_status.csv`. A row is of one machine and one family of what was compared:

    machine,of,family,rows,mean_percent,p95_percent,bias_percent,note,command,date

`of` says what was compared, `family` is "all" for the whole of it; errors are ours / theirs - 1,
the mean is of their absolute values.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from accelsim.base.files import atomic_write
from accelsim.study.table import Table
from accelsim.validation.compare import AGREES, NOT_RUN
from accelsim.validation.gpu_compare import Statistics
from accelsim.validation.published import Claim, Published

FILE = "status.csv"
ALL = "all"
PRICE = "usd_per"
"""What the column of a price begins with."""


class StatusRow(NamedTuple):
    machine: str
    of: str
    family: str
    rows: int
    mean_percent: str
    p95_percent: str
    bias_percent: str
    note: str
    command: str
    date: str


def of_statistics(
    machine: str, of: str, statistics: Iterable[Statistics], command: str, note: str = ""
) -> list[StatusRow]:
    """Of errors by family."""
    return [
        StatusRow(machine, of, s.family, s.rows, *_percents(s.mean, s.p95, s.bias), note, command,
                  today())
        for s in statistics
    ]  # fmt: skip


def of_published(
    machines: Sequence[str], comparison: Table, published: Sequence[Published], command: str
) -> list[StatusRow]:
    """Of published numbers that a model predicts; [] where there are none.

    A bound (`at_most`) has a verdict and no error, and a price is an input: to have it right says
    nothing of the model, and would make its mean error look smaller.
    """
    claims = {claim.name: claim for paper in published for claim in paper.claims}
    prices = {name for name, claim in claims.items() if _is_price(claim)}
    ran = [row for row in comparison.rows() if row["verdict"] != NOT_RUN]
    judged = [row for row in ran if row["name"] not in prices]
    bounds = {name for name, claim in claims.items() if claim.at_most}
    sized = [row for row in judged if row["name"] not in bounds and row["published"]]
    errors = np.array([row["ours"] / row["published"] - 1 for row in sized], dtype=float)
    if not errors.size:
        return []
    agree = sum(row["verdict"] == AGREES for row in judged)
    of = f"published numbers ({', '.join(paper.name for paper in published)})"
    inferred = sum(len(paper.constants) for paper in published)
    note = f"{agree} of {len(judged)} are within their tolerance."
    if inferred:
        note += f" {inferred} constants were inferred from the same results: not all independent."
    sizes = np.abs(errors)
    numbers = _percents(sizes.mean(), np.percentile(sizes, 95), errors.mean())
    row = StatusRow("", of, ALL, len(errors), *numbers, note, command, today())
    return [row._replace(machine=machine) for machine in machines]


def _is_price(claim: Claim) -> bool:
    return claim.of.rpartition(".")[2].startswith(PRICE)


def write_status(rows: Sequence[StatusRow], folder: Path) -> Path:
    """FOLDER/status.csv, in which these rows take the place of what was compared before."""
    file = folder / FILE
    renewed = {(row.machine, row.of) for row in rows}
    kept = [row for row in read_status(file) if (row[0], row[1]) not in renewed]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([StatusRow._fields, *sorted([*kept, *map(_texts, rows)], key=_place)])
    return atomic_write(file, text.getvalue())


def read_status(file: Path) -> list[tuple[str, ...]]:
    if not file.is_file():
        return []
    with file.open(newline="", encoding="utf-8") as opened:
        return [tuple(row) for row in csv.reader(opened)][1:]


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def _texts(row: StatusRow) -> tuple[str, ...]:
    return tuple(map(str, row))


def _place(row: tuple[str, ...]) -> tuple[str, ...]:
    """Families stay in the order in which they were compared."""
    return row[:2]


def _percents(*shares: float) -> tuple[str, str, str]:
    mean, p95, bias = (f"{100 * share:.2f}" for share in shares)
    return mean, p95, bias

"""The rows of a sweep for pandas and xarray, with units.

frame.attrs["units"]     {"latency_s": "s", "traffic_bytes.DRAM": "B", ...}
frame.attrs["axes"]      the columns that name a point; "question", "table"
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from accelsim.base.errors import StudyError
from accelsim.study.batches import batches_of, names_of_axes
from accelsim.study.chunk import Chunks
from accelsim.study.columns import POINT
from accelsim.study.store import Rows
from accelsim.study.table import Column

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


@dataclass(frozen=True)
class Swept:
    """A table that was swept: where its rows are, which points it has, how many were evaluated
    now, how many of these failed, and the error of one of them."""

    table: str
    rows: Rows
    addresses: Column
    evaluated: int
    failed: int
    example: str

    @property
    def points(self) -> int:
        return len(self.addresses)

    @property
    def others(self) -> int:
        """Points whose rows were there and which the study, as it is now, does not have."""
        return len(np.setdiff1d(self.rows.addresses, self.addresses))


def frame_of(swept: Swept, chunks: Chunks) -> "pd.DataFrame":
    """The rows of the points that were swept, in their order, and no others that lie there too."""
    table = swept.rows.rows()
    found = table[POINT].to_numpy()
    addresses = _in_order(swept, chunks)
    order = np.argsort(addresses, kind="stable")
    ranked = addresses[order]
    place = np.minimum(np.searchsorted(ranked, found), len(ranked) - 1)
    mine = np.flatnonzero(ranked[place] == found)
    rows = mine[np.argsort(order[place[mine]], kind="stable")]
    frame: pd.DataFrame = table.take(rows).to_pandas()
    given = {each.name: each.metadata or {} for each in table.schema}
    units = {name: metadata.get(b"unit", b"").decode() for name, metadata in given.items()}
    frame.attrs |= {
        "question": chunks.study.question,
        "table": chunks.table.name,
        "axes": [
            *dict.fromkeys(name for run in chunks.table.runs for name in run.columns),
            *names_of_axes(chunks.study, chunks.table),
            *((chunks.table.per,) if chunks.table.per else ()),
        ],
        "units": {name: unit for name, unit in units.items() if unit},
    }
    return frame


def _in_order(swept: Swept, chunks: Chunks) -> Column:
    """The points' addresses, the last axis fastest; a sample's as they came."""
    if chunks.table.sample.method == "adaptive":
        return swept.addresses
    batches = batches_of(chunks.study, chunks.table)
    return np.concatenate([chunks.addresses(points) for points in batches])


def to_xarray(frame: "pd.DataFrame") -> "xr.Dataset":
    """A frame of `sweep` as a grid over its axes, or over the points where they make no whole grid.

    Variables and coordinates have their unit in `attrs["unit"]`.
    """
    import xarray as xr

    if "axes" not in frame.attrs:
        raise StudyError("the frame has no axes", remedy="Give what accelsim.sweep returned")
    attrs = frame.attrs
    axes = [name for name in attrs["axes"] if name in frame]
    indexed = frame.set_index(axes).drop(columns=POINT) if axes else frame
    whole = int(np.prod([frame[name].nunique() for name in axes])) == len(frame)
    if axes and whole and indexed.index.is_unique:
        found = xr.Dataset.from_dataframe(indexed)
    else:
        found = xr.Dataset.from_dataframe(frame.rename_axis("row"))
        found = found.set_coords(axes)
    for name, unit in attrs["units"].items():
        if name in found.variables:
            found[name].attrs["unit"] = unit
    found.attrs |= {"question": attrs["question"], "table": attrs["table"]}
    return found

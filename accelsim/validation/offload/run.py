"""Cases of two devices → a CSV of measurements: `accelsim measure --offload`.

The columns are those of `validation/measure.py` and `parts`: what else was found, as JSON.

    peer_copy     ms of a copy alone; form, back_to_back_ms (started by Python), chain_ms (from a
                  graph), half_round_trip_ms, both_ways_ms (a copy each way at once)
    nccl_send,    ms of one alone; back_to_back_ms; of a message half_round_trip_ms
    all_reduce
    decode_layer  ms of a layer among many; form, backend, layers, weights and caches of a run,
                  difference of the recorded result from that of plain calls; queued_ms, the same
                  started by Python; before_ms, query_ms, keys_values_ms, attention_ms, result_ms,
                  after_ms of the parts by themselves

`form` says how work was started: from a `graph`; by Python while the device waits (`queue`, and
why); on the processor, by a `call`. Nothing here needs the command line's libraries:

    from accelsim.validation.offload.run import measure_offload
    measure_offload("studies/offload_measured/cases.csv", "measured.csv", limit_s=420)
"""

import gc
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from accelsim.base.errors import InputError
from accelsim.validation.measure import COLUMNS, about_of, free, short
from accelsim.validation.offload.cases import OFFLOAD_KERNELS, DecodeLayer, PeerCopy
from accelsim.validation.offload.decode import Bench, launched, prepared_layer, timed_layer
from accelsim.validation.offload.devices import Pair, pair_of
from accelsim.validation.offload.link import timed_copy
from accelsim.validation.offload.ranks import Ranks
from accelsim.validation.rows import Appended, append_rows, row_error
from accelsim.workload.calls import Case, read_cases

OFFLOAD_COLUMNS = (
    *COLUMNS[: COLUMNS.index("error")],
    "parts",
    *COLUMNS[COLUMNS.index("error") :],
)


def measure_offload(
    cases: str | Path,
    out: str | Path,
    limit_s: float | None = None,
    device: str = "cuda",
    advance: Callable[[Case], None] = lambda case: None,
) -> Appended:
    """Measures what `out` does not hold yet of the cases of a file and appends it there.

    After `limit_s` seconds no further case is begun. Raises InputError if the cases cannot be read,
    `out` is another table, torch or its CUDA device is not there, or a case has left the device
    unusable; the row of that case is written.
    """
    found = read_cases(cases, OFFLOAD_KERNELS)
    about, pair, ranks = about_of(device), pair_of(device), Ranks(device)

    def row_of(case: Case) -> dict[str, Any]:
        _clear(device)
        row = {"kernel": case.kernel, "params": case.params, **about}
        try:
            return row | _texts(_timed(case, pair, ranks))
        except Exception as error:
            return row | row_error(error)

    # What was imported is no garbage: looking through it after every case would take seconds.
    gc.freeze()
    try:
        return append_rows(found, out, OFFLOAD_COLUMNS, row_of, advance, limit_s)
    finally:
        gc.unfreeze()
        ranks.close()


def _clear(device: str) -> None:
    """What the last case held is given back; an InputError if it has left the device unusable."""
    gc.collect()
    try:
        free(device)
    except Exception as error:
        fact = f"the device has failed: {row_error(error)['error']}"
        raise InputError(fact, remedy="Start again: what is measured stays") from error


def _timed(case: Case, pair: Pair, ranks: Ranks) -> dict[str, Any]:
    call: Any = case.call
    if not isinstance(call, DecodeLayer | PeerCopy):
        return ranks.ask(case.kernel, call.bytes)
    # Their contexts take memory that the largest layers need.
    ranks.close()
    if isinstance(call, PeerCopy):
        return timed_copy(call, pair)
    bench = prepared_layer(call, pair)
    found = timed_layer(bench, pair)
    return found if pair.first == "cpu" else found | {"launches": _launches(bench, pair)}


def _launches(bench: Bench, pair: Pair) -> list[dict[str, Any]]:
    try:
        return launched(bench, pair)
    except Exception:
        # A profiler that cannot tell is no reason to lose the times.
        return []


def _texts(found: dict[str, Any]) -> dict[str, Any]:
    """Times with the digits that mean something; lists and mappings as JSON."""
    return {
        name: json.dumps(_rounded(value)) if isinstance(value, list | dict) else short(value)
        for name, value in found.items()
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(entry) for name, entry in value.items()}
    return float(short(value)) if isinstance(value, float) else value

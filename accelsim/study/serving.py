"""A study of serving: models on systems that decode, over traces of requests.

    serving:
      tables:
      - name: throughput
        by: simulation                     every request at time 0, played to the last token
        runs:
        - columns: {kind: offload}
          system: lamina_2h100_4h20        shipped, or a file beside the study
          models: [llama3_70b]
          set: {links.rdma.bandwidth: =bandwidth GB/s, serving.overhead: =host.overhead}
        traces: [azure_conv]
        requests: {azure_conv: 4000}       else as many as the trace says
        vary: {bandwidth: {to: [10, 40]}}
        choices: {host: {none: {}, slow: {overhead: 10 ms}}}

Points are runs x models x traces x axes x choices. `=axis` in `set` is the axis' value (with
a unit, `=axis GB/s`), `=choice.key` what the choice says; where it says nothing, the setting is
left out. An axis with paths sets them in all runs: paths of the system, `batch.sequences` or
`batch.context`.

    by: simulation    requests in time (`sim/system/serve.py`)
    by: balance       by formula: as many sequences of the trace's mean as there is room for
    by: iteration     one iteration of `batch.sequences` with `batch.context` keys each
    by: parts         the same, a row for each part of its time

What each row says: `serving_rows.py`.
"""

from typing import Literal

from pydantic import model_validator

from accelsim.base.record import Count, Record
from accelsim.study.axes import Axis, Names, Value, Values

By = Literal["simulation", "balance", "iteration", "parts"]
OF_TRACES: tuple[By, ...] = ("simulation", "balance")


class ServingRun(Record):
    """`columns` tell it from others; `set` puts values into the system's file, by their paths."""

    columns: dict[str, Value] = {}
    system: str
    models: Names
    set: dict[str, Value] = {}


class ServingTable(Record):
    """`most_tokens` leaves requests with more tokens out, for all systems alike."""

    name: str
    by: By
    runs: tuple[ServingRun, ...]
    traces: Names = ()
    requests: dict[str, Count] = {}
    most_tokens: Count | None = None
    vary: dict[str, Axis | Values] = {}
    choices: dict[str, dict[str, dict[str, Value]]] = {}

    @model_validator(mode="after")
    def _has_traces(self) -> "ServingTable":
        if (self.by in OF_TRACES) != bool(self.traces):
            need = "needs 'traces'" if self.by in OF_TRACES else "has no traces"
            raise ValueError(f"by: {self.by} {need}")
        return self


class ServingSection(Record):
    tables: tuple[ServingTable, ...]

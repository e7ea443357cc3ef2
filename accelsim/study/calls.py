"""A study of library calls: the same call by several kernels, on several GPUs.

    calls:
      of: sdpa                                     a kernel of `workload/calls.py`
      machines: [a100_sxm_80gb, h100_sxm]
      params: {p: 1, dtype: fp16}                  of all calls
      kernels:                                     what is compared: parameters by name
        flash_decoding: {backend: flash_decoding}
        lean_attention: {backend: lean}
      tables:
      - name: uniform
        params: {h: 32, g: 8, e: 128}              of this table's calls
        vary:
          batch: {set: b, to: [1, 2, 4]}
          context: {set: m, to: [1024, 4096]}
      - name: ragged                               sequences of lengths that are drawn
        lengths: {mean: mean_share, seed: 0}
        vary: {mean_share: {to: [0.25, 0.5]}, ...}

Points are machines x kernels x axes. What each row says: `run_calls.py`.
"""

from pydantic import model_validator

from accelsim.base.record import Record
from accelsim.study.axes import Axis, Names, Value, Values


class Lengths(Record):
    """Sequences of a batch of which the longest has m keys: `mean` is the axis of their mean length
    as a share of it, `seed` that of the draw."""

    mean: str
    seed: int


class CallTable(Record):
    name: str
    params: dict[str, Value] = {}
    vary: dict[str, Axis | Values] = {}
    lengths: Lengths | None = None

    @model_validator(mode="after")
    def _varies_the_mean(self) -> "CallTable":
        if self.lengths is not None and self.lengths.mean not in self.vary:
            raise ValueError(f"lengths: there is no axis {self.lengths.mean!r}")
        return self


class Calls(Record):
    of: str
    machines: Names
    params: dict[str, Value] = {}
    kernels: dict[str, dict[str, Value]]
    tables: tuple[CallTable, ...]

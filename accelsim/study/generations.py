"""A study of test-time compute: what trials of models cost by a law, and in time and energy.

    generations:
      machines: {b200_sxm: trtllm, h200_sxm: flash3}      GPUs, and whose attention runs on them
      page: 16                                            tokens of a page of keys
      selection: {block: 16, blocks: 64, local: 16}       of block top-k; top-k has the same budget
      parameters: {qwen3_8b: 8190000000}                  as the law counts them
      nodes_per_octave: 2                                 contexts at which attention is asked for
      tables:
      - name: costs
        vary: {model: [qwen3_8b], attention: [dense, top_k, block_top_k], prompt: [256],
               problems: [1], trials: [1, 8], generated: [2048, 4096]}
      agreement:                                          tables over those: how well laws rank
      - {name: agreement, over: costs, by: [machine, prompt, problems]}

An axis `layers`, if there is one, leaves the model so many layers, with their share of parameters.
What each row says: `run_generations.py` and `agreement.py`.
"""

from typing import Self

from pydantic import model_validator

from accelsim.base.record import Count, Positive, Record
from accelsim.study.axes import Axis, Names, Values
from accelsim.workload.calls import Backend

AXES = ("model", "attention", "prompt", "problems", "trials", "generated")
MORE_AXES = ("layers",)


class BlockSelection(Record):
    block: Count
    blocks: Count
    local: Count


class GenerationTable(Record):
    name: str
    vary: dict[str, Axis | Values]

    @model_validator(mode="after")
    def _has_the_axes(self) -> Self:
        missing = [name for name in AXES if name not in self.vary]
        others = [name for name in self.vary if name not in (*AXES, *MORE_AXES)]
        if missing or others:
            listed = f"{', '.join(AXES)}, and {', '.join(MORE_AXES)} if wanted"
            wrong = f"no axis {missing[0]!r}" if missing else f"an axis {others[0]!r}"
            raise ValueError(f"vary: there is {wrong}; the axes are {listed}")
        return self


class AgreementTable(Record):
    """Over the rows of a table; each combination of `by` is ranked for itself."""

    name: str
    over: str
    by: Names


class Generations(Record):
    machines: dict[str, Backend]
    page: Count
    selection: BlockSelection
    parameters: dict[str, Positive]
    nodes_per_octave: Count
    tables: tuple[GenerationTable, ...]
    agreement: tuple[AgreementTable, ...] = ()

    @model_validator(mode="after")
    def _ranks_a_table(self) -> Self:
        known = [table.name for table in self.tables]
        for each in self.agreement:
            if each.over not in known:
                raise ValueError(f"agreement: there is no table {each.over!r}")
        return self

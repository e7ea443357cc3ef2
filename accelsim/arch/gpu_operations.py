"""Which pipes of a GPU an operation takes, and how often: its own, or those that it is made of.

gelu → erf, mul, mul, add → exp, mac, div, ... by the table `arch/parts/compositions.yaml`
"""

from collections.abc import Mapping
from functools import lru_cache

from accelsim.arch.compositions import Compositions
from accelsim.arch.gpu import Dtype, Gpu, Pipe
from accelsim.base.catalogue import find
from accelsim.base.errors import ArchError
from accelsim.base.record import read_record
from accelsim.base.yamlfile import read_yaml

TABLE = "compositions"


def pipes_of(gpu: Gpu, operation: str) -> list[tuple[Pipe, float]]:
    """Pipes, each with the results of it that one operation takes.

    Raises
    ------
    ArchError
        if the GPU has no pipe for the operation, nor for what it is made of.
    """
    own = next((pipe for pipe in gpu.pipes if operation in pipe.operations), None)
    if own is not None:
        return [(own, 1.0)]
    made_of = _table().get(operation)
    if made_of is None:
        remedy = f"Add it to the operations of one of {', '.join(pipe.name for pipe in gpu.pipes)}"
        raise ArchError(f"the GPU has no pipe for {operation!r}", remedy=remedy)
    return [
        (pipe, times * count)
        for each, times in made_of.items()
        for pipe, count in pipes_of(gpu, each)
    ]


def word_of(gpu: Gpu, word_bytes: float) -> Dtype:
    """What words of so many bytes are taken for; the next longer ones where there are none."""
    known = {word for cores in gpu.tensor for word in cores.flop}
    if word_bytes <= 1 and "fp8" in known:
        return "fp8"
    if word_bytes <= 2:
        return "bf16" if "bf16" in known or not known else "fp16"
    return "fp32"


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Mapping[str, float]]:
    table = read_record(read_yaml(find(TABLE, "parts")), Compositions)
    return {name: one.as_ for name, one in table.operations.items()}

"""Equal cascades with fewer passes: `reduction.py` is the door."""

from accelsim.workload.rewrite.reduction import PassReduction, fewest_passes, reduce_passes

__all__ = ["PassReduction", "fewest_passes", "reduce_passes"]

"""Equal cascades with fewer passes: `reduction.py` is the door."""

from accelsim.workload.rewrite.reduction import PassReduction, fewest_passes, reduce_passes
from accelsim.workload.rewrite.text import workload_text
from accelsim.workload.rewrite.trial import Trial, tried

__all__ = ["PassReduction", "Trial", "fewest_passes", "reduce_passes", "tried", "workload_text"]

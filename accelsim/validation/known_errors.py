"""What validation says of a kind of kernel on a kind of GPU, for predictions to carry along.

`studies/gpu_validation/errors.csv` holds the mean absolute error of every family by GPU, as
`accelsim validate gpu` wrote it. A GPU that was measured has its own; another of its generation
carries that over; for the rest nothing is known.
"""

import csv
from functools import lru_cache

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.catalogue import shipped


def known_error_percent(family: str, gpu: str, generation: str) -> float | None:
    """Mean absolute error in percent of a family's calls of 20 us and more."""
    table = _table()
    own = table.get((gpu, family))
    if own is not None:
        return own
    measured = {name for name, its in table if its == family}
    alike = (name for name in sorted(measured) if _generation(name) == generation)
    return next((table[name, family] for name in alike), None)


@lru_cache(maxsize=16)
def _generation(gpu: str) -> str:
    return load_gpu(gpu).generation


@lru_cache(maxsize=1)
def _table() -> dict[tuple[str, str], float]:
    file = shipped() / "studies" / "gpu_validation" / "errors.csv"
    if not file.exists():
        return {}
    with file.open(newline="", encoding="utf-8") as opened:
        rows = csv.DictReader(opened)
        return {(row["gpu"], row["family"]): float(row["mean_percent"]) for row in rows}

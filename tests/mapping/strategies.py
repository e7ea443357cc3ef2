"""Random machines of two to four memory levels, and shipped workloads at random ragged sizes.

    DRAM → up to two shared buffers → one or two arrays, each perhaps with a buffer of its own
                                      and perhaps with register files

Every choice is drawn from a `random.Random`, as in `tests.cost.strategies`. Capacities are spread
evenly over magnitudes, whole or odd, and need not shrink on the way down.
"""

from random import Random

from accelsim.arch.load import read_arch
from accelsim.arch.spatial import Spatial
from accelsim.base.catalogue import names
from accelsim.base.yamlfile import parse_yaml
from accelsim.workload.einsum import Cascade
from accelsim.workload.load import load_workload
from accelsim.workload.operations import OPERATIONS


def random_machine(rng: Random) -> Spatial:
    buffers = [f"Shared{depth}" for depth in range(rng.randint(0, 2))]
    lines = ["- {name: DRAM, bandwidth: 16 B/cycle, read: 10 pJ/B, write: 10 pJ/B}"]
    lines += [_memory(rng, name, 16, 1 << 24) for name in buffers]
    arrays = []
    for number in range(rng.randint(1, 2)):
        under = buffers[-1] if buffers else "DRAM"
        for name, most in ((f"Own{number}", 1 << 18), (f"Registers{number}", 64)):
            if rng.random() < 0.5:
                per = f", per: Array{number}" if name.startswith("Registers") else ""
                lines.append(_memory(rng, name, 1, most, f", under: {under}{per}"))
                under = name
        arrays.append(_array(rng, number, under))
    text = "\n".join(["about: Random.", "clock: 1 GHz", "memories:", *lines, "compute:", *arrays])
    return read_arch(parse_yaml(text, "random.yaml"))


def _memory(rng: Random, name: str, least: int, most: int, more: str = "") -> str:
    capacity = int(least * (most / least) ** rng.random())
    double = ", double_buffered: true" if rng.random() < 0.4 else ""
    costs = "read: 1 pJ/B, write: 1 pJ/B"
    return f"- {{name: {name}, capacity: {capacity} B, {costs}{more}{double}}}"


def _array(rng: Random, number: int, under: str) -> str:
    rows = rng.choice([1, rng.randint(1, 40)])
    able = ", ".join(f"{operation}: {{}}" for operation in ("mac", *OPERATIONS))
    size = f"rows: {rows}, columns: {rng.randint(1, 40)}"
    return f"- {{name: Array{number}, {size}, under: {under}, operations: {{{able}}}}}"


def plain_workloads() -> list[str]:
    """Those whose ranks take any size; mechanisms of several forms are tried in tests/zoo."""
    families = ("attention/", "kernels/", "transformer/")
    return [name for name in names("workloads") if name.startswith(families)]


def random_workload(rng: Random) -> Cascade:
    name = rng.choice(plain_workloads())
    ranks = load_workload(name).ranks
    sizes = {"B": rng.randint(1, 3), "H": rng.randint(1, 5), "M0": rng.randint(1, 70)}
    sizes |= {rank: rng.randint(1, 300) for rank in ("P", "D", "S")}
    sizes |= {rank: rng.randint(1, 40) for rank in ("E", "F")}
    sizes["M"] = sizes["P"] if "S" in ranks else rng.randint(1, 300)
    settings = {f"ranks.{rank}": size for rank, size in sizes.items() if rank in ranks}
    return load_workload(name, settings)

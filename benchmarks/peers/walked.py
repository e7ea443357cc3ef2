"""What each tool counts on one small mapping, beside the walk that counts element by element.

    python benchmarks/peers/walked.py [--environments FOLDER]

A peer tells energy by memory. On a machine where only one action of one memory costs, 1 pJ an
element, its energy is a count. The walk follows the mapping that the peer says it has evaluated.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Mapping as PlainMapping
from typing import Any

from cases import HERE, Case, as_plain
from environments import PEERS, python_of
from run import answer_of, options_of
from translate import as_mapping

from accelsim.arch.load import load_arch
from accelsim.cost.evaluate import evaluate
from accelsim.cost.walk import walk
from accelsim.mapping.binding import bind
from accelsim.mapping.mapping import Mapping
from accelsim.workload.load import load_workload

SIZES = {"M": 16, "N": 16, "K": 16}
ROWS = COLUMNS = 4
ACTIONS = [(m, a) for m in ("DRAM", "Buffer") for a in ("read", "write")]
BUFFER_BYTES = 2 * 2 * (8 * 8 + 2 * 8 * 8)
Tally = PlainMapping[tuple[str, str], float]


def main() -> None:
    environments = options_of(__doc__).environments
    cases = {
        "sums in place": _sums_in_place("M", "N", "K"),
        "weights in place": _weights_in_place(),
        "sums come back": _sums_in_place("K", "M", "N"),
    }
    print(f"{'mapping':18}{'counted by':22}" + "".join(f"{m} {a:7}".rjust(16) for m, a in ACTIONS))
    for peer in PEERS:
        python = python_of(peer, environments)
        for name, loops in cases.items() if python else ():
            counts, nests = _counted([str(python), str(HERE / f"{peer}_side.py")], loops)
            tallies: dict[str, Tally] = {peer: counts, **_ours(nests)}
            for tool, each in tallies.items():
                print(f"{name:18}{tool:22}" + "".join(f"{each[a]:16,.0f}" for a in ACTIONS))


def _loop(rank: str, factor: int, tile: int, axis: str | None = None) -> dict[str, Any]:
    return {"rank": rank, "factor": factor, "axis": axis, "tile": tile}


def _keep(memory: str, *tensors: str) -> dict[str, Any]:
    return {"memory": memory, "keep": list(tensors)}


def _sums_in_place(*order: str) -> list[dict[str, Any]]:
    """Every PE sums one output over a slice of K; the buffer's tiles come in this order."""
    return [
        *(_keep("DRAM", "A", "B", "C"), *(_loop(rank, 2, 8) for rank in order)),
        *(_keep("Buffer", "A", "B", "C"), _loop("M", 2, 4), _loop("N", 2, 4)),
        *(_loop("M", 4, 1, "rows"), _loop("N", 4, 1, "columns")),
        *(_keep("Register", "C"), _loop("K", 8, 1), _keep("Register", "A", "B")),
    ]


def _weights_in_place() -> list[dict[str, Any]]:
    """Every PE holds one element of B; the rows add up over a part of K."""
    return [
        *(_keep("DRAM", "A", "B", "C"), _loop("M", 2, 8), _loop("N", 2, 8), _loop("K", 2, 8)),
        *(_keep("Buffer", "A", "B", "C"), _loop("N", 2, 4), _loop("K", 2, 4)),
        *(_loop("K", 4, 1, "rows"), _loop("N", 4, 1, "columns")),
        *(_keep("Register", "B"), _loop("M", 8, 1), _keep("Register", "A", "C")),
    ]


def _counted(command: list[str], nodes: list[dict[str, Any]]) -> tuple[Tally, list[dict[str, Any]]]:
    """Elements by memory and action, and the mapping that they are of."""
    plain = as_plain(Case("small", "matmul.yaml"), cores=1)
    plain["ranks"] = SIZES
    plain["array"] |= {"rows": ROWS, "columns": COLUMNS, "operation_pj": 0}
    plain["nests"] = [{"einsum": "C", "array": "Array", "nodes": nodes}]
    plain["memories"][1] |= {"capacity_bytes": BUFFER_BYTES, "room_bytes": BUFFER_BYTES // 2}
    counts: dict[tuple[str, str], float] = {}
    for memory, action in ACTIONS:
        for each in plain["memories"]:
            costs = {f"{a}_pj_per_byte": 0.0 for a in ("read", "write")}
            if each["name"] == memory:
                costs[f"{action}_pj_per_byte"] = 1 / plain["word_bytes"]
            each |= costs
        answer = answer_of(command, json.dumps(plain))
        if "remark" in answer:
            sys.exit(answer["remark"])
        counts[memory, action] = answer["energy_pj"]
    return counts, answer["nests"]


def _ours(nests: list[dict[str, Any]]) -> dict[str, Tally]:
    """The same by the formulas of the cost model and by the walk."""
    cascade = load_workload(str(HERE / "matmul.yaml")).with_ranks(**SIZES)
    arch = load_arch(str(HERE / "two_level.yaml"))
    mapping = Mapping.model_validate(as_mapping(nests, "matmul", SIZES))
    formulas: dict[tuple[str, str], float] = defaultdict(float)
    for row in evaluate(cascade, arch, mapping).rows:
        formulas[row.part, row.action] += row.count
    walked: dict[tuple[str, str], float] = defaultdict(float)
    for action, elements in walk(cascade, bind(mapping, cascade, arch).nests).items():
        walked[action.memory, action.action] += elements
    return {"accelsim": formulas, "the walk": walked}


if __name__ == "__main__":
    main()

"""Runs inside ZigZag's environment: a case as JSON on stdin, its answer on stdout.

A case has the numbers of our YAML files (`cases.py`); here they are written in ZigZag's input
format. ZigZag maps one Einsum of two inputs at a time: I and W in its words, O the output.
"""

import contextlib
import json
import logging
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

OPERANDS = ("I", "W", "O")
MEMORY_OPERANDS = {"I": "I1", "W": "I2", "O": "O"}
AXES = {"rows": "D1", "columns": "D2"}
WAYS = {"I": ("tl", "fh"), "W": ("tl", "fh"), "O": ("tl", "fh", "fl", "th")}


def main() -> None:
    case = json.load(sys.stdin)
    einsum = case["workload"][0]
    tensors = dict(zip(OPERANDS, einsum["accesses"], strict=True))
    with contextlib.redirect_stdout(sys.stderr), tempfile.TemporaryDirectory() as folder:
        from zigzag.api import get_hardware_performance_zigzag

        logging.disable(logging.CRITICAL)
        inputs = {"workload": _workload(case, einsum), "accelerator": _accelerator(case)}
        inputs["mapping"] = _mapping(case, einsum)
        paths = {name: _written(Path(folder), name, data) for name, data in inputs.items()}
        ready = time.perf_counter()
        energy, cycles, evaluations = get_hardware_performance_zigzag(
            **paths,
            opt=case["minimise"],
            dump_folder=f"{folder}/out",
            pickle_filename=f"{folder}/out/found.pickle",
            loma_show_progress_bar=False,
        )
        seconds = time.perf_counter() - ready
    best = evaluations[0][1][0][0]
    answer = {
        "version": version("zigzag-dse"),
        "seconds_of_search": seconds,
        "energy_pj": float(energy),
        "latency_s": float(cycles) / case["clock_hz"],
        "energy_by_part": _energy_by_part(best, case),
        "cycles": _cycles(best),
        "nests": [_nest(best, case, einsum, tensors)],
    }
    print(json.dumps(answer))


def _written(folder: Path, name: str, data: Any) -> str:
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps(data))
    return str(path)


def _workload(case: dict[str, Any], einsum: dict[str, Any]) -> list[dict[str, Any]]:
    index = {
        operand: operand + "".join(f"[{rank.lower()}]" for rank in ranks)
        for operand, ranks in zip(OPERANDS, einsum["accesses"].values(), strict=True)
    }
    bits = 8 * case["word_bytes"]
    return [
        {
            "id": 0,
            "name": einsum["name"],
            "operator_type": "Gemm",
            "equation": f"{index['O']}+={index['I']}*{index['W']}",
            "loop_dims": list(case["ranks"]),
            "loop_sizes": list(case["ranks"].values()),
            "operand_precision": {"W": bits, "I": bits, "O": bits, "O_final": bits},
            "operand_source": {"W": 0, "I": 0},
        }
    ]


def _accelerator(case: dict[str, Any]) -> dict[str, Any]:
    """Memories from the PEs outwards, each with one port for everything."""
    array = case["array"]
    return {
        "name": "two_level",
        "operational_array": {
            "unit_energy": float(array["operation_pj"]),
            "unit_area": 0.0,
            "dimensions": list(AXES.values()),
            "sizes": [array[axis] for axis in AXES],
        },
        "memories": {m["name"]: _memory(m, case) for m in reversed(case["memories"])},
    }


def _memory(memory: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    """Costs are those of `bandwidth_max` bits; single words cost their share of it."""
    word = 8 * case["word_bytes"]
    is_top = memory["capacity_bytes"] is None
    rate = memory["bytes_per_cycle"]
    bits = word if rate is None else 8 * int(rate)
    ports = [
        {
            "name": f"rw_port_{number}",
            "type": "read_write",
            "bandwidth_min": word,
            "bandwidth_max": bits,
            "allocation": [f"{MEMORY_OPERANDS[operand]}, {way}" for operand, way in served],
        }
        for number, served in enumerate(_served(is_top), start=1)
    ]
    return {
        "size": 2**50 if is_top else 8 * memory["capacity_bytes"],
        "r_cost": float(memory["read_pj_per_byte"] * bits / 8),
        "w_cost": float(memory["write_pj_per_byte"] * bits / 8),
        "area": 0.0,
        "latency": 1,
        "operands": list(MEMORY_OPERANDS.values()),
        "ports": ports,
        "served_dimensions": [] if memory["per_pe"] else list(AXES.values()),
        "force_double_buffering": memory["double_buffered"],
    }


def _served(is_top: bool) -> list[list[tuple[str, str]]]:
    """What each port serves: all of DRAM's traffic; further in, one way of one operand.

    A transfer takes whole cycles of its port, however few bits it has: on a common port, four
    transfers that fill a quarter of a cycle each would take four cycles.
    """
    ways = [
        (operand, way)
        for operand in OPERANDS
        for way in WAYS[operand]
        if not (is_top and way in ("fh", "th"))
    ]
    return [ways] if is_top else [[each] for each in ways]


def _mapping(case: dict[str, Any], einsum: dict[str, Any]) -> list[dict[str, Any]]:
    """Nothing prescribed, or the loops of the case's nest; ZigZag itself puts them in memories."""
    links: dict[str, Any] = {"name": "default", "memory_operand_links": MEMORY_OPERANDS}
    if not case["nests"]:
        return [links]
    loops = [node for node in case["nests"][0]["nodes"] if "rank" in node]
    spatial: dict[str, list[str]] = {name: [] for name in AXES.values()}
    for loop in loops:
        if loop["axis"]:
            spatial[AXES[loop["axis"]]].append(f"{loop['rank']}, {loop['factor']}")
    order = [[loop["rank"], loop["factor"]] for loop in reversed(loops) if not loop["axis"]]
    return [links | {"spatial_mapping": spatial, "temporal_ordering": order}]


def _energy_by_part(best: Any, case: dict[str, Any]) -> dict[str, float]:
    names = [memory["name"] for memory in reversed(case["memories"])]
    parts = dict.fromkeys(names, 0.0)
    for levels in best.mem_energy_breakdown.values():
        for name, energy in zip(names, levels, strict=True):
            parts[name] += float(energy)
    return parts | {case["array"]["name"]: float(best.mac_energy)}


def _cycles(best: Any) -> dict[str, float]:
    return {
        "array": float(best.ideal_temporal_cycle),
        "stall": float(best.stall_slack_comb),
        "first load": float(best.data_onloading_cycle),
        "last store": float(best.data_offloading_cycle),
    }


def _nest(
    best: Any, case: dict[str, Any], einsum: dict[str, Any], tensors: dict[str, str]
) -> dict[str, Any]:
    """Every operand has all loops, cut into those of each memory from the PEs outwards."""
    names = [memory["name"] for memory in case["memories"]]
    levels = {
        tensors[str(operand)]: [[(str(r), int(f)) for r, f in level] for level in by_level]
        for operand, by_level in best.temporal_mapping.mapping_dic_origin.items()
    }
    order = [loop for level in next(iter(levels.values())) for loop in level]
    nodes: list[dict[str, Any]] = []
    for depth in range(len(order) + 1):
        for at, name in enumerate(names):
            keep = [t for t, cut in levels.items() if _depth(cut, len(names) - at) == depth]
            nodes += [{"memory": name, "keep": sorted(keep)}] if keep else []
        if depth < len(order):
            rank, factor = order[len(order) - 1 - depth]
            nodes.append({"rank": rank, "factor": factor, "axis": None})
    first = next(i for i, node in enumerate(nodes) if node.get("memory") == names[-1])
    nodes[first:first] = _spatial(best)
    return {"einsum": einsum["name"], "array": case["array"]["name"], "nodes": nodes}


def _depth(cut: list[list[tuple[str, int]]], levels: int) -> int:
    """How many loops lie outside the innermost `levels` memories of an operand."""
    return sum(len(level) for level in cut[levels:])


def _spatial(best: Any) -> list[dict[str, Any]]:
    axes = {dimension: axis for axis, dimension in AXES.items()}
    return [
        {"rank": str(rank), "factor": int(factor), "axis": axes[str(dimension)]}
        for dimension, unrolled in best.layer.spatial_mapping.items()
        for rank, factor in unrolled.items()
        if factor > 1
    ]


if __name__ == "__main__":
    main()

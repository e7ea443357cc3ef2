"""Runs inside AccelForge's environment: a case as JSON on stdin, its answer on stdout.

A case has the numbers of our YAML files (`cases.py`); here they are written in AccelForge's input
format. What AccelForge has no word for is said in README.md.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any


def main() -> None:
    case = json.load(sys.stdin)
    import accelforge

    accelforge.set_n_parallel_jobs(case["cores"])
    spec = _spec(case, accelforge)
    ready = time.perf_counter()
    if case["nests"]:
        found = spec.evaluate_mapping()
    else:
        spec.mapper.metrics = getattr(accelforge.mapper.Metrics, case["minimise"].upper())
        found = spec.map_workload_to_arch(einsum_names=case["einsums"], print_progress=False)
    answer = {
        "version": version("accelforge"),
        "seconds_of_search": time.perf_counter() - ready,
        "energy_pj": float(found.energy()) * 1e12,
        "latency_s": float(found.latency()),
        "energy_by_part": {k: float(v) * 1e12 for k, v in found.energy(per_component=True).items()},
        "candidates": int(found.total_mappings),
        "nests": _nests(found.data.iloc[0]["Total<SEP>mapping"](), case),
    }
    print(json.dumps(answer))


def _spec(case: dict[str, Any], accelforge: Any) -> Any:
    if case["own_example"]:
        examples = accelforge.examples
        files = (examples.arches.tpu_v4i, getattr(examples.workloads, "gpt3_6.7B"))
        sizes = {"BATCH_SIZE": 1, "N_TOKENS": case["own_example"]}
        spec = accelforge.Spec.from_yaml(*files, jinja_parse_data=sizes)
        # AccelForge has 8 bit there; the figures that it is known by are for 16.
        spec.workload.bits_per_value["All"] = 8 * case["word_bytes"]
    else:
        with tempfile.TemporaryDirectory() as folder:
            written = Path(folder) / "case.yaml"
            written.write_text(_as_yaml(case))
            spec = accelforge.Spec.from_yaml(written)
    if not case["fuse"]:
        # Fusion is to keep an intermediate out of the outermost memory.
        spec.arch.nodes[0].tensors.keep = "All"
    return spec


def _as_yaml(case: dict[str, Any]) -> str:
    """JSON is YAML but for the tags that tell AccelForge's kinds of node apart."""
    text = "arch:\n  nodes:\n" + "".join(f"  - {_tagged(node)}\n" for node in _arch(case))
    text += f"workload: {json.dumps(_workload(case))}\n"
    if case["nests"]:
        nodes = _mapping(case, case["nests"][0])
        text += "mapping:\n  nodes:\n" + "".join(f"  - {_tagged(node)}\n" for node in nodes)
    return text


def _tagged(node: dict[str, Any]) -> str:
    kind = node.pop("kind")
    return f"!{kind} {json.dumps(node)}"


def _arch(case: dict[str, Any]) -> list[dict[str, Any]]:
    """Actions move one bit; a bandwidth that is not given is infinite."""
    shared = [_memory(memory, case) for memory in case["memories"] if not memory["per_pe"]]
    own = [_memory(memory, case) for memory in case["memories"] if memory["per_pe"]]
    array = case["array"]
    fanout = [{"name": axis, "fanout": array[axis]} for axis in ("rows", "columns")]
    compute = {"energy": array["operation_pj"] * 1e-12, "throughput": case["clock_hz"]}
    return [
        *shared,
        {"kind": "Container", "name": "PE", "spatial": fanout},
        *own,
        {
            "kind": "Compute",
            "name": array["name"],
            "leak_power": 0,
            "area": 0,
            "actions": [{"name": "compute", **compute}],
        },
    ]


def _memory(memory: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    rate = memory["bytes_per_cycle"]
    throughput = "inf" if rate is None else 8 * rate * case["clock_hz"]
    actions = [
        {
            "name": name,
            "energy": memory[f"{name}_pj_per_byte"] / 8 * 1e-12,
            "throughput": throughput,
        }
        for name in ("read", "write")
    ]
    is_outermost = memory is case["memories"][0]
    keep = {"keep": "~Intermediates", "may_keep": "All"} if is_outermost else {"keep": "All"}
    size = memory["room_bytes"]
    return {
        "kind": "Memory",
        "name": memory["name"],
        "size": "inf" if size is None else 8 * size,
        "leak_power": 0,
        "area": 0,
        "actions": actions,
        "tensors": keep,
    }


def _workload(case: dict[str, Any]) -> dict[str, Any]:
    einsums = [
        {
            "name": einsum["name"],
            "tensor_accesses": [
                {"name": tensor, "projection": [rank.lower() for rank in ranks]}
                | ({"output": True} if tensor == einsum["name"] else {})
                for tensor, ranks in einsum["accesses"].items()
            ],
        }
        for einsum in case["workload"]
    ]
    sizes = {r.lower(): f"0 <= {r.lower()} < {size}" for r, size in case["ranks"].items()}
    bits = 8 * case["word_bytes"]
    return {"iteration_space_shape": sizes, "bits_per_value": {"All": bits}, "einsums": einsums}


def _mapping(case: dict[str, Any], nest: dict[str, Any]) -> list[dict[str, Any]]:
    """A loop of AccelForge has the size of its tile, not its number of tiles."""
    ranks = next(e["accesses"] for e in case["workload"] if e["name"] == nest["einsum"])
    nodes: list[dict[str, Any]] = []
    for what in _hoisted(_spread_first(nest["nodes"]), ranks):
        if "memory" in what:
            nodes.append({"kind": "Storage", "component": what["memory"], "tensors": what["keep"]})
            continue
        loop = {"rank_variable": what["rank"].lower(), "tile_shape": what["tile"]}
        kind = {"kind": "Temporal"}
        if what["axis"]:
            kind = {"kind": "Spatial", "component": "PE", "name": what["axis"]}
        nodes.append(kind | loop)
    array = case["array"]["name"]
    return [*nodes, {"kind": "Compute", "einsum": nest["einsum"], "component": array}]


def _spread_first(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Loops over other ranks that run just around those over the array, inside them instead.

    What happens is the same, but only inside them can a register be said to keep its tile.
    """
    first = next((i for i, node in enumerate(nodes) if node.get("axis")), len(nodes))
    spread = [node for node in nodes if node.get("axis")]
    ranks = {node["rank"] for node in spread}
    start = first
    while start and "rank" in nodes[start - 1] and nodes[start - 1]["rank"] not in ranks:
        start -= 1
    last = first + len(spread)
    return [*nodes[:start], *spread, *nodes[start:first], *nodes[last:]]


def _hoisted(nodes: list[dict[str, Any]], ranks: dict[str, list[str]]) -> list[dict[str, Any]]:
    """A tile that rests while loops over other ranks run is, in AccelForge, held outside them."""
    moved: list[dict[str, Any]] = []
    for node in nodes:
        for tensor in node.get("keep", ()):
            moved.insert(_rests_from(moved, tensor, ranks), {**node, "keep": [tensor]})
        if "rank" in node:
            moved.append(node)
    return moved


def _rests_from(outer: list[dict[str, Any]], tensor: str, ranks: dict[str, list[str]]) -> int:
    """The place of the outermost of the last loops, all of which leave the tensor's tile alone."""
    place = len(outer)
    for at in range(len(outer) - 1, -1, -1):
        node = outer[at]
        if tensor in node.get("keep", ()) or node.get("axis") or node.get("rank") in ranks[tensor]:
            break
        if "rank" in node:
            place = at
    return place


def _nests(mapping: Any, case: dict[str, Any]) -> list[dict[str, Any]]:
    """For every Einsum the nodes from the root to its compute, as in the case's own `nests`."""
    if case["own_example"]:
        return []
    used = {einsum["name"]: set(einsum["accesses"]) for einsum in case["workload"]}
    return [
        nest | {"nodes": list(_own(nest["nodes"], used[nest["einsum"]]))}
        for nest in _below(mapping.nodes, [], case["ranks"])
    ]


def _own(nodes: list[dict[str, Any]], tensors: set[str]) -> Iterator[dict[str, Any]]:
    """Without what a node above several Einsums keeps for the others."""
    for node in nodes:
        keep = [tensor for tensor in node.get("keep", ()) if tensor in tensors]
        if keep or "rank" in node:
            yield node | ({"keep": keep} if keep else {})


def _below(
    nodes: Any, above: list[dict[str, Any]], sizes: dict[str, int]
) -> Iterator[dict[str, Any]]:
    for node in nodes:
        kind = type(node).__name__
        if hasattr(node, "nodes"):
            yield from _below(node.nodes, above, sizes)
        elif kind == "Compute":
            yield {"einsum": str(node.einsum), "array": str(node.component), "nodes": above}
        elif kind == "Storage":
            held = {"memory": str(node.component), "keep": sorted(map(str, node.tensors))}
            above = [*above, held]
        elif kind in ("Temporal", "Spatial"):
            rank, tile = str(node.rank_variable).upper(), int(node.tile_shape)
            axis = str(node.name) if kind == "Spatial" else None
            above = [*above, {"rank": rank, "factor": -(-sizes[rank] // tile), "axis": axis}]
            sizes = {**sizes, rank: tile}


if __name__ == "__main__":
    main()

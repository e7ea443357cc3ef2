"""A mapping that a peer found, as one of our mapping YAML files."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

Node = dict[str, Any]
Nest = dict[str, Any]


def as_mapping(nests: Sequence[Nest], workload: str, ranks: dict[str, int]) -> dict[str, Any]:
    """The data of a mapping YAML.

    Einsums that hand a tensor over on chip share their outermost loops: they are phases of one step
    that repeats for every tile of these. All others are steps of their own.
    """
    shared = _shared_loops(nests)
    is_fused = len(nests) > 1 and bool(shared)
    phases = [{"run": {nest["array"]: [nest["einsum"]]}} for nest in nests]
    tile = {loop["rank"]: _left(shared, loop["rank"], ranks[loop["rank"]]) for loop in shared}
    steps = [{"name": n["einsum"], "phases": [p]} for n, p in zip(nests, phases, strict=True)]
    return {
        "about": "Found by another tool.",
        "source": "benchmarks/peers/run.py",
        "workload": workload,
        "machine": "spatial",
        "nests": [_as_nest(nest) for nest in nests],
        "schedule": [{"name": "fused", "tile": tile, "phases": phases}] if is_fused else steps,
    }


def _shared_loops(nests: Sequence[Nest]) -> list[Node]:
    """The outermost loops in time that all have in common, if some tensor is only on chip."""
    outermost = nests[0]["nodes"][0]["memory"]
    everywhere = {t for nest in nests for node in nest["nodes"] for t in node.get("keep", ())}
    stored = {
        t
        for nest in nests
        for node in nest["nodes"]
        for t in node.get("keep", ())
        if node["memory"] == outermost
    }
    if stored == everywhere:
        return []
    loops = [[n for n in nest["nodes"] if "rank" in n and not n["axis"]] for nest in nests]
    alike = takewhile(lambda at: all(each == at[0] for each in at), zip(*loops, strict=False))
    return [at[0] for at in alike]


def _left(loops: Sequence[Node], rank: str, size: int) -> int:
    for loop in loops:
        size = -(-size // loop["factor"]) if loop["rank"] == rank else size
    return size


def _as_nest(nest: Nest) -> dict[str, Any]:
    levels: list[dict[str, Any]] = []
    for node in nest["nodes"]:
        if "memory" in node:
            _keep(levels, node)
        elif node["axis"]:
            _spread(levels, node, nest["array"])
        else:
            _loop(levels, node)
    return {"einsums": [nest["einsum"]], "array": nest["array"], "levels": levels}


def _keep(levels: list[dict[str, Any]], node: Node) -> None:
    last = levels[-1] if levels else {}
    if last.get("memory") == node["memory"] and not last["loops"]:
        last["keep"] = sorted({*last["keep"], *node["keep"]})
    else:
        levels.append({"memory": node["memory"], "keep": list(node["keep"]), "loops": {}})


def _spread(levels: list[dict[str, Any]], node: Node, array: str) -> None:
    if "array" not in levels[-1]:
        levels.append({"array": array, "spatial": {}})
    levels[-1]["spatial"].setdefault(node["axis"], {})[node["rank"]] = node["factor"]


def _loop(levels: list[dict[str, Any]], node: Node) -> None:
    """A rank that is cut again needs a level of its own: one level has each rank once."""
    last = levels[-1]
    if "array" in last or node["rank"] in last["loops"]:
        memories = [level["memory"] for level in levels if "memory" in level]
        levels.append({"memory": memories[-1], "keep": [], "loops": {}})
    levels[-1]["loops"][node["rank"]] = node["factor"]
